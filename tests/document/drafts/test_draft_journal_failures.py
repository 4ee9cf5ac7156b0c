"""Disks that are full, gone, or fail now and then: no edit is lost, and the writer is told once."""

import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.document.draft_bench import Bench, FailingAfterwards, journals, left_behind
from tests.document.faulty_ops import CountingOps, files_in
from writer.document.document import Document
from writer.document.drafts.journal_notice import JournalStatus
from writer.document.drafts.recovery import list_drafts, recover
from writer.document.files.file_ops import FileOps


def test_d12_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.wait(0.4)
    ops.refused = {"write": errno.ENOSPC}
    for n in range(200):
        bench.type(f" {n}")
        bench.wait(1)
    assert bench.statuses == [JournalStatus.NOT_KEPT]
    notice = bench.notices[0]
    assert notice.message == f"Unsaved text would be lost in a crash: there is no space left for {tmp_path}."
    assert notice.hint == "Free some space on that disk, and save your text meanwhile."
    assert not bench.journal.sync()
    recovered = bench.recovered()
    assert (recovered.text, recovered.problem) == ("Once", ""), "no torn line stays behind"
    ops.refused = {}
    bench.wait(60)
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]
    bench.assert_recovered_is_document()
    assert bench.journal.sync()
    ops.refused = {"write": errno.ENOSPC}
    bench.type("!")
    bench.wait(1)
    assert bench.statuses[2:] == [JournalStatus.NOT_KEPT], "the next time is told again"


