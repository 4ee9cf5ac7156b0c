"""A draft taken up again: the manuscript as it was when the last edit reached the disk, with its undo."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from writer.document.authorship.sidecar import read_sidecar
from writer.document.change import Change
from writer.document.document import Document
from writer.document.drafts.recovery import DraftFound, FileOnDisk, Recovered, recover
from writer.document.files.document_lock import DocumentLock, Taken
from writer.document.files.encoding import TextFormat, UnencodableCharacter, encode
from writer.document.files.text_file import Fingerprint, fingerprint, sha256
from writer.document.manuscript import Desk, Manuscript
from writer.document.notes import NO_NOTES

_NEVER = -1  # no state of a text has this number: it counts as unsaved whatever undo does


@dataclass(frozen=True)
class TakenUp:
    """`notices` tell what is not as the writer left it."""

    manuscript: Manuscript
    recovered: Recovered
    notices: tuple[str, ...]


def take_up_draft(found: DraftFound, desk: Desk) -> TakenUp:
    """Read a draft. It belongs to its file again unless that holds something else by now: then both stay, and the draft
    has no file. Its journal stays until another one holds all of it. Raises WriterError. Waits for the disk."""
    recovered = recover(found, desk.ops)
    base_notes = NO_NOTES if recovered.base_notes is None else recovered.base_notes
    document = Document(recovered.base_text, recovered.base_runs, recovered.generations, base_notes)
    replay(document, recovered.changes)
    document.set_notes(base_notes if recovered.notes is None else recovered.notes)
    if not recovered.base_saved:
        document.mark_saved(document.state._replace(text=_NEVER, notes=base_notes))
    draft = recovered.draft
    manuscript = Manuscript(document, format=draft.format, draft_id=draft.id)
    notices = [recovered.problem] if recovered.problem else []
    if draft.path is None:
        return TakenUp(manuscript, recovered, tuple(notices))
    name = draft.path.name
    if recovered.file_on_disk in (FileOnDisk.BASE, FileOnDisk.SAVED):
        with suppress(OSError):
            known = fingerprint(draft.path, desk.ops)
            taken = DocumentLock.take(draft.path, desk.ops, desk.me, desk.now(), desk.locks)
            if isinstance(taken, Taken):
                manuscript.path, manuscript.fingerprint, manuscript.lock = draft.path, known, taken.lock
                saved_notes = read_sidecar(draft.path, document.text, desk.ops).notes
                if recovered.notes is None:
                    document.set_notes(saved_notes)
                if _holds(known, document.text, draft.format):
                    document.mark_saved(document.state._replace(notes=saved_notes))
            else:
                notices.append(f"{taken.description} This is a copy of it, with your unsaved text.")
    elif recovered.file_on_disk is FileOnDisk.CHANGED:
        notices.append(
            f"{name} was changed after these edits were made. This is your text, as a copy; the file is as it is."
        )
    else:
        notices.append(f"{name} is not where it was. This is your text, without a file.")
    return TakenUp(manuscript, recovered, tuple(notices))


def replay(document: Document, changes: Iterable[Change]) -> None:
    """Make changes again that were made before, each by its author, so that undo takes them back."""
    for change in changes:
        document.replace(
            change.start, change.removed_end, change.inserted, change.author, change.generation, change.inserted_runs
        )


def _holds(file: Fingerprint, text: str, form: TextFormat) -> bool:
    with suppress(UnencodableCharacter):
        return sha256(encode(text, form)) == file.sha256
    return False
