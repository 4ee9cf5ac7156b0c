"""When a journal is written, synced, begun anew and removed; a thread only calls what is tested here."""

import errno
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.draft_bench import Bench, FailingAfterwards, journals, replay
from writer.document.document import Document
from writer.document.drafts import draft_journal
from writer.document.drafts.journal_notice import JournalStatus
from writer.document.drafts.recovery import list_drafts, recover
from writer.document.drafts.unwritten import WRITE_AFTER_CHARS, WRITE_AFTER_S
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author

TEXTS = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(["\ud83d\ude00", "\ud83d", "\r\n", "\x00"])


def test_nothing_is_on_the_disk_before_the_first_change(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "recovery", text="Once")
    bench.wait(100)
    assert bench.journal.sync()
    assert bench.journal.close(keep=True)
    assert not (tmp_path / "recovery").exists()


def test_a_change_is_written_so_long_after_it_and_no_sooner(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(0.39)
    assert journals(tmp_path) == []
    bench.wait(0.01)
    bench.assert_recovered_is_document()
    bench.type(" upon")
    bench.wait(0.39)
    assert bench.recovered().text == "Once"
    bench.wait(0.01)
    bench.assert_recovered_is_document()


def test_d44_typing_that_never_pauses_is_written_all_the_same(tmp_path: Path) -> None:
    """A change each millisecond for six seconds: at any moment the file has all that is older than a second."""
    bench = Bench(tmp_path)
    typed_at: list[float] = []
    for n in range(6000):
        bench.type(chr(ord("a") + n % 26))
        typed_at.append(bench.clock)
        bench.clock += 0.001
        bench.journal.run_due()
        if n > 1000 and n % 97 == 0:
            text = bench.recovered().text
            assert bench.document.text.startswith(text)
            assert len(text) >= sum(at <= bench.clock - 1.0 for at in typed_at)
    assert len(journals(tmp_path)) == 1


def test_d44_text_that_comes_faster_than_a_person_types_is_written_sooner(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("x" * (WRITE_AFTER_CHARS - 1))
    assert bench.journal.due_at() == bench.clock + WRITE_AFTER_S
    bench.type("x")
    bench.wait(0)
    bench.assert_recovered_is_document()
    bench.type("y")
    assert bench.journal.due_at() == bench.clock + WRITE_AFTER_S, "what is written counts no more"


def test_what_a_power_cut_could_take_is_never_older_than_five_seconds(tmp_path: Path) -> None:
    """And the disk is not made to sync more often than that."""
    ops = SyncWatchingOps(tmp_path)
    bench = Bench(tmp_path, ops=ops)
    typed_at: list[float] = []
    for n in range(320):
        bench.type("x")
        typed_at.append(bench.clock)
        bench.wait(0.1)
        if n > 5:
            assert len(ops.synced_text) >= sum(at < bench.clock - 5.001 for at in typed_at)
    assert 5 <= ops.n_syncs <= 7
    bench.wait(5)
    assert ops.synced_text == bench.document.text
    n_syncs = ops.n_syncs
    bench.wait(100)
    assert ops.n_syncs == n_syncs


class SyncWatchingOps(FileOps):
    """`synced_text`: of the draft, as it was when it was last synced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.synced_text, self.n_syncs = "", 0

    def sync_data(self, descriptor: int) -> None:
        super().sync_data(descriptor)
        self.n_syncs += 1
        self._look()

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self._look()

    def _look(self) -> None:
        self.synced_text = recover(list_drafts([self._folder], FileOps())[0], FileOps()).text


def test_keystrokes_that_go_on_make_one_line(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for n in range(40):
        bench.type(str(n % 10))
    bench.wait(0.4)
    assert len(bench.recovered().changes) == 1
    assert bench.recovered().changes[0].inserted == bench.document.text


def test_who_wrote_what_comes_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once")
    bench.type(" upon")
    bench.generate(" a time", "g1")
    bench.generate(" there", "g1")
    bench.generate(" was", "g2")
    bench.document.replace(6, 13, "!")
    bench.wait(0.4)
    bench.document.undo()
    bench.type("?")
    bench.wait(0.4)
    bench.assert_recovered_is_document()
    recovered = bench.recovered()
    assert {record.id for record in recovered.generations} == {"g1", "g2"}
    assert recovered.generations[0] == bench.document.generations["g1"]
    assert {run.author for run in recovered.runs} == {Author.HUMAN, Author.MODEL}


def test_the_changes_lead_from_the_first_text_to_the_last(tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once upon a time")
    bench.document.replace(0, 4, "Twice")
    bench.generate(".", "g1")
    bench.document.undo()
    bench.wait(0.4)
    bench.document.replace(3, 8, "")
    bench.wait(0.4)
    recovered = bench.recovered()
    document = Document(recovered.base_text, recovered.base_runs)
    replay(document, recovered.changes)
    assert document.text == bench.document.text
    assert document.runs() == bench.document.runs()
    assert recovered.base_text == "Once upon a time"
    assert recovered.base_saved


def test_the_caret_comes_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once upon a time")
    bench.type("!", at=4)
    bench.wait(0.4)
    assert bench.recovered().caret == 5
    bench.journal.record_caret(2)
    bench.wait(60)
    assert bench.recovered().caret == 5, "a caret alone is not worth a write"
    assert bench.journal.sync()
    assert bench.recovered().caret == 2
    bench.type("?", at=9)
    bench.wait(0.4)
    assert bench.recovered().caret == 10


@given(seed=st.integers(0, 2**32), texts=st.lists(TEXTS, max_size=25))
def test_any_edits_come_back(tmp_path_factory: pytest.TempPathFactory, seed: int, texts: list[str]) -> None:
    """Typing, cuts, generations, undo, redo, pauses, saves that succeed or do not: the draft is the document."""
    folder = tmp_path_factory.mktemp("recovery")
    chance = random.Random(seed)
    bench = Bench(folder, text=chance.choice(["", "Once upon a time\n" * 3]))
    mark, marked, held = 0, "", bench.document.text
    for text in texts:
        start = chance.randint(0, len(bench.document))
        match chance.randrange(8):
            case 0 | 1:
                bench.document.replace(start, start, text)
            case 2:
                bench.document.replace(start, min(len(bench.document), start + chance.randint(0, 9)), text)
            case 3:
                bench.generate(text, chance.choice("gh"))
            case 4:
                bench.document.undo() if chance.random() < 0.7 else bench.document.redo()
            case 5:
                mark += 1
                bench.journal.mark(mark)
                marked = bench.document.text
            case 6:
                number = chance.choice([mark, mark - 1])
                bench.journal.saved(number, replace(bench.draft, title="Saved"))
                if mark and number == mark:
                    held = marked
            case 7:
                bench.wait(chance.choice([0.1, 0.5, 6]))
    assert bench.journal.close(keep=True)
    if bench.drafts():
        bench.assert_recovered_is_document()
        assert not bench.drafts()[0].in_use
    else:
        assert bench.document.text == held, "only what the manuscript holds needs no draft"


# -- growth ------------------------------------------------------------------------------------------------------------


def test_a_journal_that_outgrows_its_text_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_journal, "CHECKPOINT_BYTES", 4096)
    bench = Bench(tmp_path, text="Once")
    largest = 0
    for n in range(400):
        bench.document.replace(0, 1, "ab"[n % 2])
        bench.wait(0.4)
        largest = max(largest, journals(tmp_path)[0].stat().st_size)
    assert 3800 < largest < 4400
    bench.assert_recovered_is_document()
    assert not bench.recovered().base_saved


def test_a_checkpoint_that_does_not_fit_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_journal, "CHECKPOINT_BYTES", 4096)
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops, text="Once")
    bench.type("!")
    bench.wait(0.4)
    ops.refused = {"create": errno.ENOSPC}
    for n in range(200):
        bench.document.replace(0, 1, "ab"[n % 2])
        bench.wait(0.4)
    assert journals(tmp_path)[0].stat().st_size > 9000
    assert ops.n_refused <= 3
    assert bench.notices == []
    bench.assert_recovered_is_document()


def test_a_checkpoint_that_may_not_be_on_the_disk_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_journal, "CHECKPOINT_BYTES", 100)
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops, text="Once")
    bench.type("!")
    bench.wait(0.4)
    ops.refused = {"sync_folder": errno.EIO}
    bench.type("?")
    bench.wait(0.4)
    assert bench.statuses == [JournalStatus.NOT_KEPT]
    ops.refused = {}
    bench.wait(2)
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]
    bench.assert_recovered_is_document()
