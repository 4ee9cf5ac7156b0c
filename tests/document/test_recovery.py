"""Drafts after a crash: found, told apart, recovered against the file as it is now, and put away."""

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.document.child import NOBODY, folder_for, is_killed_in_child, run_in_child
from tests.document.draft_bench import NOON, Bench, journals
from tests.document.faulty_ops import CountingOps, DeadlyOps, RefusingOps, files_in
from writer.document.encoding import TextFormat, encode
from writer.document.file_ops import FileOps
from writer.document.journal import BaseText, Draft, JournalLines
from writer.document.provenance import Author, Run
from writer.document.recovery import (
    DraftState,
    FileOnDisk,
    Recovered,
    discard,
    empty_trash,
    list_drafts,
    recover,
)
from writer.errors import WriterError

OPS = FileOps()


def left_behind(folder: Path, text: str = "Once upon a time", draft: Draft | None = None, base: str = "") -> Path:
    """The journal of a crash: a draft that nobody writes any more."""
    bench = Bench(folder, draft=draft, text=base)
    bench.type(text)
    assert bench.journal.close(keep=True)
    return journals(folder)[-1]


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


def _make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**32)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_leave, FileOnDisk.BASE),
        (os.utime, FileOnDisk.BASE),
        (Path.unlink, FileOnDisk.MISSING),
        (_dangle, FileOnDisk.MISSING),
        (_make_folder, FileOnDisk.UNREADABLE),
        (_make_pipe, FileOnDisk.UNREADABLE),
        (_make_huge, FileOnDisk.CHANGED),
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
    assert recovered.text == "Once!?..."


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


# -- taking a draft up again -------------------------------------------------------------------------------------------


def take_up(folder: Path, ops: FileOps | None = None) -> Bench:
    """What a window does with the newest draft."""
    found = list_drafts([folder], OPS)[0]
    recovered = recover(found, OPS)
    return Bench(
        folder,
        ops=ops,
        draft=recovered.draft,
        text=recovered.base_text,
        saved=recovered.base_saved,
        changes=recovered.changes,
        replaces=found.journal,
    )


def test_a_draft_taken_up_is_kept_from_the_first_moment(tmp_path: Path) -> None:
    old = left_behind(tmp_path, "Once upon a time")
    before = old.read_bytes()
    bench = take_up(tmp_path)
    assert bench.recovered().text == bench.document.text == "Once upon a time"
    (found,) = list_drafts([tmp_path], OPS)
    assert (found.id, found.in_use) == ("ab12", True)
    assert found.order > 1, "it is the newest now"
    assert [path.read_bytes() for path in (tmp_path / "trash").iterdir()] == [before]
    bench.type("!")
    bench.wait(0.4)
    bench.assert_recovered_is_document()
    assert bench.recovered().base_text == "", "undo leads back to what was saved"
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert list_drafts([tmp_path], OPS) == []


def test_a_draft_without_a_change_is_kept_too_when_it_is_taken_up(tmp_path: Path) -> None:
    lines = JournalLines()
    text = lines.draft(Draft("ab")) + lines.text(BaseText("Once", (Run(4, Author.HUMAN),)))
    (tmp_path / "00000001-ab.journal").write_bytes(text)
    assert take_up(tmp_path).recovered().text == "Once"


def test_a_draft_from_the_other_folder_goes_to_its_trash(tmp_path: Path) -> None:
    old = left_behind(tmp_path / "fallback")
    recovered = recovered_from(tmp_path / "fallback")
    bench = Bench(
        tmp_path / "recovery",
        tmp_path / "fallback",
        draft=recovered.draft,
        text=recovered.base_text,
        changes=recovered.changes,
        replaces=old,
    )
    (found,) = bench.drafts()
    assert found.journal.parent == tmp_path / "recovery"
    assert len(list((tmp_path / "fallback" / "trash").iterdir())) == 1


def test_a_draft_that_cannot_be_taken_up_on_the_disk_stays(tmp_path: Path) -> None:
    old = left_behind(tmp_path)
    before = files_in(tmp_path)
    bench = take_up(tmp_path, RefusingOps({"create": 28}))
    assert files_in(tmp_path) == before
    assert bench.notices
    assert old.exists()


