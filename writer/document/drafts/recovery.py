"""Drafts that a crash left behind: listed, recovered, put away. Nothing but the writer's word removes one."""

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from writer.document.change import Change
from writer.document.drafts.journal import SUFFIX, Draft, parse_name
from writer.document.drafts.journal_file import TRASH, TRASH_STAMP, is_in_use, is_own, lock_path, move_to_trash
from writer.document.drafts.journal_header import Header, read_header
from writer.document.drafts.journal_replay import Replay, replay
from writer.document.drafts.rescued_copy import rescued_copy
from writer.document.files.encoding import decode
from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import STAGED_SUFFIX
from writer.document.files.text_file import MAX_FILE_BYTES
from writer.document.generation_record import GenerationRecord
from writer.document.notes import Notes
from writer.document.provenance import Author, Run
from writer.document.word_count import count_words
from writer.errors import WriterError

KEPT_IN_TRASH = timedelta(days=30)

_STAGED = re.compile(r"\.(.+" + re.escape(SUFFIX) + r")\.[0-9a-f]+" + re.escape(STAGED_SUFFIX))
_STAMPED = re.compile(r"\.?(\d{8}T\d{6}Z)-")


class DraftState(StrEnum):
    """How much of a draft can be recovered."""

    WHOLE = "whole"
    PARTIAL = "partial"  # something is damaged
    UNREADABLE = "unreadable"
    NEWER = "newer"  # a later Writer wrote it


class FileOnDisk(StrEnum):
    """What the draft's manuscript holds now."""

    NONE = "none"  # it was never saved
    BASE = "base"  # what the edits are based on
    SAVED = "saved"  # a later state of this draft: it was saved right before the crash
    CHANGED = "changed"  # something else: both are to be kept
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class DraftFound:
    """A draft in a list.

    last_changed -- the file's own time, for showing only: clocks jump
    order -- the higher, the newer
    problem -- what is damaged, in sentences; "" for nothing
    in_use -- whether a process, this one too, is writing it
    is_copy -- no journal, but the whole text as it was to be written into the file of that title itself
    """

    journal: Path
    id: str
    title: str
    path: Path | None
    n_words: int
    last_changed: datetime
    order: int
    state: DraftState
    problem: str
    in_use: bool
    is_copy: bool = False

    @property
    def recoverable(self) -> bool:
        return self.state in (DraftState.WHOLE, DraftState.PARTIAL) and not self.in_use


@dataclass(frozen=True)
class Recovered:
    """A draft's text, and how it came from the text it started with.

    base_saved -- whether the manuscript holds `base_text`, or there is none and that is empty
    changes -- lead from `base_text` to `text`
    base_notes, notes -- `Document.notes` that went with the one and with the other; None where they are not told
    """

    draft: Draft
    base_text: str
    base_runs: tuple[Run, ...]
    base_saved: bool
    changes: tuple[Change, ...]
    text: str
    runs: tuple[Run, ...]
    generations: tuple[GenerationRecord, ...]
    caret: int | None
    file_on_disk: FileOnDisk
    problem: str
    base_notes: Notes | None = None
    notes: Notes | None = None


def list_drafts(folders: Iterable[Path], ops: FileOps) -> list[DraftFound]:
    """The drafts in the folders, the newest first. Reads each of them through; never raises."""
    found: list[DraftFound] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            for name in ops.names(folder) if is_own(folder, ops) else []:
                parsed = parse_name(name)
                path = folder / name
                draft = _look_at(path, *parsed, ops) if parsed is not None else _look_at_copy(path, ops)
                if draft is not None:
                    found.append(draft)
    return sorted(found, key=lambda draft: (draft.order, draft.last_changed), reverse=True)


def recover(found: DraftFound, ops: FileOps) -> Recovered:
    """The draft's text, as far as its journal proves it. Only reads. Raises WriterError when there is none."""
    try:
        if found.is_copy:
            return _recover_copy(found, ops)
        data = ops.read(found.journal)
    except OSError as error:
        raise WriterError(
            f"The draft “{found.title}” cannot be read: {error.strerror}.", f"It is in {found.journal}."
        ) from error
    header = read_header(data.partition(b"\n")[0], found.id)
    disk = _Manuscript(header.draft, ops)
    state = replay(data, found.id, disk.watch)
    if header.needs or state.base is None:
        raise WriterError(_newer(header) if header.needs else state.problem, f"It is kept in {found.journal}.")
    text = state.buffer.text
    return Recovered(
        draft=header.draft,
        base_text=state.base.text,
        base_runs=state.base.runs,
        base_saved=state.base.saved and disk.holds in (FileOnDisk.NONE, FileOnDisk.BASE),
        changes=tuple(state.changes),
        text=text,
        runs=tuple(state.provenance.runs(0, len(text))),
        generations=tuple(state.generations.values()),
        caret=state.caret,
        file_on_disk=disk.holds,
        problem=_problem(state),
        base_notes=state.base.notes,
        notes=state.notes,
    )


def discard(found: DraftFound, ops: FileOps, now: datetime) -> None:
    """Put the draft into the trash beside it, from where it goes in 30 days. Raises WriterError."""
    if is_in_use(found.journal):
        raise WriterError(f"The draft “{found.title}” is open in a window.", "Close it there first.")
    try:
        move_to_trash(found.journal, ops, now)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WriterError(
            f"The draft “{found.title}” cannot be put away: {error.strerror}.",
            f"Check the folder {found.journal.parent}.",
        ) from error
    with contextlib.suppress(OSError):
        ops.remove(lock_path(found.journal))


