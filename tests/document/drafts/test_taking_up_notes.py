"""A draft taken up again with its notes for the model, by what its file's record holds of them."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.document.desks import desk_in
from writer.document.authorship.sidecar import read_sidecar, write_sidecar
from writer.document.document import Document
from writer.document.drafts.journal import BaseText, JournalLines, journal_name
from writer.document.drafts.journal_writer import JournalWriter
from writer.document.drafts.recovery import list_drafts
from writer.document.drafts.taking_up import TakenUp, take_up_draft
from writer.document.manuscript import Desk, Manuscript, open_manuscript, save_manuscript
from writer.document.provenance import Author, Run

OLD, NEW = {"memory": "The keeper is deaf."}, {"memory": "He hears."}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path / "state")


@pytest.fixture
def path(desk: Desk, tmp_path: Path) -> Path:
    """A manuscript with notes."""
    path = tmp_path / "story.txt"
    path.write_text("old")
    write_sidecar(path, "old", [Run(3, Author.HUMAN)], [], desk.ops, OLD)
    return path


def leave_draft(m: Manuscript, desk: Desk, edit: Callable[[Document], object]) -> None:
    """Edit, and end without saving."""
    journal = JournalWriter(desk.recovery, desk.ops, monotonic=time.monotonic, now=desk.now, notify=lambda _: None)
    journal.begin(m.draft, m.document.text, m.document.runs(), notes=m.document.notes)
    m.document.subscribe(journal.record)
    m.document.subscribe_notes(journal.record_notes)
    edit(m.document)
    assert journal.close(keep=True, timeout_s=30)
    if m.lock is not None:
        m.lock.release()


def take_up(desk: Desk) -> TakenUp:
    (found,) = list_drafts([desk.recovery], desk.ops)
    assert found.recoverable
    return take_up_draft(found, desk)


def edit(document: Document) -> None:
    document.replace(0, 0, "New ")
    document.set_notes(NEW)


def test_d45_notes_of_a_text_without_a_file_come_back(desk: Desk) -> None:
    leave_draft(Manuscript(Document()), desk, edit)
    m = take_up(desk).manuscript
    assert (m.document.text, m.document.notes, m.path) == ("New ", NEW, None)
    assert m.document.modified


def test_d45_notes_come_back_also_where_nothing_is_written_yet(desk: Desk) -> None:
    m = Manuscript(Document())
    leave_draft(m, desk, lambda document: document.set_notes(NEW))
    assert m.has_unsaved_text
    m = take_up(desk).manuscript
    assert (m.document.notes, m.has_unsaved_text) == (NEW, True)


def test_unsaved_notes_of_an_unchanged_file_belong_to_it_again(desk: Desk, path: Path) -> None:
    leave_draft(open_manuscript(path, desk).manuscript, desk, lambda document: document.set_notes(NEW))
    taken = take_up(desk)
    m = taken.manuscript
    assert (m.path, m.document.text, m.document.notes) == (path, "old", NEW)
    assert m.document.has_unsaved_notes
    assert read_sidecar(path, "old", desk.ops).notes == OLD
    assert not save_manuscript(m.snapshot(), path, desk).notices
    assert read_sidecar(path, "old", desk.ops).notes == NEW


def test_unsaved_text_keeps_the_notes_that_were_saved(desk: Desk, path: Path) -> None:
    leave_draft(open_manuscript(path, desk).manuscript, desk, lambda document: document.replace(0, 0, "New "))
    m = take_up(desk).manuscript
    assert (m.document.text, m.document.notes) == ("New old", OLD)
    assert not m.document.has_unsaved_notes
    m.document.undo()
    assert not m.document.modified


def test_a_save_right_before_the_crash_counts_for_the_notes_too(desk: Desk, path: Path) -> None:
    m = open_manuscript(path, desk).manuscript
    leave_draft(m, desk, edit)
    save_manuscript(m.snapshot(), path, desk)
    m = take_up(desk).manuscript
    assert m.document.notes == NEW
    assert not m.document.modified


def test_d07_a_crash_between_the_text_and_the_record_beside_it_leaves_the_notes_unsaved(desk: Desk, path: Path) -> None:
    leave_draft(open_manuscript(path, desk).manuscript, desk, edit)
    path.write_text("New old")
    m = take_up(desk).manuscript
    assert (m.document.text, m.document.notes) == ("New old", NEW)
    assert m.document.has_unsaved_notes


def test_d46_a_copy_of_a_draft_whose_file_is_another_has_its_notes(desk: Desk, path: Path) -> None:
    leave_draft(open_manuscript(path, desk).manuscript, desk, edit)
    path.write_text("theirs")
    m = take_up(desk).manuscript
    assert (m.path, m.document.text, m.document.notes) == (None, "New old", NEW)
    assert m.document.has_unsaved_notes
    assert read_sidecar(path, "theirs", desk.ops).notes == OLD


@pytest.mark.parametrize("is_saved", [False, True])
def test_a_draft_of_a_writer_without_notes_takes_those_beside_its_file(is_saved: bool, desk: Desk, path: Path) -> None:
    draft = open_manuscript(path, desk).manuscript
    assert draft.lock is not None
    draft.lock.release()
    lines = JournalLines()
    data = lines.draft(draft.draft) + lines.text(BaseText("old", (Run(3, Author.HUMAN),)))
    if not is_saved:
        data += lines.items([draft.document.replace(3, 3, " and new")])
    desk.recovery.mkdir(parents=True)
    (desk.recovery / journal_name(1, draft.draft_id)).write_bytes(data)
    m = take_up(desk).manuscript
    assert (m.document.notes, m.document.modified) == (OLD, not is_saved)
    save_manuscript(m.snapshot(), path, desk)
    assert read_sidecar(path, m.document.text, desk.ops).notes == OLD