def test_attempts_become_rare_while_a_disk_stays_full(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    ops.refused = {"create": errno.ENOSPC}
    for _ in range(600):
        bench.type("x")
        bench.wait(1)
    assert 10 <= ops.n_refused <= 20
    ops.refused = {"create": errno.EROFS}
    bench.wait(61)
    assert [notice.message.partition(": ")[2] for notice in bench.notices] == [
        f"there is no space left for {tmp_path}.",
        f"Writer may not write in {tmp_path}.",
    ]


def test_room_again_is_used_at_once_when_the_writer_asks(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    ops.refused = {"create": errno.ENOSPC}
    bench.type("x")
    bench.wait(30)
    ops.refused = {}
    assert bench.journal.sync()
    bench.assert_recovered_is_document()


def test_a_save_ends_the_alarm(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    ops.refused = {"create": errno.ENOSPC}
    bench.type("x")
    bench.wait(5)
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]


def test_a_file_that_failed_to_sync_is_not_trusted_again(tmp_path: Path) -> None:
    """After a failed sync the system may have dropped what it held: a second one that succeeds proves nothing."""
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.wait(0.4)
    bench.type(" upon")
    bench.wait(0.4)
    inode = journals(tmp_path)[0].stat().st_ino
    ops.refused = {"sync_data": errno.EIO}
    bench.wait(5)
    assert journals(tmp_path)[0].stat().st_ino != inode
    bench.assert_recovered_is_document()
    assert bench.notices == [], "the new file was synced"
    bench.type(" a time")
    assert bench.journal.sync(), "by a new file again"
    bench.assert_recovered_is_document()


def test_a_line_that_cannot_be_taken_back_makes_a_new_file(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.wait(0.4)
    ops.refused = {"write": errno.EIO, "truncate": errno.EIO}
    bench.type(" upon")
    bench.wait(0.4)
    assert bench.statuses == [JournalStatus.NOT_KEPT]
    assert bench.recovered().text == "Once"
    ops.refused = {}
    bench.wait(60)
    bench.assert_recovered_is_document()


@pytest.mark.parametrize("taken", ["file", "folder", "other file in its place"])
def test_a_journal_that_somebody_takes_away_comes_back(tmp_path: Path, taken: str) -> None:
    folder = tmp_path / "recovery"
    bench = Bench(folder)
    bench.type("Once")
    bench.wait(0.4)
    (journal,) = journals(folder)
    if taken == "folder":
        folder.rename(tmp_path / "gone")
    else:
        journal.unlink()
        if taken != "file":
            journal.write_bytes(b"")
    bench.type(" upon")
    bench.wait(0.4)
    bench.assert_recovered_is_document()
    assert bench.notices == []


def test_a_journal_that_cannot_be_removed_is_only_offered_once_too_often(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.wait(0.4)
    ops.refused = {"remove": errno.EIO}
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert bench.notices == []
    ops.refused = {}
    bench.type(" upon")
    bench.wait(0.4)
    assert [bench.recovered().base_text, bench.recovered().text] == ["Once", "Once upon"]


@given(seed=st.integers(0, 2**32), chance_of_failure=st.sampled_from([0.05, 0.3, 0.9]), n_steps=st.integers(1, 40))
@example(681064037, 0.3, 5)  # a file that can neither be replaced nor opened again is due for its sync
@example(819989561, 0.05, 6)  # a file in the second folder is given up, and cannot be removed
@example(882646405, 0.05, 34)  # the file in the first folder cannot be removed after the second has taken over
def test_whatever_fails_whenever_no_edit_is_lost(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chance_of_failure: float, n_steps: int
) -> None:
    """Any calls may fail at any times; once the disk works again the draft is the document."""
    folder = tmp_path_factory.mktemp("recovery")
    chance = random.Random(seed)
    ops = SometimesFailing(chance, chance_of_failure)
    bench = Bench(folder / "a", folder / "b", ops=ops) if chance.random() < 0.5 else Bench(folder / "a", ops=ops)
    number = 0
    for _ in range(n_steps):
        bench.type(chance.choice("abc"), at=chance.randint(0, len(bench.document)))
        if chance.random() < 0.3:
            number += 1
            bench.journal.mark(number)
            bench.type("!")
        if chance.random() < 0.2:
            bench.journal.saved(number, bench.draft)
        bench.wait(chance.choice([0.1, 0.5, 6, 70]))
    ops.chance_of_failure = 0.0
    bench.type("The end.")
    assert bench.journal.sync()
    bench.assert_recovered_is_document()
    if bench.notices:
        assert bench.statuses[-1] is not JournalStatus.NOT_KEPT


class SometimesFailing(CountingOps):
    """Each call fails with the same chance, a write after some of its bytes."""

    def __init__(self, chance: random.Random, chance_of_failure: float) -> None:
        super().__init__()
        self._chance, self.chance_of_failure = chance, chance_of_failure

    def at(self, n: int, name: str, call: Any, *arguments: Any) -> Any:
        if self._chance.random() < self.chance_of_failure:
            if name == "write":
                call(arguments[0], bytes(arguments[1])[: self._chance.randint(0, len(arguments[1]))])
            if name == "close":
                call(*arguments)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return call(*arguments)


def test_a_change_of_another_text_ends_the_journal_and_is_told(tmp_path: Path) -> None:
    """Only a mistake of the program leads there: what was right so far stays, and nobody believes the rest is kept."""
    bench = Bench(tmp_path, text="Once")
    bench.type(" upon")
    bench.wait(0.4)
    stray = Document("Twice upon")
    changes: list[Any] = []
    stray.subscribe(changes.append)
    stray.replace(0, 5, "Thrice")
    with pytest.raises(IndexError):
        bench.journal.record(changes[0], bench.clock)
    bench.type("!")
    bench.wait(10)
    assert not bench.journal.sync()
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert bench.recovered().text == "Once upon"


def test_the_alarm_ends_also_when_a_save_writes_the_rest(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.wait(1)
    ops.refused = {"write": errno.ENOSPC}
    bench.journal.mark(1)
    bench.type(" upon")
    bench.wait(1)
    ops.refused = {}
    bench.journal.saved(1, bench.draft)
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]
    bench.assert_recovered_is_document()


def test_attempts_to_take_up_a_draft_leave_one_copy_in_the_trash(tmp_path: Path) -> None:
    journal = left_behind(tmp_path)
    recovered = recover(list_drafts([tmp_path], FileOps())[0], FileOps())
    ops = RefusingJournals()
    bench = Bench(tmp_path, ops=ops, draft=recovered.draft, changes=recovered.changes, replaces=journal)
    for _ in range(5):
        bench.wait(60)
    assert len(files_in(tmp_path / "trash")) == 1
    assert bench.recovered().text == "Once upon a time"
    ops.refuses = False
    bench.wait(60)
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]
    assert len(files_in(tmp_path / "trash")) == 1
    bench.assert_recovered_is_document()


class RefusingJournals(FileOps):
    """No room for a journal, but for a copy in the trash."""

    refuses = True

    def create(self, path: Path, mode: int = 0o600) -> int:
        if self.refuses and path.parent.name != "trash":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().create(path, mode)
