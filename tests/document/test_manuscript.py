"""From a file to a document and back, with all that belongs to it."""

import errno
import os
from pathlib import Path

import pytest

from tests.document.desks import desk_in
from writer.document.authorship.sidecar import sidecar_path
from writer.document.document import Document
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import FileChanged
from writer.document.generation_record import GenerationRecord
from writer.document.manuscript import Desk, Manuscript, open_manuscript, save_manuscript, save_manuscript_as
from writer.document.provenance import Author, Run
from writer.document.versions.version_store import Reason, document_key
from writer.errors import WriterError


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path / "state")


def save(m: Manuscript, desk: Desk, *, overwrite: bool = False) -> None:
    assert m.path is not None
    saved = save_manuscript(m.snapshot(), m.path, desk, overwrite=overwrite)
    m.fingerprint = saved.fingerprint
    m.document.mark_saved()


def test_who_wrote_what_how_and_undo_come_back_with_the_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(b"Once\r\nupon")
    opened = open_manuscript(path, desk)
    m = opened.manuscript
    assert (m.document.text, m.format.newline, opened.notices) == ("Once\nupon", "\r\n", ())
    record = GenerationRecord("g", "starter", "00ff", "int8", {"top_k": 40}, 7, "abcd", "2026-11-25T23:00:00+00:00")
    m.document.add_generation(record)
    m.document.replace(9, 9, " a time", Author.MODEL, "g")
    m.document.replace(0, 4, "Twice")
    save(m, desk)
    assert path.read_bytes() == b"Twice\r\nupon a time"
    again = open_manuscript(path, desk).manuscript.document
    assert again.runs() == [Run(10, Author.HUMAN), Run(7, Author.MODEL, "g")]
    assert again.generations["g"] == record
    assert not again.modified
    again.undo()
    again.undo()
    assert again.text == "Once\nupon"
    again.redo()
    assert again.runs()[-1] == Run(7, Author.MODEL, "g")


def test_d33_d52_a_link_and_its_target_share_lock_versions_and_undo_and_namesakes_share_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "story.txt").write_text(name)
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "a" / "story.txt")
    first = open_manuscript(link, desk).manuscript
    other = open_manuscript(tmp_path / "b" / "story.txt", desk).manuscript
    assert first.path == tmp_path / "a" / "story.txt"
    for m in (first, other):
        m.document.replace(0, 0, "new ")
        save(m, desk)
    assert link.is_symlink()
    texts = [desk.versions.read(v).text for v in desk.versions.list(document_key(link))]
    assert texts == ["new a"]
    assert open_manuscript(tmp_path / "b" / "story.txt", desk).manuscript.document.undo_label


