import json
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.child import is_killed_in_child
from tests.document.faulty_ops import DeadlyOps, FailingOps
from writer.document.authorship.authorship_record import NewerSidecarError
from writer.document.authorship.sidecar import SidecarResult, read_sidecar, sidecar_path, write_sidecar
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run, merge_runs
from writer.errors import WriterError

OPS = FileOps()
HUMAN, MODEL = Author.HUMAN, Author.MODEL
RECORD = GenerationRecord(
    "g1", "gpt2-medium", "ab" * 32, "int8", {"temperature": 0.8}, 7, "cd" * 32, "2026-05-01T10:00"
)

TEXT = """It was late when the boat came. Nobody had asked for it, and nobody went down to the landing to look.

The keeper lit the lamp. He was slow about it, as he was about all things that he had done ten thousand times. \
The rain began.

Then somebody knocked.
"""
GENERATED = ["Nobody had asked for it, and nobody went down to the landing to look.", "He was slow about it, as he was"]


def runs_of(text: str, *generated: str) -> list[Run]:
    runs, at = [], 0
    for number, part in enumerate(generated, 1):
        start = text.index(part, at)
        runs += [Run(start - at, HUMAN), Run(len(part), MODEL, f"g{number}")]
        at = start + len(part)
    return merge_runs([*runs, Run(len(text) - at, HUMAN)])


def marked(text: str, result: SidecarResult) -> list[tuple[str, str | None]]:
    """What counts as the model's, with its generation."""
    assert result.runs is not None
    assert sum(run.length for run in result.runs) == len(text)
    parts, at = [], 0
    for run in result.runs:
        if run.author is MODEL:
            parts.append((text[at : at + run.length], run.generation))
        at += run.length
    return parts


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A manuscript with two passages by the model, and its sidecar."""
    path = tmp_path / "story.txt"
    path.write_text(TEXT, encoding="utf-8")
    write_sidecar(path, TEXT, runs_of(TEXT, *GENERATED), [RECORD], OPS)
    return path


def sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".writer.json")


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit a sidecar as another program might."""
    values = json.loads(sidecar(path).read_bytes())
    edit(values)
    sidecar(path).write_text(json.dumps(values), encoding="utf-8")


# -- round trip --------------------------------------------------------------------------------------------------

RUNS = st.lists(
    st.tuples(st.text(max_size=20), st.sampled_from([(HUMAN, None), (MODEL, None), (MODEL, "g1"), (MODEL, "é\n")])),
    max_size=12,
)


