"""Drafts after a crash: found, told apart, recovered against the file as it is now, and put away."""

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.document.child import NOBODY, folder_for, run_in_child
from tests.document.draft_bench import NOON, Bench, journals, left_behind
from writer.document.drafts.journal import Draft
from writer.document.drafts.recovery import (
    DraftState,
    FileOnDisk,
    Recovered,
    discard,
    list_drafts,
    recover,
)
from writer.document.files.encoding import TextFormat, encode
from writer.document.files.file_ops import FileOps
from writer.errors import WriterError

OPS = FileOps()


def of_file(path: Path, data: bytes, form: TextFormat | None = None) -> Draft:
    """A draft that starts from a manuscript with this content."""
    path.write_bytes(data)
    return Draft("f11e", path.name, path, form or TextFormat(), hashlib.sha256(data).hexdigest())


# -- the list ----------------------------------------------------------------------------------------------------------


def test_d45_a_text_that_was_never_saved_is_found_and_recovered(tmp_path: Path) -> None:
    left_behind(tmp_path, "Once upon a time", Draft("ab12"))
    (found,) = list_drafts([tmp_path], OPS)
    assert (found.id, found.title, found.path, found.n_words) == ("ab12", "", None, 4)
    assert (found.state, found.problem, found.in_use, found.recoverable) == (DraftState.WHOLE, "", False, True)
    recovered = recover(found, OPS)
    assert (recovered.text, recovered.base_text) == ("Once upon a time", "")
    assert recovered.file_on_disk is FileOnDisk.NONE
    assert recovered.draft.started == NOON


def test_d34_the_newest_draft_comes_first_whatever_the_clock_said(tmp_path: Path) -> None:
    """The clock jumps back a year, then forth by two; a file is dated into the future."""
    for n, days in enumerate([0, -365, 365, -1]):
        bench = Bench(tmp_path, draft=Draft(f"a{n}"))
        bench.wall += timedelta(days=days)
        bench.type(f"draft {n}")
        assert bench.journal.close(keep=True)
        moment = (NOON + timedelta(days=days)).timestamp()
        os.utime(journals(tmp_path)[-1], (moment, moment))
    found = list_drafts([tmp_path], OPS)
    assert [draft.id for draft in found] == ["a3", "a2", "a1", "a0"]
    assert found[2].last_changed == NOON - timedelta(days=365), "shown as it is"


def test_d34_a_clock_that_jumps_delays_no_write(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for days in (0, 365, -730):
        bench.wall += timedelta(days=days)
        bench.type("x")
        bench.wait(0.4)
        bench.assert_recovered_is_document()


def test_drafts_of_several_folders_make_one_list(tmp_path: Path) -> None:
    for n, name in enumerate(["a", "b", "a"]):
        bench = Bench(tmp_path / name, tmp_path / "b", tmp_path / "a", draft=Draft(f"d{n}"))
        bench.type("x")
        assert bench.journal.close(keep=True)
    folders = [tmp_path / "a", tmp_path / "missing", tmp_path / "b"]
    assert [draft.id for draft in list_drafts(folders, OPS)] == ["d2", "d1", "d0"]


def test_a_draft_that_is_being_written_is_not_offered(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(0.4)
    (found,) = list_drafts([tmp_path], OPS)
    assert found.in_use
    assert not found.recoverable
    with pytest.raises(WriterError, match=r"The draft “Night” is open in a window\. Close it there first\."):
        discard(found, OPS, NOON)
    assert found.journal.exists()
    assert bench.journal.close(keep=True)
    assert list_drafts([tmp_path], OPS)[0].recoverable


def test_what_else_lies_in_the_folder_is_no_draft(tmp_path: Path) -> None:
    left_behind(tmp_path)
    (tmp_path / "story.txt").write_bytes(b"a copy made before a save")
    (tmp_path / "00000009-d1.journal").mkdir()
    os.mkfifo(tmp_path / "00000009-f1.journal")
    (tmp_path / ".00000009-ee.journal.0123abcd.writer-tmp").write_bytes(b"half")
    assert len(list_drafts([tmp_path], OPS)) == 1


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"\x7fELF", b"{}\n{}\n"])
def test_what_holds_no_text_is_listed_and_kept(tmp_path: Path, content: bytes) -> None:
    journal = tmp_path / "00000009-d1.journal"
    journal.write_bytes(content)
    (found,) = list_drafts([tmp_path], OPS)
    assert found.state is DraftState.UNREADABLE
    assert found.problem.endswith("The draft holds no text that can be read.")
    assert not found.recoverable
    with pytest.raises(WriterError) as refused:
        recover(found, OPS)
    assert refused.value.message == "The draft holds no text that can be read."
    assert refused.value.hint == f"It is kept in {journal}."
    assert journal.read_bytes() == content


def test_a_draft_that_may_not_be_read_is_listed() -> None:
    def work() -> tuple[Any, ...]:
        journal = left_behind(root / "recovery")
        journal.chmod(0)
        (found,) = list_drafts([root / "recovery"], OPS)
        with pytest.raises(WriterError) as refused:
            recover(found, OPS)
        return found.state, found.problem, refused.value.message

    with folder_for(NOBODY) as root:
        assert run_in_child(work, user=NOBODY) == (
            DraftState.UNREADABLE,
            "The draft cannot be read: Permission denied.",
            "The draft “” cannot be read: Permission denied.",
        )