def test_d49_a_crash_while_a_draft_is_taken_up_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed on the way into each file call, three times in a row there, and then once more to the end."""
    pristine = tmp_path / "pristine"
    left_behind(pristine, "Once upon a time")
    counting = CountingOps()
    shutil.copytree(pristine, tmp_path / "counted")
    assert take_up(tmp_path / "counted", counting).journal.close(keep=True)
    assert len(counting.calls) > 20
    for n in range(len(counting.calls)):
        folder = tmp_path / f"killed-{n}"
        shutil.copytree(pristine, folder)
        for _ in range(3):
            killed = is_killed_in_child(lambda: take_up(folder, DeadlyOps(n)).journal.close(keep=True))  # noqa: B023
            (found,) = list_drafts([folder], OPS)
            assert found.recoverable, "no lock of a dead process is in the way"
            assert recover(found, OPS).text == "Once upon a time"
            assert killed or n > len(counting.calls) - 6, "where there is nothing to copy there are fewer calls"
        bench = take_up(folder)
        bench.journal.mark(1)
        bench.journal.saved(1, bench.draft)
        empty_trash(folder, OPS, NOON)
        assert {name.partition("/")[0] for name in files_in(folder)} <= {"trash"}
        empty_trash(folder, OPS, NOON + timedelta(days=31))
        assert files_in(folder) == {}


# -- the trash ---------------------------------------------------------------------------------------------------------


def test_a_discarded_draft_stays_thirty_days(tmp_path: Path) -> None:
    content = left_behind(tmp_path).read_bytes()
    (found,) = list_drafts([tmp_path], OPS)
    discard(found, OPS, NOON)
    assert list_drafts([tmp_path], OPS) == []
    assert list(files_in(tmp_path).values()) == [content]
    discard(found, OPS, NOON)  # gone already
    empty_trash(tmp_path, OPS, NOON + timedelta(days=30))
    assert list(files_in(tmp_path).values()) == [content]
    empty_trash(tmp_path, OPS, NOON - timedelta(days=365))
    assert list(files_in(tmp_path).values()) == [content]
    empty_trash(tmp_path, OPS, NOON + timedelta(days=30, seconds=1))
    assert files_in(tmp_path) == {}


def test_closing_without_keeping_is_discarding(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(0.4)
    bench.type(" upon")
    assert bench.journal.close(keep=False)
    assert list_drafts([tmp_path], OPS) == []
    assert len(list((tmp_path / "trash").iterdir())) == 1
    assert len(files_in(tmp_path)) == 1


def test_a_draft_that_cannot_be_put_away_is_told(tmp_path: Path) -> None:
    left_behind(tmp_path)
    (found,) = list_drafts([tmp_path], OPS)
    with pytest.raises(WriterError) as refused:
        discard(found, RefusingOps({"replace_at_once": 5}), NOON)
    assert refused.value.message == "The draft “Night” cannot be put away: Input/output error."
    assert found.journal.exists()


def test_emptying_the_trash_touches_nothing_else(tmp_path: Path) -> None:
    left_behind(tmp_path)
    (tmp_path / "trash").mkdir()
    (tmp_path / "trash" / "mine.txt").write_bytes(b"put there by hand")
    (tmp_path / "trash" / "99999999T999999Z-00000001-ab.journal").write_bytes(b"of no day")
    (tmp_path / "story.txt").write_bytes(b"a copy made before a save")
    before = files_in(tmp_path)
    empty_trash(tmp_path, OPS, NOON + timedelta(days=9999))
    assert files_in(tmp_path) == before
    empty_trash(tmp_path / "missing", OPS, NOON)
    empty_trash(tmp_path, RefusingOps({"names": 13}), NOON)


def test_half_made_files_go_unless_their_process_lives(tmp_path: Path) -> None:
    bench = Bench(tmp_path, draft=Draft("aa"))
    bench.type("x")
    bench.wait(0.4)
    alive, dead = (tmp_path / f".00000001-{name}.journal.0123abcd.writer-tmp" for name in ("aa", "bb"))
    alive.write_bytes(b"half")
    dead.write_bytes(b"half")
    empty_trash(tmp_path, OPS, NOON)
    assert (alive.exists(), dead.exists()) == (True, False)
