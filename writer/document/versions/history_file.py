"""Undo that outlives the window: the steps of a document in a file, found again when the same text is opened."""

import contextlib
import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from writer.document.change import Change
from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import replace_file
from writer.document.generation_record import GenerationRecord
from writer.document.history import Selection, Step
from writer.document.provenance import Author, Run
from writer.document.text_buffer import TextBuffer
from writer.document.versions.packing import (
    as_list,
    as_object,
    compress,
    decompress,
    from_bytes,
    runs_from_json,
    runs_to_json,
    to_bytes,
)
from writer.errors import WriterError

_FORMAT = 1
_HEAD, _HEAD_BYTES = re.compile(rb'\{"format":(\d{1,9})[,}]'), 64
_MAX_CHARACTERS = 8_000_000  # in all changes together
_CHARACTERS_PER_CHANGE = 700  # counted for each: with its runs that makes 10,000 short ones, read in under a second
_CHARACTERS_PER_RUN = 40


@dataclass(frozen=True)
class KeptHistory:
    """What `Document.restore_history` takes, and the records of the generations that undo and redo may bring back."""

    undo: tuple[Step, ...]
    redo: tuple[Step, ...]
    generations: tuple[GenerationRecord, ...]


class NewerHistoryError(WriterError):
    """A newer Writer kept what undo needs, and it is not touched."""


def save_history(
    path: Path,
    text: str,
    undo: Sequence[Step],
    redo: Sequence[Step],
    generations: Iterable[GenerationRecord],
    ops: FileOps,
) -> None:
    """Keep the steps around `text`, those nearest to it first when all would be too much; nothing where a newer Writer
    has kept others. Raises WriterError.

    undo, redo -- as `History.undo_steps` and `redo_steps` give them
    generations -- any; those whose texts the steps hold are kept
    """
    if _is_newer(path, ops):
        return
    room = _MAX_CHARACTERS
    kept_undo = _nearest(undo, room)
    room -= sum(map(_size, kept_undo))
    kept_redo = _nearest(redo, room)
    wanted = {run.generation for step in (*kept_undo, *kept_redo) for change in step.changes for run in _runs(change)}
    values = {
        "format": _FORMAT,  # first: see `_is_newer`
        "text": _sha256(text),
        "undo": [_step_to_json(step) for step in kept_undo],
        "redo": [_step_to_json(step) for step in kept_redo],
        "generations": [record.to_json() for record in generations if record.id in wanted],
    }
    try:
        ops.make_folder(path.parent)
        replace_file(path, compress(to_bytes(values)), ops)
    except OSError as error:
        reason = error.strerror or "the system refused"
        raise WriterError(f"Cannot keep what undo needs: {reason}.", f"It is kept in {path.parent}.") from error


def load_history(path: Path, text: str, ops: FileOps) -> KeptHistory | None:
    """What was kept for exactly this text; None when there is nothing, or nothing that fits it in every step. Raises
    NewerHistoryError."""
    if _is_newer(path, ops):
        raise NewerHistoryError(
            "What undo needs was kept by a newer Writer: it stays, and what you do here can be undone until you close.",
            "Update Writer.",
        )
    with contextlib.suppress(OSError, ValueError):
        values = from_bytes(decompress(ops.read(path)))
        if values.get("format") != _FORMAT or values.get("text") != _sha256(text):
            return None
        undo, redo = (tuple(map(_step_from_json, as_list(values.get(which)))) for which in ("undo", "redo"))
        if _has_an_order(undo, redo) and _leads_to(text, undo, redo):
            records = as_list(values.get("generations"))
            return KeptHistory(undo, redo, tuple(GenerationRecord.from_json(as_object(record)) for record in records))
    return None


def _is_newer(path: Path, ops: FileOps) -> bool:
    """Without unpacking all of it, which can take as long as a save."""
    try:
        begin = zlib.decompressobj().decompress(ops.read(path), _HEAD_BYTES)
    except (OSError, zlib.error):
        return False
    told = _HEAD.match(begin)
    return told is not None and int(told[1]) > _FORMAT


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _nearest(steps: Sequence[Step], room: int) -> Sequence[Step]:
    """The last of `steps`, none left out between them, as many as fit."""
    first = len(steps)
    while first and (room := room - _size(steps[first - 1])) >= 0:
        first -= 1
    return steps[first:]


def _size(step: Step) -> int:
    """What a step counts, in characters."""
    return sum(
        len(change.removed) + len(change.inserted) + _CHARACTERS_PER_RUN * len(_runs(change)) + _CHARACTERS_PER_CHANGE
        for change in step.changes
    )


def _runs(change: Change) -> tuple[Run, ...]:
    return (*change.removed_runs, *change.inserted_runs)


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "label": step.label,
        "before": step.before,
        "after": step.after,
        "selection": step.selection,
        "changes": [
            {
                "start": change.start,
                "removed": change.removed,
                "inserted": change.inserted,
                "author": change.author,
                "generation": change.generation,
                "removed_runs": runs_to_json(change.removed_runs),
                "inserted_runs": runs_to_json(change.inserted_runs),
            }
            for change in step.changes
        ],
    }


def _step_from_json(value: Any) -> Step:
    match value:
        case {"label": str(label), "before": int(before), "after": int(after), "changes": [*changes]}:
            return Step(label, list(map(_change_from_json, changes)), before, after, _selection(value.get("selection")))
        case _:
            raise ValueError("no step")


def _selection(value: Any) -> Selection | None:
    match value:
        case None:
            return None
        case [int(anchor), int(position)] if anchor >= 0 and position >= 0:
            return anchor, position
        case _:
            raise ValueError("no selection")


def _change_from_json(value: Any) -> Change:
    match value:
        case {
            "start": int(start),
            "removed": str(removed),
            "inserted": str(inserted),
            "author": author,
            "generation": str() | None as generation,
            "removed_runs": removed_runs,
            "inserted_runs": inserted_runs,
        }:
            removed_runs = runs_from_json(removed_runs, len(removed))
            inserted_runs = runs_from_json(inserted_runs, len(inserted))
            return Change(start, removed, inserted, Author(author), generation, removed_runs, inserted_runs)
        case _:
            raise ValueError("no change")


def _has_an_order(undo: Sequence[Step], redo: Sequence[Step]) -> bool:
    """Whether each step begins in the state in which the one before it ended, and no state comes twice."""
    steps = [*undo, *reversed(redo)]
    states = {step.after for step in steps} | {step.before for step in steps[:1]}
    return len(states) == len(steps) + bool(steps) and all(
        left.after == right.before for left, right in pairwise(steps)
    )


def _leads_to(text: str, undo: Sequence[Step], redo: Sequence[Step]) -> bool:
    """Whether every change finds what it takes back, or repeats upon, when all of `undo`, or all of `redo`, is done."""
    back = [change.inverse() for step in reversed(undo) for change in reversed(step.changes)]
    forth = [change for step in reversed(redo) for change in step.changes]
    return _apply(text, back) and _apply(text, forth)


def _apply(text: str, changes: Iterable[Change]) -> bool:
    buffer = TextBuffer(text)
    for change in changes:
        if not 0 <= change.start <= change.removed_end <= len(buffer):
            return False
        if buffer.slice(change.start, change.removed_end) != change.removed:
            return False
        buffer.replace(change.start, change.removed_end, change.inserted)
    return True
