"""A draft taken up again, by what has become of its file."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.document.desks import desk_in
from writer.document.document import Document
from writer.document.drafts.journal_writer import JournalWriter
from writer.document.drafts.recovery import list_drafts
from writer.document.drafts.taking_up import TakenUp, take_up_draft
from writer.document.manuscript import Desk, Manuscript, open_manuscript, save_manuscript
from writer.document.provenance import Author, Run


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path / "state")


def leave_draft(m: Manuscript, desk: Desk, edit: Callable[[Document], object]) -> None:
    """Edit, and end without saving."""
    journal = JournalWriter(desk.recovery, desk.ops, monotonic=time.monotonic, now=desk.now, notify=lambda _: None)
    journal.begin(m.draft, m.document.text, m.document.runs())
    m.document.subscribe(journal.record)
    edit(m.document)
    assert journal.close(keep=True, timeout_s=30)
    if m.lock is not None:
        m.lock.release()


def take_up(desk: Desk) -> TakenUp:
    (found,) = list_drafts([desk.recovery], desk.ops)
    return take_up_draft(found, desk)


def edit(document: Document) -> None:
    document.replace(0, 0, "New ")
    document.replace(len(document), len(document), " by the model", Author.MODEL, "g")


def test_d45_a_text_without_a_file_comes_back_with_authors_and_undo(desk: Desk) -> None:
    leave_draft(Manuscript(Document()), desk, edit)
    taken = take_up(desk)
    document = taken.manuscript.document
    assert (document.text, taken.manuscript.path, taken.notices) == ("New  by the model", None, ())
    assert document.runs() == [Run(4, Author.HUMAN), Run(13, Author.MODEL, "g")]
    assert document.modified
    document.undo()
    assert document.text == "New "


def test_unsaved_edits_of_an_unchanged_file_belong_to_it_again(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    leave_draft(open_manuscript(path, desk).manuscript, desk, edit)
    taken = take_up(desk)
    assert taken.manuscript.path == path
    assert taken.manuscript.document.modified
    assert path.read_text() == "old"
    assert taken.manuscript.lock is not None
    saved = save_manuscript(taken.manuscript.snapshot(), path, desk)
    assert path.read_text() == "New old by the model"
    assert not saved.notices


def test_a_draft_whose_text_was_saved_right_before_the_crash_counts_as_saved(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    m = open_manuscript(path, desk).manuscript
    leave_draft(m, desk, edit)
    save_manuscript(m.snapshot(), path, desk)
    taken = take_up(desk)
    assert taken.manuscript.path == path
    assert not taken.manuscript.document.modified


def test_d46_a_file_with_other_content_and_the_draft_both_stay(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    leave_draft(open_manuscript(path, desk).manuscript, desk, edit)
    path.write_text("theirs")
    taken = take_up(desk)
    assert taken.manuscript.path is None
    assert taken.manuscript.document.text == "New old by the model"
    assert taken.manuscript.document.modified
    assert "was changed after these edits" in taken.notices[0]
    assert path.read_text() == "theirs"
    assert len(list_drafts([desk.recovery], desk.ops)) == 1


@pytest.mark.parametrize("became", ["gone", "a folder"])
def test_a_draft_whose_file_is_not_there_is_a_text_without_a_file(became: str, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    leave_draft(open_manuscript(path, desk).manuscript, desk, edit)
    path.unlink()
    if became == "a folder":
        path.mkdir()
    taken = take_up(desk)
    assert taken.manuscript.path is None
    assert taken.manuscript.document.text == "New old by the model"
    assert "story.txt" in taken.notices[0]


def test_a_draft_whose_file_is_open_elsewhere_is_a_copy(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    leave_draft(open_manuscript(path, desk).manuscript, desk, edit)
    (tmp_path / ".story.txt.writer-lock").write_text("not to be read")
    taken = take_up(desk)
    assert taken.manuscript.path is None
    assert "copy" in taken.notices[0]
