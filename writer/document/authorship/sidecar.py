"""Who wrote what, and the notes for the model, kept beside the manuscript: `story.txt.writer.json` for `story.txt`.

`authorship_record` describes the format.
"""

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from writer.document.authorship.authorship_record import AuthorshipRecord, NewerSidecarError
from writer.document.files.companion import companion
from writer.document.files.file_errors import cannot, shown_name
from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import StagedFile
from writer.document.generation_record import GenerationRecord
from writer.document.notes import NO_NOTES, Notes
from writer.document.provenance import Run
from writer.errors import WriterError

SIDECAR_SUFFIX = ".writer.json"

_LARGEST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class SidecarResult:
    """What is known of a manuscript beside its text.

    runs -- its authorship, from the first to the last character; None when nothing is known
    notice -- a sentence for the user when something is not as it was left ("" else)
    must_stay -- there is a record that cannot be used now, but may be another time or by a newer Writer: whoever calls
                 `write_sidecar` in this session loses it
    notes -- as in `Document.notes`
    """

    runs: list[Run] | None = None
    generations: tuple[GenerationRecord, ...] = ()
    notice: str = ""
    must_stay: bool = False
    notes: Notes = field(default_factory=dict)


def sidecar_path(path_of_text: Path, ops: FileOps) -> Path:
    """Where the record stands, by whichever link the manuscript is called."""
    return companion(ops.resolve(path_of_text), "", SIDECAR_SUFFIX)


def read_sidecar(path_of_text: Path, text: str, ops: FileOps) -> SidecarResult:
    """The authorship and notes of a manuscript that was opened. Raises nothing: `notice` tells what cannot be used.

    text -- the manuscript, as the document has it
    """
    name = shown_name(path_of_text)
    unknown = f"Who wrote what in {name} is not known, and all of it counts as yours"
    try:
        record = _read(sidecar_path(path_of_text, ops), ops)
    except NewerSidecarError:
        return SidecarResult(notice=f"{unknown}: a newer Writer has recorded it. Update Writer.", must_stay=True)
    except OSError as error:
        reason = error.strerror or "the system refused"
        return SidecarResult(notice=f"{unknown}: its record cannot be read ({reason}).", must_stay=True)
    except ValueError:
        return SidecarResult(notice=f"{unknown}: its record is damaged. The next save sets it aside.")
    if record is None:
        return SidecarResult()
    runs, n_lost = record.runs_of(text)
    notice = ""
    if record.is_damaged:
        notice = f"The record of who wrote what in {name} is damaged: what it does not tell counts as yours."
    elif record.has_lost_notes:
        notice = f"Your notes for the model beside {name} are damaged. The next save sets them aside."
    elif n_lost:
        notice = (
            f"{name} was edited elsewhere: {n_lost} of the {len(record.spans)} passages by the model could not be "
            "found again in full, and what is missing counts as yours."
        )
    return SidecarResult(runs, record.generations, notice, notes=record.notes)


def write_sidecar(
    path_of_text: Path,
    text: str,
    runs: Iterable[Run],
    generations: Iterable[GenerationRecord],
    ops: FileOps,
    notes: Notes = NO_NOTES,
) -> None:
    """Keep the authorship and notes of a manuscript that was saved. A failure leaves the old record as it was.

    Nothing is written for a text by the human alone without notes, unless there is a record already. A damaged record
    is set aside under a name that ends with `.damaged`. Raises WriterError; NewerSidecarError when a newer Writer wrote
    the record.

    text -- what was saved
    runs -- its authorship from the first to the last character
    """
    try:
        sidecar = sidecar_path(path_of_text, ops)
        try:
            old, is_broken = _read(sidecar, ops), False
        except ValueError:
            old, is_broken = None, True
        record = AuthorshipRecord.of(text, runs, generations, notes, old.others if old else {})
        if record == old or (old is None and not is_broken and not record.spans and not record.notes):
            return
        data = record.to_bytes()
        if len(data) > _LARGEST_BYTES:
            raise WriterError(f"The record of who wrote what in {shown_name(path_of_text)} is too large to be kept.")
        staged = StagedFile(sidecar, data, ops, _mode(path_of_text, ops))
        if is_broken or (old is not None and (old.is_damaged or old.has_lost_notes)):
            try:
                ops.replace(sidecar, _name_for_damaged(path_of_text, ops))
            except BaseException:
                staged.discard()
                raise
        staged.put_in_place()
    except OSError as error:
        raise cannot("save", companion(path_of_text, "", SIDECAR_SUFFIX), error, ops) from error


def _read(sidecar: Path, ops: FileOps) -> AuthorshipRecord | None:
    """None when there is none. Raises OSError, ValueError for a damaged one, NewerSidecarError."""
    kind = ops.kind(sidecar)
    if kind == "missing":
        return None
    if kind != "file":
        raise OSError(errno.EEXIST, "something that is no file stands there")
    if ops.stat(sidecar).st_size > _LARGEST_BYTES:
        raise ValueError("too large")
    return AuthorshipRecord.from_bytes(ops.read(sidecar))


def _mode(path_of_text: Path, ops: FileOps) -> int:
    """Permission bits: whoever may read the manuscript may read this."""
    try:
        return ops.stat(path_of_text).st_mode & 0o666 | 0o600
    except FileNotFoundError:
        return 0o666  # the process's mask takes from that


def _name_for_damaged(path_of_text: Path, ops: FileOps) -> Path:
    """A name that nothing has."""
    target, number = ops.resolve(path_of_text), 1
    while True:
        path = companion(target, "", f"{SIDECAR_SUFFIX}.damaged{f'-{number}' if number > 1 else ''}")
        if ops.kind(path) == "missing":
            return path
        number += 1
