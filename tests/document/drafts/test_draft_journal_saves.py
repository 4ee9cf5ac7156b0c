"""What a save leaves of the journal: the edits made since its snapshot, and nothing else."""

import errno
import os
from pathlib import Path

import pytest

from tests.document.draft_bench import Bench, FailingAfterwards, journals
from tests.document.faulty_ops import files_in
from writer.document.drafts.journal import Draft


def test_after_a_save_nothing_is_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(0.4)
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert files_in(tmp_path) == {}
    bench.wait(100)
    assert files_in(tmp_path) == {}
    bench.type(" upon")
    bench.wait(0.4)
    bench.assert_recovered_is_document()
    assert bench.recovered().base_text == "Once"


def test_a_save_leaves_what_was_written_meanwhile(tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once")
    bench.type(" upon")
    bench.wait(0.4)
    (before,) = journals(tmp_path)
    bench.journal.mark(1)
    bench.type(" a")
    bench.generate(" time", "g1")
    bench.wait(0.4)
    bench.document.replace(0, 1, "0")
    bench.journal.saved(1, Draft("ab12", "story.txt"))
    assert journals(tmp_path) == [before]
    recovered = bench.recovered()
    assert (recovered.base_text, recovered.text) == ("Once upon", "0nce upon a time")
    assert recovered.base_saved
    assert recovered.draft.title == "story.txt"
    bench.assert_recovered_is_document()


def test_a_snapshot_is_in_the_journal_before_it_is_in_the_manuscript(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.journal.mark(1)
    assert bench.recovered().text == "Once"


def test_an_older_mark_than_the_newest_takes_nothing_away(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.journal.mark(1)
    bench.type(" upon")
    bench.journal.mark(2)
    bench.journal.saved(1, bench.draft)
    assert bench.recovered().base_text == ""
    bench.assert_recovered_is_document()
    bench.journal.saved(2, bench.draft)
    assert bench.drafts() == []


def test_a_save_whose_journal_cannot_begin_anew_goes_on_with_the_old(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.journal.mark(1)
    bench.type(" upon")
    ops.refused = {"create": errno.ENOSPC}
    bench.journal.saved(1, bench.draft)
    assert bench.recovered().base_text == ""
    bench.assert_recovered_is_document()
    assert bench.notices == []


def test_d57_ten_thousand_saves_leave_nothing(tmp_path: Path) -> None:
    _save_over_and_over(tmp_path, 200)


@pytest.mark.long
def test_d57_ten_thousand_saves_leave_nothing_in_full(tmp_path: Path) -> None:
    _save_over_and_over(tmp_path, 10_000)


def _save_over_and_over(folder: Path, n: int) -> None:
    bench = Bench(folder)
    n_descriptors = len(os.listdir("/proc/self/fd"))
    for number in range(1, n + 1):
        bench.type("x")
        bench.wait(0.4)
        bench.journal.mark(number)
        if number % 2:
            bench.type("y")
        bench.journal.saved(number, bench.draft)
        assert len(files_in(folder)) <= 2, "a journal and its lock"
        if len(bench.document) > 100:
            bench.document.replace(0, 100, "")
    bench.journal.mark(n + 1)
    bench.journal.saved(n + 1, bench.draft)
    assert files_in(folder) == {}
    assert len(os.listdir("/proc/self/fd")) <= n_descriptors