def test_d10_a_half_written_edit_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for word in ("Once", " upon", " a time"):
        bench.type(word)
        bench.wait(0.4)
    assert bench.journal.close(keep=True)
    (journal,) = journals(tmp_path)
    data = journal.read_bytes()
    last_line = data[:-1].rindex(b"\n") + 1
    for length in range(last_line + 1, len(data) - 1):
        journal.write_bytes(data[:length])
        (found,) = list_drafts([tmp_path], OPS)
        assert (found.state, found.n_words) == (DraftState.PARTIAL, 2)
        assert found.problem == "The last edit is incomplete and was left out."
        recovered = recover(found, OPS)
        assert (recovered.text, recovered.problem) == ("Once upon", found.problem)


@pytest.mark.parametrize("moment", [-1e18, 1e17])
def test_d34_a_file_dated_to_no_year_that_there_is(tmp_path: Path, moment: float) -> None:
    class OddClock(FileOps):
        def stat(self, path: Path) -> os.stat_result:
            values = list(super().stat(path))
            return os.stat_result((*values[:7], moment, moment, moment))

    left_behind(tmp_path)
    (found,) = list_drafts([tmp_path], OddClock())
    assert (found.state, found.last_changed.year) == (DraftState.WHOLE, 1970)


# -- the manuscript ----------------------------------------------------------------------------------------------------


def recovered_from(folder: Path) -> Recovered:
    return recover(list_drafts([folder], OPS)[0], OPS)


def test_d46_a_manuscript_changed_since_is_told_and_both_stay(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    journal = left_behind(tmp_path / "recovery", "!", of_file(story, b"Once upon a time"), "Once upon a time")
    content = journal.read_bytes()
    story.write_bytes(b"Thrice upon a time")
    recovered = recovered_from(tmp_path / "recovery")
    assert recovered.file_on_disk is FileOnDisk.CHANGED
    assert (recovered.base_text, recovered.text) == ("Once upon a time", "Once upon a time!")
    assert journal.read_bytes() == content
    assert story.read_bytes() == b"Thrice upon a time"


def _leave(path: Path) -> None:
    pass


def _dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_leave, FileOnDisk.BASE),
        (os.utime, FileOnDisk.BASE),
        (Path.unlink, FileOnDisk.MISSING),
        (_dangle, FileOnDisk.MISSING),
        (_make_folder, FileOnDisk.UNREADABLE),
        (_make_pipe, FileOnDisk.UNREADABLE),
        (lambda path: path.write_bytes(b"\xff\xfe\0"), FileOnDisk.CHANGED),
        (lambda path: path.write_bytes(b"once"), FileOnDisk.CHANGED),
        (lambda path: path.write_bytes(b"Once!"), FileOnDisk.SAVED),
        (lambda path: path.write_bytes(b"Once!?"), FileOnDisk.SAVED),
        (lambda path: path.write_bytes(b"Once?!"), FileOnDisk.CHANGED),
    ],
)
def test_d46_what_has_become_of_the_manuscript(
    tmp_path: Path, change: Callable[[Path], object], expected: FileOnDisk
) -> None:
    story = tmp_path / "story.txt"
    bench = Bench(tmp_path / "recovery", draft=of_file(story, b"Once"), text="Once")
    for text in "!?":
        bench.type(text)
        bench.wait(0.4)
    bench.type("...")
    assert bench.journal.close(keep=True)
    change(story)
    recovered = recovered_from(tmp_path / "recovery")
    assert recovered.file_on_disk is expected
    assert recovered.base_saved == (expected is FileOnDisk.BASE)
    assert recovered.text == "Once!?..."


def test_d46_a_manuscript_that_has_become_huge_is_not_read(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"

    class JournalsOnly(FileOps):
        def read(self, path: Path) -> bytes:
            assert path != story
            return super().read(path)

    left_behind(tmp_path / "recovery", "!", of_file(story, b"Once"), "Once")
    os.truncate(story, 2**32)
    (found,) = list_drafts([tmp_path / "recovery"], OPS)
    assert recover(found, JournalsOnly()).file_on_disk is FileOnDisk.CHANGED


def test_d46_a_manuscript_saved_right_before_the_crash_is_the_drafts_own(tmp_path: Path) -> None:
    """In its own encoding: no other program wrote it, so the draft goes on with it."""
    story, form = tmp_path / "story.txt", TextFormat("utf-16-le", b"\xff\xfe", "\r\n")
    bench = Bench(tmp_path / "recovery", draft=of_file(story, encode("naïve\n", form), form), text="naïve\n")
    bench.type("Once\n")
    bench.journal.mark(1)
    story.write_bytes(encode(bench.document.text, form))
    bench.type("upon")
    assert bench.journal.close(keep=True)
    recovered = recovered_from(tmp_path / "recovery")
    assert recovered.file_on_disk is FileOnDisk.SAVED
    assert recovered.text == "naïve\nOnce\nupon"


def test_a_manuscript_whose_checksum_is_unknown_is_compared_by_its_text(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_bytes(b"Once")
    left_behind(tmp_path / "recovery", "!", Draft("ab", "story.txt", story), "Once")
    assert recovered_from(tmp_path / "recovery").file_on_disk is FileOnDisk.BASE
