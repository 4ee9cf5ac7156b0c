"""A document together with the file it belongs to, and the two errands that lead from one to the other.

Opening and saving wait for the disk: they are for a thread of their own. What they need of a document that is being
written on is handed over as a `Snapshot`, taken in one moment.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from writer.document.authorship.sidecar import read_sidecar, write_sidecar
from writer.document.document import Document, DocumentState
from writer.document.drafts.journal import Draft, new_draft_id
from writer.document.files.document_lock import DocumentLock, HeldBy
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process
from writer.document.files.saving import save_text
from writer.document.files.text_file import MAX_FILE_BYTES, Fingerprint, OpenedFile, open_text
from writer.document.generation_record import GenerationRecord
from writer.document.history import Step
from writer.document.provenance import Run
from writer.document.versions.history_file import NewerHistoryError, load_history, save_history
from writer.document.versions.version_store import Reason, VersionStore, document_key
from writer.errors import WriterError


@dataclass(frozen=True)
class Desk:
    """Where one user's manuscripts are kept safe, and by which process.

    recovery, fallback -- journals of what no file holds yet, and where they go when the first cannot be used
    histories -- what undo needs after a manuscript was closed
    locks -- of manuscripts in folders that take no new files
    """

    recovery: Path
    fallback: Path
    histories: Path
    locks: Path
    versions: VersionStore
    ops: FileOps
    me: Process
    now: Callable[[], datetime]


@dataclass
class Manuscript:
    """What a window has open.

    path -- the file behind all links; None for a text that was never saved
    fingerprint -- of the file as it was last read or written
    draft_id -- the same through crashes, until the window takes another text
    read_only -- why the text may be neither changed nor saved under its name; "" when it may
    keeps_authorship -- whether saving writes the record of who wrote what; not over one that cannot be read now
    is_contested -- another program has changed or removed the file, and the writer has not said what shall hold
    """

    document: Document
    path: Path | None = None
    format: TextFormat = field(default_factory=TextFormat)
    fingerprint: Fingerprint | None = None
    lock: DocumentLock | None = None
    draft_id: str = field(default_factory=new_draft_id)
    read_only: str = ""
    keeps_authorship: bool = True
    is_contested: bool = False

    @property
    def title(self) -> str:
        return self.path.name if self.path else "Untitled"

    @property
    def key(self) -> str:
        """Under which its versions are kept."""
        return document_key(self.path) if self.path else self.draft_id

    @property
    def draft(self) -> Draft:
        """What a journal of it is of."""
        sha256 = self.fingerprint.sha256 if self.fingerprint else ""
        return Draft(self.draft_id, self.title if self.path else "", self.path, self.format, sha256)

    @property
    def has_unsaved_text(self) -> bool:
        """Whether something would be missed that no file holds."""
        document = self.document
        return document.modified and (self.path is not None or bool(document.text.strip() or document.notes))

    def snapshot(self) -> "Snapshot":
        """All that a save needs, as it is now."""
        document = self.document
        state = document.state
        return Snapshot(
            document.text,
            tuple(document.runs()),
            dict(document.generations),
            document.history.undo_steps,
            document.history.redo_steps,
            state,
            self.format,
            self.fingerprint,
            self.keeps_authorship,
        )


@dataclass(frozen=True)
class Snapshot:
    """A document in one moment. `expected` is the file as it is known; None for one that is not there."""

    text: str
    runs: tuple[Run, ...]
    generations: Mapping[str, GenerationRecord]
    undo: tuple[Step, ...]
    redo: tuple[Step, ...]
    state: DocumentState
    format: TextFormat
    expected: Fingerprint | None
    keeps_authorship: bool = True


@dataclass(frozen=True)
class Opened:
    """`held_by` is who has the manuscript open already: then it is read-only here."""

    manuscript: Manuscript
    notices: tuple[str, ...]
    held_by: HeldBy | None = None


@dataclass(frozen=True)
class SavedAs:
    """Where and how a snapshot was saved. `displaced`: another program's text was found in the last moment, and kept
    as a version."""

    path: Path
    format: TextFormat
    fingerprint: Fingerprint
    notices: tuple[str, ...]
    displaced: bool = False


def open_manuscript(path: Path, desk: Desk, encoding: str | None = None, *, despite: HeldBy | None = None) -> Opened:
    """Read a file with all that is known of it. Raises WriterError.

    encoding -- a codec that the writer has chosen
    despite -- who has it open; the writer wants it all the same
    """
    file = open_text(path, desk.ops, encoding)
    if file.read_only:
        return Opened(_manuscript(file, Document(file.text)), (file.notice,) if file.notice else ())
    taken = (
        DocumentLock.take(file.path, desk.ops, desk.me, desk.now(), desk.locks)
        if despite is None
        else despite.take_over()
    )
    known = read_sidecar(file.path, file.text, desk.ops)
    document = Document(file.text, known.runs, known.generations, known.notes)
    notices = [file.notice, known.notice]
    try:
        history = load_history(_history_file(file.path, desk), file.text, desk.ops)
    except NewerHistoryError as error:
        history = None
        notices.append(str(error))
    if history is not None:
        document.restore_history(history.undo, history.redo)
        for record in history.generations:
            document.add_generation(record)
    manuscript = _manuscript(file, document)
    manuscript.keeps_authorship = not known.must_stay
    if isinstance(taken, HeldBy):
        manuscript.read_only = taken.description
        return Opened(manuscript, tuple(notice for notice in notices if notice), taken)
    manuscript.lock = taken.lock
    return Opened(manuscript, tuple(notice for notice in (*notices, taken.notice) if notice))


def save_manuscript(
    snapshot: Snapshot,
    path: Path,
    desk: Desk,
    *,
    overwrite: bool = False,
    in_place: bool = False,
    keeps_version: bool = True,
) -> SavedAs:
    """Put a snapshot on the disk, with its authorship, its undo and a version of it. Raises WriterError: then the file
    is as it was. What belongs to the file but is not the text never makes a save fail; a notice tells.

    overwrite -- the writer has said so: whatever stands there goes (it is kept as a version)
    in_place -- write into the file itself, which a crash could cut short, where its folder takes no new files
    keeps_version -- the snapshot becomes a version
    """
    target, key = desk.ops.resolve(path), document_key(path)
    if overwrite:
        _keep_present_file(target, key, desk)
    saved = save_text(
        path,
        snapshot.text,
        snapshot.format,
        desk.ops,
        expected=snapshot.expected,
        rescue=desk.recovery,
        overwrite=overwrite,
        in_place=in_place,
    )
    if saved.displaced is not None:
        desk.versions.add_bytes(key, saved.displaced, desk.now())
    notices = list(saved.notices)
    used = {run.generation for run in snapshot.runs}
    generations = [record for record in snapshot.generations.values() if record.id in used]
    history_file = _history_file(target, desk)
    everything, undo, redo = snapshot.generations.values(), snapshot.undo, snapshot.redo
    text, runs, notes, now = snapshot.text, snapshot.runs, snapshot.state.notes, desk.now()
    beside: list[tuple[str, Callable[[], object]]] = [
        ("what undo needs later", lambda: save_history(history_file, text, undo, redo, everything, desk.ops)),
    ]
    if keeps_version:
        add = partial(desk.versions.add, key, text, runs, generations, Reason.SAVE, now)
        beside += [("a version of it", add), ("fewer versions", lambda: desk.versions.thin(key, now))]
    if snapshot.keeps_authorship:
        what = "who wrote what and your notes for the model" if notes else "who wrote what"
        beside.append((what, lambda: write_sidecar(target, text, runs, generations, desk.ops, notes)))
    elif notes:
        notices.append(
            f"{target.name} is saved, but your notes for the model could not be kept: the record beside it, which must "
            "stay as it is, is in their place."
        )
    for what, put in beside:
        try:
            put()
        except WriterError as error:
            notices.append(f"{target.name} is saved, but {what} could not be kept: {error.message}")
    was_displaced = saved.displaced is not None and not overwrite
    return SavedAs(target, saved.format, saved.fingerprint, tuple(notices), was_displaced)


def save_manuscript_as(
    snapshot: Snapshot, path: Path, desk: Desk, former_key: str, *, keeps_former: bool
) -> tuple[SavedAs, DocumentLock]:
    """Put a snapshot into another file, which the writer has chosen knowing what stands there. Raises WriterError, also
    when that file is open in another Writer.

    former_key, keeps_former -- whose versions come along, and whether they stay where they were too
    """
    taken = DocumentLock.take(path, desk.ops, desk.me, desk.now(), desk.locks)
    if isinstance(taken, HeldBy):
        raise WriterError(taken.description, "Close it there, or choose another name.")
    versions = desk.versions
    try:
        with suppress(WriterError):  # older versions are no reason not to save
            versions.adopt(former_key, document_key(path), keep_old=True)
        saved = save_manuscript(snapshot, path, desk, overwrite=True)
    except WriterError:
        taken.lock.release()
        raise
    if not keeps_former:
        with suppress(WriterError):
            for version in versions.list(former_key):
                versions.delete(version)
    return saved, taken.lock


def _manuscript(file: OpenedFile, document: Document) -> Manuscript:
    return Manuscript(document, file.path, file.format, file.fingerprint, read_only=file.read_only)


def _history_file(target: Path, desk: Desk) -> Path:
    return desk.histories / f"{document_key(target)}.undo"


def _keep_present_file(target: Path, key: str, desk: Desk) -> None:
    """What stands where a text is about to be saved, as far as it is a file that can be read."""
    with suppress(OSError, WriterError):
        if desk.ops.kind(target) == "file" and desk.ops.stat(target).st_size <= MAX_FILE_BYTES:
            desk.versions.add_bytes(key, desk.ops.read(target), desk.now())
