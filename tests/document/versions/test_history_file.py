"""Undo across sessions: what comes back takes a text to its beginning and to its end again, or is not taken at all."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.change import Change
from writer.document.document import Document
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.history import Step
from writer.document.provenance import Author, Run
from writer.document.versions import history_file
from writer.document.versions.history_file import KeptHistory, NewerHistoryError, load_history, save_history
from writer.errors import WriterError

RECORDS = tuple(GenerationRecord(f"g{n}", "tiny", seed=n) for n in range(3))


def save(path: Path, document: Document, ops: FileOps | None = None) -> None:
    history = document.history
    save_history(
        path, document.text, history.undo_steps, history.redo_steps, document.generations.values(), ops or FileOps()
    )


def reopen(path: Path, document: Document) -> Document:
    """The document of the next session."""
    kept = load_history(path, document.text, FileOps())
    assert kept is not None
    found = Document(document.text, document.runs(), kept.generations)
    found.restore_history(kept.undo, kept.redo)
    return found


State = tuple[str, list[Run]]


def state(document: Document) -> State:
    return document.text, document.runs()


def way_back(document: Document) -> list[tuple[str, State, Any]]:
    """Label, state and selection after each undo, up to the first."""
    found = []
    while document.can_undo:
        label = document.undo_label
        document.undo()
        found.append((label, state(document), document.selection))
    return found


def way_forth(document: Document) -> list[tuple[str, State, Any]]:
    found = []
    while document.can_redo:
        label = document.redo_label
        document.redo()
        found.append((label, state(document), document.selection))
    return found


@dataclass(frozen=True)
class Edit:
    """One thing that happens to a document."""

    kind: str
    where: float
    length: int
    text: str
    generation: int

    def apply(self, document: Document) -> None:
        start = int(self.where * len(document))
        end = min(len(document), start + self.length)
        document.selection = (start, end)
        match self.kind:
            case "replace":
                document.replace(start, end, self.text)
            case "generate":
                document.replace(start, start, self.text, Author.MODEL, f"g{self.generation}")
            case "group":
                if not document.in_group:
                    document.begin_group("Continue", Author.MODEL)
            case "end":
                if document.in_group:
                    document.end_group()
            case "undo":
                document.undo()
            case "redo":
                document.redo()


EDITS = st.builds(
    Edit,
    st.sampled_from(["replace", "replace", "generate", "generate", "group", "end", "undo", "undo", "redo"]),
    st.floats(0, 1),
    st.integers(0, 6),
    st.text(st.sampled_from("ab \n😀\u00a0\ud800\udc00"), max_size=20),
    st.integers(0, 2),
)


@given(st.lists(EDITS, max_size=40), st.text(st.sampled_from("xy z"), max_size=30))
def test_undo_and_redo_of_an_earlier_session_lead_to_the_same_texts(
    tmp_path: Path, edits: list[Edit], start: str
) -> None:
    document = Document(start, generations=RECORDS)
    for edit in edits:
        edit.apply(document)
    path = tmp_path / "h" / "story"
    save(path, document)
    reopened = reopen(path, document)
    assert not reopened.modified
    assert state(reopened) == state(document)
    forth = way_forth(reopened)
    assert forth == way_forth(document)
    assert reopened.modified == bool(forth)
    assert way_back(reopened) == way_back(document)
    assert state(reopened) == (start, Document(start).runs())
    assert way_forth(reopened) == way_forth(document)


def test_the_next_session_goes_on_where_the_last_ended(tmp_path: Path) -> None:
    document = Document("Once")
    document.replace(4, 4, " upon")
    save(tmp_path / "h", document)
    document = reopen(tmp_path / "h", document)
    document.replace(9, 9, " a time")
    assert document.modified
    save(tmp_path / "h", document)
    document = reopen(tmp_path / "h", document)
    document.undo()
    document.undo()
    assert document.text == "Once"
    save(tmp_path / "h", document)
    document = reopen(tmp_path / "h", document)
    document.redo()
    document.redo()
    assert document.text == "Once upon a time"


def test_records_of_generations_come_back_with_the_texts_that_undo_can_bring(tmp_path: Path) -> None:
    document = Document("a", generations=RECORDS)
    document.replace(1, 1, "b", Author.MODEL, "g1")
    document.replace(1, 2, "")
    save(tmp_path / "h", document)
    kept = load_history(tmp_path / "h", "a", FileOps())
    assert kept is not None
    assert kept.generations == (RECORDS[1],)


def test_d53_a_group_that_goes_on_while_it_is_saved_does_not_change_what_is_saved(tmp_path: Path) -> None:
    document = Document("a")
    document.begin_group("Continue", Author.MODEL)
    document.replace(1, 1, "b", Author.MODEL, "g1")
    text, undo, redo = document.text, document.history.undo_steps, document.history.redo_steps
    document.replace(2, 2, "c", Author.MODEL, "g1")
    document.replace(0, 0, "human")
    save_history(tmp_path / "h", text, undo, redo, RECORDS, FileOps())
    kept = load_history(tmp_path / "h", text, FileOps())
    assert kept is not None
    assert [change.inserted for step in kept.undo for change in step.changes] == ["b"]


def test_nothing_is_taken_for_another_text(tmp_path: Path) -> None:
    document = Document("a")
    document.replace(1, 1, "b")
    save(tmp_path / "h", document)
    for text in ("a", "ab ", "AB", ""):
        assert load_history(tmp_path / "h", text, FileOps()) is None
    assert load_history(tmp_path / "missing", "ab", FileOps()) is None
    assert load_history(tmp_path, "ab", FileOps()) is None
    assert load_history(tmp_path / "h", "ab", FileOps()) is not None


def test_a_file_cut_anywhere_or_with_any_byte_changed_is_not_taken(tmp_path: Path) -> None:
    document = Document("a")
    document.replace(1, 1, "bcd")
    path = tmp_path / "h"
    save(path, document)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        assert load_history(path, document.text, FileOps()) is None
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert load_history(path, document.text, FileOps()) is None


Values = dict[str, Any]


def set_first_change(name: str, value: object) -> Callable[[Values], None]:
    return lambda values: values["undo"][0]["changes"][0].__setitem__(name, value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values.clear(),
        lambda values: values.update(format=2),
        lambda values: values.update(text="0" * 64),
        lambda values: values.update(undo={}),
        lambda values: values.update(redo=None),
        lambda values: values.update(undo=[1]),
        lambda values: values.update(generations=[{"id": 1}]),
        lambda values: values["undo"].pop(),
        lambda values: values["undo"].append(values["undo"][-1]),
        lambda values: values["undo"][0].pop("label"),
        lambda values: values["undo"][0].update(before=values["undo"][-1]["after"]),
        lambda values: values["undo"][1].update(before=77),
        lambda values: values["undo"][0].update(selection=[-1, 0]),
        lambda values: values["undo"][0].update(selection=[1]),
        lambda values: values["redo"][0].update(after=values["undo"][0]["after"]),
        lambda values: values["redo"][0]["changes"][0].update(start=10_000),
        lambda values: values["redo"][0]["changes"][0].update(removed="?", removed_runs=[[1, "human"]]),
        set_first_change("start", -1),
        set_first_change("start", 1.0),
        set_first_change("start", 7),
        set_first_change("inserted", "?"),
        set_first_change("inserted", None),
        set_first_change("author", "nobody"),
        set_first_change("generation", 5),
        set_first_change("inserted_runs", []),
        set_first_change("inserted_runs", [[1, "human"], [-1, "human"], [1, "human"]]),
        set_first_change("inserted_runs", [[1, "human", None, None]]),
        set_first_change("removed_runs", [[1, "human"]]),
    ],
)
def test_a_whole_file_that_does_not_fit_in_every_step_is_not_taken(
    tmp_path: Path, damage: Callable[[Values], object]
) -> None:
    document = Document("abc", generations=RECORDS)
    for text in "xyzw":
        document.replace(1, 1, text)
        document.close_typing_group()
    document.undo()
    path = tmp_path / "h"
    save(path, document)
    values = json.loads(zlib.decompress(path.read_bytes()))
    path.write_bytes(zlib.compress(json.dumps(values).encode()))
    assert load_history(path, document.text, FileOps()) is not None
    damage(values)
    path.write_bytes(zlib.compress(json.dumps(values).encode()))
    assert load_history(path, document.text, FileOps()) is None


@pytest.mark.parametrize("data", [b"[" * 100_000, b"[]", b"\xff", b"1e999", b"NaN"])
def test_what_is_no_history_at_all_is_not_taken(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "h"
    path.write_bytes(zlib.compress(data))
    assert load_history(path, "", FileOps()) is None


def test_the_steps_nearest_to_the_text_are_kept_when_all_would_be_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_file, "_MAX_CHARACTERS", 15_000)
    document = Document()
    for n in range(50):
        document.replace(0, 0, f"{n:02}" + "x" * 1_000)
        document.close_typing_group()
    for _ in range(3):
        document.undo()
    save(tmp_path / "h", document)
    kept = load_history(tmp_path / "h", document.text, FileOps())
    assert kept is not None
    assert [step.changes[0].inserted[:2] for step in kept.undo] == [f"{n:02}" for n in range(39, 47)]
    assert kept.redo == ()
    reopened = reopen(tmp_path / "h", document)
    assert len(way_back(reopened)) == 8
    assert reopened.text == document.text[8 * 1_002 :]


def test_redo_has_what_undo_leaves_of_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_file, "_MAX_CHARACTERS", 15_000)
    document = Document()
    for n in range(12):
        document.replace(0, 0, f"{n:02}" + "x" * 1_000)
        document.close_typing_group()
    for _ in range(9):
        document.undo()
    save(tmp_path / "h", document)
    kept = load_history(tmp_path / "h", document.text, FileOps())
    assert kept is not None
    assert len(kept.undo) == 3
    assert [step.changes[0].inserted[:2] for step in kept.redo] == [f"{n:02}" for n in range(7, 2, -1)]


def test_a_document_without_steps_has_an_empty_history(tmp_path: Path) -> None:
    document = Document("a")
    save(tmp_path / "h", document)
    assert load_history(tmp_path / "h", "a", FileOps()) == KeptHistory((), (), ())


class Full(FileOps):
    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    document = Document("a")
    document.replace(1, 1, "b")
    save(tmp_path / "h", document)
    with pytest.raises(WriterError, match="No space left on device"):
        save(tmp_path / "h", document, Full())
    assert [path.name for path in tmp_path.iterdir()] == ["h"]
    assert reopen(tmp_path / "h", document).can_undo


def test_the_file_is_the_users_own(tmp_path: Path) -> None:
    document = Document("a")
    path = tmp_path / "histories" / "h"
    save(path, document)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_history_that_would_begin_in_the_future_of_another_is_not_taken(tmp_path: Path) -> None:
    step = Step("Typing", [Change(0, "", "a", Author.HUMAN, None, (), (Run(1, Author.HUMAN),))], 0, 1)
    save_history(tmp_path / "h", "a", [step], [replace(step, before=2, after=3)], (), FileOps())
    assert load_history(tmp_path / "h", "a", FileOps()) is None


def test_p03_what_a_newer_writer_kept_for_undo_is_refused_and_stays(tmp_path: Path) -> None:
    path, document = tmp_path / "h", Document("a")
    document.replace(1, 1, "b", Author.HUMAN)
    newer = zlib.compress(b'{"format":2,"steps":[{"who":"knows"}]}')
    path.write_bytes(newer)
    with pytest.raises(NewerHistoryError, match="by a newer Writer") as caught:
        load_history(path, document.text, FileOps())
    assert caught.value.hint == "Update Writer."
    save(path, document)
    assert path.read_bytes() == newer


@pytest.mark.parametrize(
    "content", [b"", b"no zlib", zlib.compress(b'{"format":"2"}'), zlib.compress(b'{"format":0}'), zlib.compress(b"[]")]
)
def test_what_is_only_damaged_gives_way(tmp_path: Path, content: bytes) -> None:
    path, document = tmp_path / "h", Document("a")
    document.replace(1, 1, "b", Author.HUMAN)
    path.write_bytes(content)
    assert load_history(path, document.text, FileOps()) is None
    save(path, document)
    assert way_back(reopen(path, document)) == way_back(document)