def empty_trash(folder: Path, ops: FileOps, now: datetime) -> None:
    """Remove what was put away more than 30 days ago, and what processes left half made that ended in the middle.
    Never raises.
    """
    for name in _names(folder / TRASH, ops):
        put_away = _put_away_at(name)
        if put_away is not None and now - put_away > KEPT_IN_TRASH:
            _remove(folder / TRASH / name, ops)
    for name in _names(folder, ops):
        journal = _STAGED.fullmatch(name)
        if journal is not None and not is_in_use(folder / journal[1]):
            _remove(folder / name, ops)


def _put_away_at(name: str) -> datetime | None:
    """When a file came into the trash; None for one that Writer did not put there."""
    stamp = _STAMPED.match(name)
    if stamp is None:
        return None
    try:
        return datetime.strptime(stamp[1], TRASH_STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _look_at(journal: Path, order: int, draft_id: str, ops: FileOps) -> DraftFound | None:
    """None when it is gone, or no file."""
    last_changed = datetime.fromtimestamp(0, UTC)
    in_use = is_in_use(journal)
    try:
        if ops.kind(journal) != "file":
            return None
        with contextlib.suppress(ValueError, OverflowError, OSError):  # a file dated to no year that there is
            last_changed = datetime.fromtimestamp(ops.stat(journal).st_mtime, UTC)
        data = ops.read(journal)
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = f"The draft cannot be read: {error.strerror}."
        return DraftFound(journal, draft_id, "", None, 0, last_changed, order, DraftState.UNREADABLE, problem, in_use)
    state = replay(data, draft_id)
    draft, problem = state.header.draft, _problem(state)
    if state.header.needs:
        kind = DraftState.NEWER
    elif state.base is None:
        kind = DraftState.UNREADABLE
    else:
        kind = DraftState.PARTIAL if problem else DraftState.WHOLE
    n_words = count_words(state.buffer.text)
    return DraftFound(journal, draft_id, draft.title, draft.path, n_words, last_changed, order, kind, problem, in_use)


def _look_at_copy(path: Path, ops: FileOps) -> DraftFound | None:
    copy = rescued_copy(path, ops)
    if copy is None:
        return None
    draft, loaded, written = copy
    state = DraftState.UNREADABLE if loaded.read_only else DraftState.WHOLE
    n_words = count_words(loaded.text)
    problem = loaded.read_only
    return DraftFound(
        path, draft.id, draft.title, None, n_words, written, 0, state, problem, in_use=False, is_copy=True
    )


def _recover_copy(found: DraftFound, ops: FileOps) -> Recovered:
    """Raises WriterError, OSError."""
    copy = rescued_copy(found.journal, ops)
    if copy is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(found.journal))
    draft, loaded, _ = copy
    if loaded.read_only:
        raise WriterError(loaded.read_only, f"It is kept in {found.journal}.")
    text = loaded.text
    runs = (Run(len(text), Author.HUMAN),) if text else ()
    return Recovered(draft, text, runs, False, (), text, runs, (), None, FileOnDisk.NONE, loaded.notice)


def _problem(state: Replay) -> str:
    """All that is damaged, in sentences."""
    if state.header.needs:
        return _newer(state.header)
    return " ".join([*state.header.problems, state.problem]).strip()


def _newer(header: Header) -> str:
    return "The draft needs a newer Writer." if header.needs == "?" else f"The draft needs Writer ≥ {header.needs}."


class _Manuscript:
    """What the draft's file holds, compared with every state of the draft."""

    def __init__(self, draft: Draft, ops: FileOps) -> None:
        self.holds = FileOnDisk.NONE
        self._text: str | None = None
        self._sha256_known = bool(draft.sha256)
        if draft.path is None:
            return
        try:
            kind = ops.kind(draft.path)
            small = kind == "file" and ops.stat(draft.path).st_size <= MAX_FILE_BYTES
            data = ops.read(draft.path) if small else b""
        except OSError:
            kind = "other"
        if kind != "file":
            self.holds = FileOnDisk.MISSING if kind == "missing" else FileOnDisk.UNREADABLE
        elif hashlib.sha256(data).hexdigest() == draft.sha256:
            self.holds = FileOnDisk.BASE
        else:
            self.holds = FileOnDisk.CHANGED
            loaded = decode(data, draft.path.name, draft.format.encoding)
            self._text = None if loaded.read_only else loaded.text

    def watch(self, state: Replay) -> None:
        if self._text is None or len(state.buffer) != len(self._text):
            return
        last = state.changes[-1] if state.changes else None
        if last is not None and self._text[last.start : last.inserted_end] != last.inserted:
            return
        if state.buffer.text == self._text:
            at_base = last is None and not self._sha256_known
            self.holds = FileOnDisk.BASE if at_base else FileOnDisk.SAVED
            self._text = None


def _names(folder: Path, ops: FileOps) -> list[str]:
    try:
        return ops.names(folder)
    except OSError:
        return []


def _remove(path: Path, ops: FileOps) -> None:
    with contextlib.suppress(OSError):
        ops.remove(path)
