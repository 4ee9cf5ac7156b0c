"""Copies that stayed when a file was written in place and that did not end well: listed, taken up, put away."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.document.desks import desk_in
from tests.document.faulty_ops import CountingOps
from writer.document.drafts.journal_writer import JournalWriter
from writer.document.drafts.recovery import DraftState, discard, empty_trash, list_drafts, recover
from writer.document.drafts.taking_up import take_up_draft
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.text_file import fingerprint
from writer.document.manuscript import Desk
from writer.errors import WriterError


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path / "state")


class Lying(CountingOps):
    """Stores something else when a file is written in place."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        wrong = "open_to_overwrite" in self.calls
        return super().write(descriptor, bytes(len(data)) if wrong else data)


def leave_copy(path: Path, text: str, desk: Desk, form: TextFormat | None = None) -> None:
    path.write_bytes(b"old")
    known = fingerprint(path, FileOps())
    with pytest.raises(WriterError, match="may be damaged"):
        save_text(path, text, form or TextFormat(), Lying(), expected=known, rescue=desk.recovery, in_place=True)


def test_d17_a_copy_that_stayed_is_found_among_the_drafts_and_is_a_text_without_a_file(
    desk: Desk, tmp_path: Path
) -> None:
    leave_copy(tmp_path / "my-story.txt", "Größe\nzwei", desk, TextFormat("cp1252", newline="\r\n"))
    (found,) = list_drafts([desk.recovery], desk.ops)
    assert (found.title, found.path, found.n_words, found.state) == ("my-story.txt", None, 2, DraftState.WHOLE)
    assert found.is_copy
    assert found.recoverable
    assert abs(found.last_changed - datetime.now(UTC)) < timedelta(minutes=1)
    taken = take_up_draft(found, desk)
    manuscript = taken.manuscript
    assert (manuscript.document.text, manuscript.path) == ("Größe\nzwei", None)
    assert manuscript.format.newline == "\r\n"
    assert manuscript.has_unsaved_text


def test_d17_a_copy_goes_to_the_trash_when_a_journal_has_its_text(desk: Desk, tmp_path: Path) -> None:
    leave_copy(tmp_path / "story.txt", "rescued", desk)
    (found,) = list_drafts([desk.recovery], desk.ops)
    taken = take_up_draft(found, desk)
    document = taken.manuscript.document
    journal = JournalWriter(desk.recovery, desk.ops, monotonic=time.monotonic, now=desk.now, notify=lambda _: None)
    journal.begin(
        taken.manuscript.draft, document.text, document.runs(), saved=False, changes=(), replaces=found.journal
    )
    assert journal.close(keep=True, timeout_s=30)
    (left,) = list_drafts([desk.recovery], desk.ops)
    assert not left.is_copy
    assert recover(left, desk.ops).text == "rescued"
    assert not found.journal.exists()


def test_a_copy_that_is_thrown_away_stays_in_the_trash_for_30_days(desk: Desk, tmp_path: Path) -> None:
    leave_copy(tmp_path / "story.txt", "rescued", desk)
    (found,) = list_drafts([desk.recovery], desk.ops)
    discard(found, desk.ops, desk.now())
    assert list_drafts([desk.recovery], desk.ops) == []
    (kept,) = (path for path in desk.recovery.rglob("*story.txt*") if path.is_file())
    assert kept.read_bytes() == b"rescued"
    empty_trash(desk.recovery, desk.ops, desk.now() + timedelta(days=29))
    assert kept.exists()
    empty_trash(desk.recovery, desk.ops, desk.now() + timedelta(days=31))
    assert not kept.exists()


def test_what_cannot_be_read_as_text_is_listed_with_the_reason(desk: Desk) -> None:
    desk.recovery.mkdir(parents=True)
    (desk.recovery / "rescued-0123abcd-story.txt").write_bytes(b"\x00\x01\x02" * 50)
    (found,) = list_drafts([desk.recovery], desk.ops)
    assert found.state is DraftState.UNREADABLE
    assert found.problem
    assert not found.recoverable
    with pytest.raises(WriterError, match="0123abcd-story"):
        recover(found, desk.ops)


def test_other_files_in_the_folder_are_no_drafts_and_a_copy_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    leave_copy(tmp_path / "story.txt", "rescued", desk)
    for name in ("story.txt", "rescued-", "rescued-0123abcd-", ".rescued-0123abcd-a.txt.0123abcd.writer-tmp"):
        (desk.recovery / name).write_bytes(b"text")
    (desk.recovery / "rescued-0123abcd-folder").mkdir()
    (found,) = list_drafts([desk.recovery], desk.ops)
    found.journal.unlink()
    with pytest.raises(WriterError, match="cannot be read"):
        recover(found, desk.ops)