@given(parts=RUNS)
def test_text_and_runs_come_back(parts: list[tuple[str, tuple[Author, str | None]]], tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    sidecar(path).unlink(missing_ok=True)
    text = "".join(part for part, _ in parts)
    runs = [Run(len(part), *source) for part, source in parts]
    write_sidecar(path, text, runs, [RECORD], OPS)
    result = read_sidecar(path, text, OPS)
    if any(run.author is MODEL and run.length for run in runs):
        assert result == SidecarResult(merge_runs(runs), (RECORD,))
    else:
        assert result == SidecarResult()
        assert not sidecar(path).exists()


def test_half_characters_and_all_planes_come_back(tmp_path: Path) -> None:
    text = "\ud800 half, \U0010ffff last, \0 none, \u2028 line, \ufeff mark, \udfff"
    runs = [Run(3, MODEL, "\udc80"), Run(len(text) - 3, MODEL, "g2")]
    write_sidecar(tmp_path / "story.txt", text, runs, [], OPS)
    assert read_sidecar(tmp_path / "story.txt", text, OPS).runs == runs
    sidecar(tmp_path / "story.txt").read_text(encoding="utf-8")


def test_nothing_stands_beside_a_text_by_the_human_alone(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    write_sidecar(path, TEXT, [Run(len(TEXT), HUMAN)], [], OPS)
    write_sidecar(path, "", [], [], OPS)
    assert list(tmp_path.iterdir()) == []
    assert read_sidecar(path, TEXT, OPS) == SidecarResult(None, (), "", False)


def test_once_there_it_follows_the_text_also_when_the_models_part_is_gone(story: Path) -> None:
    write_sidecar(story, "Mine.", [Run(5, HUMAN)], [], OPS)
    assert read_sidecar(story, "Mine.", OPS) == SidecarResult([Run(5, HUMAN)])


def test_runs_that_do_not_cover_the_text_are_a_fault_of_the_caller(story: Path) -> None:
    before = sidecar(story).read_bytes()
    for runs in ([Run(3, MODEL)], [Run(len(TEXT) + 1, MODEL)], []):
        with pytest.raises(ValueError, match="characters"):
            write_sidecar(story, TEXT, runs, [], OPS)
    assert sidecar(story).read_bytes() == before


def test_the_file_is_as_documented(story: Path) -> None:
    values = json.loads(sidecar(story).read_text(encoding="utf-8"))
    assert list(values) == ["format", "version", "text", "spans", "generations"]
    assert (values["format"], values["version"]) == ("writer-authorship", 1)
    assert values["text"]["length"] == len(TEXT)
    assert len(values["text"]["sha256"]) == 64
    first = values["spans"][0]
    assert list(first) == ["start", "length", "generation", "sha256", "text", "before", "after"]
    assert (first["text"], first["generation"]) == (GENERATED[0], "g1")
    assert TEXT[first["start"] :].startswith(first["text"] + first["after"])
    assert first["before"] == TEXT[: first["start"]]
    assert GenerationRecord.from_json(values["generations"][0]) == RECORD


def test_a_file_that_says_the_same_already_is_not_written(story: Path) -> None:
    os.utime(story.with_name("story.txt.writer.json"), ns=(1, 1))
    write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [RECORD], OPS)
    assert sidecar(story).stat().st_mtime_ns == 1


def test_whoever_may_read_the_manuscript_may_read_it_and_nobody_else(story: Path) -> None:
    story.chmod(0o600)
    write_sidecar(story, TEXT, runs_of(TEXT, GENERATED[0]), [], OPS)
    assert stat.S_IMODE(sidecar(story).stat().st_mode) == 0o600
    story.chmod(0o444)
    write_sidecar(story, TEXT, runs_of(TEXT, GENERATED[1]), [], OPS)
    assert stat.S_IMODE(sidecar(story).stat().st_mode) == 0o644


def test_d33_a_link_and_the_file_itself_have_one_sidecar(story: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.txt"
    link.symlink_to(story)
    assert sidecar_path(link, OPS) == sidecar_path(story, OPS)
    assert marked(TEXT, read_sidecar(link, TEXT, OPS)) == list(zip(GENERATED, ("g1", "g2"), strict=True))


def test_d22_a_name_of_255_bytes_has_one_too(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_sidecar(path, "text", [Run(4, MODEL, "g1")], [], OPS)
    assert read_sidecar(path, "text", OPS).runs == [Run(4, MODEL, "g1")]


# -- edited elsewhere --------------------------------------------------------------------------------------------

BOTH = [(GENERATED[0], "g1"), (GENERATED[1], "g2")]


@pytest.mark.parametrize(
    "edited",
    [
        "A paragraph before.\n\n" + TEXT,
        TEXT + "\nA paragraph after.\n",
        TEXT.replace("The keeper lit the lamp.", "A paragraph between.\n\nThe keeper lit the lamp."),
        TEXT.replace("The rain began.", ""),
        "\n\n".join(reversed(TEXT.split("\n\n"))),
        TEXT.replace("It was late", "It was very late").replace("somebody", "someone"),
    ],
    ids=["before", "after", "between", "less", "reordered", "words"],
)
def test_edited_elsewhere_the_models_passages_are_found_again(edited: str, story: Path) -> None:
    result = read_sidecar(story, edited, OPS)
    assert sorted(marked(edited, result)) == sorted(BOTH)
    assert (result.generations, result.notice, result.must_stay) == ((RECORD,), "", False)


def test_what_is_not_found_counts_as_the_humans_and_one_sentence_tells(story: Path) -> None:
    edited = TEXT.replace(GENERATED[0], "Somebody had asked for it, but he did not say so.")
    result = read_sidecar(story, edited, OPS)
    assert marked(edited, result) == BOTH[1:]
    assert result.notice == (
        "story.txt was edited elsewhere: 1 of the 2 passages by the model could not be found again in full, and what "
        "is missing counts as yours."
    )
    typed_anew = "It was late. A boat came."
    assert read_sidecar(story, typed_anew, OPS).runs == [Run(len(typed_anew), HUMAN)]
    assert read_sidecar(story, "", OPS).runs == []
    inside = TEXT.replace("went down to the landing", "went down a long way to the landing")
    parts = marked(inside, read_sidecar(story, inside, OPS))
    assert [text for text, generation in parts if generation == "g1"] == [
        "Nobody had asked for it, and nobody went down ",
        "to the landing to look.",
    ]


def test_of_a_phrase_that_the_human_wrote_too_the_models_stays_marked(tmp_path: Path) -> None:
    line = "He said that he would come. "
    text = f"{line}So they waited. {line}And he came not. {line}In the end they left."
    runs = [Run(len(f"{line}So they waited. "), HUMAN), Run(len(line), MODEL, "g1")]
    runs.append(Run(len(text) - sum(run.length for run in runs), HUMAN))
    path = tmp_path / "story.txt"
    write_sidecar(path, text, runs, [], OPS)
    for edited in (f"Chapter one\n\n{text}", text.replace("In the end", "At last"), f"{text} {line}"):
        (start,) = [at for at in range(len(edited)) if edited[at:].startswith(f"{line}And")]
        result = read_sidecar(path, edited, OPS)
        assert result.runs == [
            Run(start, HUMAN),
            Run(len(line), MODEL, "g1"),
            Run(len(edited) - start - len(line), HUMAN),
        ]


def test_a_text_of_the_same_length_is_not_taken_for_the_same_text(tmp_path: Path) -> None:
    text = "aaa bbb ccc"
    path = tmp_path / "story.txt"
    write_sidecar(path, text, [Run(4, HUMAN), Run(3, MODEL), Run(4, HUMAN)], [], OPS)
    assert read_sidecar(path, "ccc bbb aaa", OPS).runs == [Run(11, HUMAN)]


# -- damaged and hostile -----------------------------------------------------------------------------------------

DAMAGED = [
    b"",
    b"{",
    b"null",
    b"\x00" * 4096,
    b"\xff\xfe{}",
    b"[" * 100_000,
    b'{"spans":' * 100_000,
    b'{"format": "writer-authorship", "version": 1, "version": 1}',
    b'{"format": "something else", "version": 1, "text": {}, "spans": [], "generations": []}',
    b'{"format": "writer-authorship", "version": 0, "text": {}, "spans": [], "generations": []}',
    b'{"format": "writer-authorship", "version": true, "text": {}, "spans": [], "generations": []}',
    b'{"format": "writer-authorship", "version": NaN}',
    b'{"format": "writer-authorship", "version": 1e999}',
    b'{"format": "writer-authorship", "version": 1}',
    b'{"format": "writer-authorship", "version": 1, "text": {"length": "4"}, "spans": [], "generations": []}',
    b'{"format": "writer-authorship", "version": 1, "text": [], "spans": [], "generations": []}',
    b'{"format": "writer-authorship", "version": 1, "text": {"length": 1, "sha256": ""}, "spans": {}}',
]


@pytest.mark.parametrize("data", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_told_of_and_set_aside_by_the_next_save_only(data: bytes, story: Path) -> None:
    sidecar(story).write_bytes(data)
    result = read_sidecar(story, TEXT, OPS)
    assert (result.runs, result.must_stay) == (None, False)
    assert "damaged" in result.notice
    assert sidecar(story).read_bytes() == data
    write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [RECORD], OPS)
    assert read_sidecar(story, TEXT, OPS).runs == runs_of(TEXT, *GENERATED)
    assert sidecar(story).with_name("story.txt.writer.json.damaged").read_bytes() == data


def test_a_damaged_file_is_never_lost_to_another(story: Path) -> None:
    for data in (b"one", b"two", b"three"):
        sidecar(story).write_bytes(data)
        write_sidecar(story, TEXT, [Run(len(TEXT), HUMAN)], [], OPS)
    kept = sorted(path for path in story.parent.iterdir() if ".damaged" in path.name)
    assert [path.read_bytes() for path in kept] == [b"one", b"two", b"three"]


def _set(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda record: record["spans"][0].update(values)


SPOILT: dict[str, Callable[[dict[str, Any]], object]] = {
    "out of range": _set(start=10**6),
    "before the text": _set(start=-1),
    "beyond all numbers": _set(start=10**30),
    "a number that is none": _set(start=True),
    "a fraction": _set(start=32.0),
    "a hundred million characters": _set(length=10**8),
    "no characters": _set(length=0, text="", sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    "other text": _set(text="x" * len(GENERATED[0])),
    "text of another type": _set(text=["a"]),
    "no text": lambda record: record["spans"][0].pop("text"),
    "another hash": _set(sha256="00"),
    "a generation that is none": _set(generation=5),
    "more before than there is": _set(before="x" * 1_000),
    "surroundings of another type": _set(after={}),
    "no span": lambda record: record["spans"].__setitem__(0, None),
    "no object": lambda record: record["spans"].__setitem__(0, [[[]]]),
    "out of order": lambda record: record["spans"].reverse(),
    "twice": lambda record: record["spans"].insert(0, record["spans"].pop()),
}


@pytest.mark.parametrize("name", SPOILT)
def test_one_senseless_span_costs_no_other(name: str, story: Path) -> None:
    change(story, SPOILT[name])
    result = read_sidecar(story, TEXT, OPS)
    assert marked(TEXT, result) == BOTH[1:]
    assert "damaged" in result.notice
    spoilt = sidecar(story).read_bytes()
    write_sidecar(story, TEXT, result.runs or [], result.generations, OPS)
    assert sidecar(story).with_name("story.txt.writer.json.damaged").read_bytes() == spoilt
    assert read_sidecar(story, TEXT, OPS) == SidecarResult(result.runs, (RECORD,))


def test_of_spans_that_overlap_the_first_holds(story: Path) -> None:
    change(story, lambda record: record["spans"].insert(1, record["spans"][0] | {"generation": "g9"}))
    result = read_sidecar(story, TEXT, OPS)
    assert marked(TEXT, result) == BOTH
    assert "damaged" in result.notice


@pytest.mark.parametrize("generation", [None, 5, {}, {"id": 5}, {"id": "g", "settings": []}, {"id": "g", "seed": "x"}])
def test_a_senseless_generation_costs_no_other(generation: object, story: Path) -> None:
    change(story, lambda record: record["generations"].append(generation))
    result = read_sidecar(story, TEXT, OPS)
    assert (marked(TEXT, result), result.generations) == (BOTH, (RECORD,))
    assert "damaged" in result.notice


def test_claims_about_the_text_are_not_believed(story: Path) -> None:
    change(story, lambda record: record["text"].update(length=10**8))
    assert marked(TEXT, read_sidecar(story, TEXT, OPS)) == BOTH
    # The hash is right, the spans lie elsewhere: only what stands there counts.
    write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [RECORD], OPS)
    change(story, lambda record: record["spans"][1].update(start=record["spans"][1]["start"] - 3))
    assert marked(TEXT, read_sidecar(story, TEXT, OPS)) == BOTH


@given(
    change=st.lists(st.tuples(st.integers(0, 10**4), st.binary(max_size=3)), min_size=1, max_size=3),
    cut=st.integers(0, 10**4),
)
def test_bytes_changed_anywhere_never_mark_other_text(
    change: list[tuple[int, bytes]], cut: int, tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    sidecar(path).unlink(missing_ok=True)
    write_sidecar(path, TEXT, runs_of(TEXT, *GENERATED), [RECORD], OPS)
    data = bytearray(sidecar(path).read_bytes())
    for at, put in change:
        data[at % len(data) : at % len(data) + len(put)] = put
    sidecar(path).write_bytes(data[: max(cut, 1)] if cut < len(data) else data)
    result = read_sidecar(path, TEXT, OPS)
    if result.runs is None:
        assert result.notice
    else:
        assert all(any(part in whole for whole in GENERATED) for part, _ in marked(TEXT, result))


class Huge(FileOps):
    def stat(self, path: Path) -> os.stat_result:
        real = super().stat(path)
        return os.stat_result([*real[:6], 10**9, *real[7:]]) if path.name.endswith(".json") else real

    def read(self, path: Path) -> bytes:
        raise AssertionError("a file of that size must not be read")


def test_a_file_too_large_is_not_read(story: Path) -> None:
    assert "damaged" in read_sidecar(story, TEXT, Huge()).notice
    write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [], Huge())
    assert sidecar(story).with_name("story.txt.writer.json.damaged").exists()


# -- versions, other programs ------------------------------------------------------------------------------------


def test_d48_a_record_of_a_newer_version_is_kept(story: Path) -> None:
    change(story, lambda record: record.update(version=2, spans="of another kind"))
    before = sidecar(story).read_bytes()
    result = read_sidecar(story, TEXT, OPS)
    assert (result.runs, result.must_stay) == (None, True)
    assert "newer Writer" in result.notice
    with pytest.raises(NewerSidecarError, match="newer Writer"):
        write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [], OPS)
    assert sidecar(story).read_bytes() == before


def test_keys_of_others_are_kept(story: Path) -> None:
    others = {"notes": {"deep": [1, 2.5, "é"]}, "zz": None}
    change(story, lambda record: record.update(others))
    edited = "New. " + TEXT
    write_sidecar(story, edited, runs_of(edited, GENERATED[1]), [], OPS)
    values = json.loads(sidecar(story).read_bytes())
    assert {name: values[name] for name in others} == others
    assert [span["text"] for span in values["spans"]] == [GENERATED[1]]


# -- the disk ----------------------------------------------------------------------------------------------------


def reset(story: Path, old: bytes | None) -> None:
    for path in story.parent.iterdir():
        if path != story:
            path.unlink()
    if old is not None:
        sidecar(story).write_bytes(old)


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("state", ["missing", "valid", "damaged"])
def test_d11_d14_any_failing_call_leaves_the_old_record_or_the_new(state: str, for_ever: bool, story: Path) -> None:
    old = {"missing": None, "valid": sidecar(story).read_bytes(), "damaged": b"damaged"}[state]
    new = runs_of(TEXT, GENERATED[1])
    aside = story.with_name("story.txt.writer.json.damaged")
    n = 0
    while True:
        reset(story, old)
        ops, failure = FailingOps(n, for_ever=for_ever), None
        try:
            write_sidecar(story, TEXT, new, [], ops)
        except WriterError as error:
            failure = error
        if failure is None:
            assert read_sidecar(story, TEXT, OPS).runs == new
            if len(ops.calls) <= n:
                break
        else:
            assert "story.txt.writer.json" in failure.message
            if not for_ever:  # else the disk does not let go of the staged file either
                assert {path.name for path in story.parent.iterdir()} <= {story.name, sidecar(story).name, aside.name}
            now = sidecar(story).read_bytes() if sidecar(story).exists() else None
            if state == "damaged":
                assert old in (now, aside.read_bytes() if aside.exists() else None)
            elif now != old:
                assert read_sidecar(story, TEXT, OPS).runs == new
        n += 1
    assert n > 6


@pytest.mark.parametrize("state", ["missing", "valid"])
def test_d01_d08_a_kill_at_any_call_leaves_the_old_record_or_the_new(state: str, story: Path) -> None:
    old = sidecar(story).read_bytes() if state == "valid" else None
    new = runs_of(TEXT, GENERATED[1])
    outcomes = set()
    for n in range(100):
        reset(story, old)
        if not is_killed_in_child(lambda n=n: write_sidecar(story, TEXT, new, [], DeadlyOps(n))):
            break
        now = sidecar(story).read_bytes() if sidecar(story).exists() else None
        outcomes.add(now == old)
        if now != old:
            assert read_sidecar(story, TEXT, OPS) == SidecarResult(new)
    assert outcomes == {True, False}
    assert read_sidecar(story, TEXT, OPS).runs == new


@given(n=st.integers(0, 20))
def test_any_failing_call_of_reading_is_told(n: int, story: Path) -> None:
    result = read_sidecar(story, TEXT, FailingOps(n))
    assert result == read_sidecar(story, TEXT, OPS) or (result.must_stay and result.notice)


def test_a_record_that_cannot_be_read_now_is_neither_used_nor_written_over(story: Path) -> None:
    class Unreadable(FileOps):
        def read(self, path: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

    before = sidecar(story).read_bytes()
    result = read_sidecar(story, TEXT, Unreadable())
    assert (result.runs, result.must_stay) == (None, True)
    assert "Permission denied" in result.notice
    with pytest.raises(WriterError):
        write_sidecar(story, TEXT, [Run(len(TEXT), HUMAN)], [], Unreadable())
    assert sidecar(story).read_bytes() == before


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_left_alone(kind: str, story: Path) -> None:
    sidecar(story).unlink()
    if kind == "folder":
        sidecar(story).mkdir()
    else:
        os.mkfifo(sidecar(story))
    result = read_sidecar(story, TEXT, OPS)
    assert (result.runs, result.must_stay) == (None, True)
    with pytest.raises(WriterError):
        write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [], OPS)
    assert sorted(path.name for path in story.parent.iterdir()) == ["story.txt", "story.txt.writer.json"]


def test_a_link_in_its_place_is_not_written_through(story: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"not ours")
    sidecar(story).unlink()
    sidecar(story).symlink_to(target)
    write_sidecar(story, TEXT, runs_of(TEXT, *GENERATED), [], OPS)
    assert target.read_bytes() == b"not ours"
    assert not sidecar(story).is_symlink()


def test_a_long_manuscript_with_many_passages_comes_back(tmp_path: Path) -> None:
    rng = random.Random(4)
    path, text, runs = tmp_path / "novel.txt", [], []
    for number in range(2_000):
        part = "".join(rng.choices("abcdefgh ", k=rng.randint(1, 60)))
        text.append(part)
        runs.append(Run(len(part), MODEL if number % 2 else HUMAN, f"g{number}" if number % 2 else None))
    write_sidecar(path, "".join(text), runs, [], OPS)
    assert read_sidecar(path, "".join(text), OPS).runs == runs
    assert read_sidecar(path, "x" + "".join(text), OPS).runs == [Run(runs[0].length + 1, HUMAN), *runs[1:]]