def test_a_save_is_refused_where_the_file_is_another_one_and_keeps_it_when_told_to_overwrite(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    m = open_manuscript(path, desk).manuscript
    m.document.replace(0, 3, "mine")
    path.write_text("theirs")
    with pytest.raises(FileChanged):
        save(m, desk)
    assert path.read_text() == "theirs"
    save(m, desk, overwrite=True)
    assert path.read_text() == "mine"
    reasons = {desk.versions.read(v).text: v.reason for v in desk.versions.list(m.key)}
    assert reasons == {"theirs": Reason.OTHER_PROGRAM, "mine": Reason.SAVE}


def test_what_is_open_elsewhere_is_no_target_and_a_failed_save_as_leaves_no_lock(desk: Desk, tmp_path: Path) -> None:
    m = Manuscript(Document("text"))
    with pytest.raises(WriterError):
        save_manuscript_as(m.snapshot(), tmp_path / "missing" / "story.txt", desk, m.key, keeps_former=False)
    path = tmp_path / "story.txt"
    (tmp_path / ".story.txt.writer-lock").write_text("nobody can read this")
    with pytest.raises(WriterError, match="may have it open"):
        save_manuscript_as(m.snapshot(), path, desk, m.key, keeps_former=False)
    assert not path.exists()
    (tmp_path / ".story.txt.writer-lock").unlink()
    m.format = TextFormat("cp1252")
    m.document.replace(0, 0, "\u4e16")
    with pytest.raises(WriterError):
        save_manuscript_as(m.snapshot(), path, desk, m.key, keeps_former=False)
    assert [p.name for p in tmp_path.iterdir() if p.name != "state"] == []


def test_versions_of_a_draft_come_along_to_its_file(desk: Desk, tmp_path: Path) -> None:
    m = Manuscript(Document("first thoughts"))
    desk.versions.add(m.key, "first", [Run(5, Author.HUMAN)], (), Reason.BY_HAND, desk.now(), "start")
    path = tmp_path / "story.txt"
    _, lock = save_manuscript_as(m.snapshot(), path, desk, m.key, keeps_former=False)
    assert [v.reason for v in desk.versions.list(document_key(path))] == [Reason.SAVE, Reason.BY_HAND]
    assert desk.versions.list(m.key) == ()
    lock.release()


def test_notes_for_the_model_come_back_with_the_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    m = open_manuscript(path, desk).manuscript
    assert (m.document.notes, m.has_unsaved_text) == ({}, False)
    m.document.set_notes({"memory": "one"})
    assert m.has_unsaved_text
    snapshot = m.snapshot()
    m.document.set_notes({"memory": "two"})
    save_manuscript(snapshot, path, desk)
    m.document.mark_saved(snapshot.state)
    assert m.document.has_unsaved_notes
    again = open_manuscript(path, desk).manuscript.document
    assert (again.text, again.notes, again.modified) == ("old", {"memory": "one"}, False)
    save(m, desk)
    assert open_manuscript(path, desk).manuscript.document.notes == {"memory": "two"}


def test_notes_go_with_a_text_to_its_first_file_in_the_place_of_those_that_stand_there(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("theirs")
    theirs = open_manuscript(path, desk).manuscript
    theirs.document.set_notes({"memory": "theirs"})
    save(theirs, desk)
    assert theirs.lock is not None
    theirs.lock.release()
    m = Manuscript(Document())
    assert not m.has_unsaved_text
    m.document.set_notes({"memory": "mine"})
    assert m.has_unsaved_text
    _, lock = save_manuscript_as(m.snapshot(), path, desk, m.key, keeps_former=False)
    lock.release()
    assert open_manuscript(path, desk).manuscript.document.notes == {"memory": "mine"}


def test_notes_that_find_no_place_are_told(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    newer = b'{"format": "writer-authorship", "version": 99, "text": "who knows", "context": {"memory": "newer"}}'
    sidecar_path(path, desk.ops).write_bytes(newer)
    m = open_manuscript(path, desk).manuscript
    assert (m.document.notes, m.keeps_authorship) == ({}, False)
    assert save_manuscript(m.snapshot(), path, desk).notices == ()
    m.document.set_notes({"memory": "mine"})
    m.fingerprint = open_manuscript(path, desk).manuscript.fingerprint
    (notice,) = save_manuscript(m.snapshot(), path, desk).notices
    assert "story.txt is saved, but your notes for the model could not be kept" in notice
    assert sidecar_path(path, desk.ops).read_bytes() == newer


class NoCompanions(FileOps):
    """Writes the manuscript itself, and nothing that belongs to it."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def create(self, path: Path, mode: int = 0o600) -> int:
        if path.parent != self._target.parent or self._target.suffix + ".writer.json" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().create(path, mode)


def test_what_belongs_to_a_file_never_keeps_its_text_from_being_saved(tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    desk = desk_in(tmp_path / "state", NoCompanions(path))
    m = open_manuscript(path, desk).manuscript
    m.document.replace(3, 3, " and new", Author.MODEL, "g")
    m.document.set_notes({"memory": "mine"})
    assert m.path is not None
    saved = save_manuscript(m.snapshot(), m.path, desk)
    assert path.read_text() == "old and new"
    told = " ".join(saved.notices)
    for what in ("undo", "version", "who wrote what", "your notes for the model"):
        assert what in told
    assert not sidecar_path(path, desk.ops).exists()
