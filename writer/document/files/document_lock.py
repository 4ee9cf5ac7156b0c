"""A file beside the manuscript that says who has it open, so that two windows do not write over each other.

`story.txt` open means that `.story.txt.writer-lock` stands beside it: a JSON object with `format` (1), `token` (random,
of this opening), `since` (ISO 8601) and what `Process` tells of the process. Where the folder takes no file, one in a
folder of the user's own stands for it. The lock is advice: it keeps nobody from writing, it tells.
"""

import contextlib
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from writer.document.files.companion import companion
from writer.document.files.file_errors import shown_name
from writer.document.files.file_ops import FileOps
from writer.document.files.process import Fate, Process
from writer.document.files.staged_file import staged_path
from writer.document.files.strict_json import parse_object

if sys.platform != "win32":
    import fcntl

LOCK_SUFFIX = ".writer-lock"

_LARGEST_BYTES = 16_384
_LONGEST_WORD = 60  # of what a lock file says, shown to the user
_PATIENCE_S = 1.0  # for another process that is at the same lock; it needs milliseconds
_UNFINISHED_S = 0.2  # a lock file without sense may be one that is being written
_PAUSE_S = 0.01
_N_TRIES = 20


@dataclass(frozen=True)
class Taken:
    """The lock is ours. `notice` is a sentence for the user when no other process can see that ("" else)."""

    lock: "DocumentLock"
    notice: str = ""


@dataclass(frozen=True)
class HeldBy:
    """Somebody else has the manuscript open, or may have.

    description -- one sentence for the user: who, where, since when
    pid, host -- None and "" when the lock file does not tell
    may_be_stale -- it cannot be told from here whether that process still runs: the user must know
    """

    description: str
    pid: int | None
    host: str
    may_be_stale: bool
    _request: "_Request" = field(repr=False, compare=False)
    _seen: "_Entry" = field(repr=False, compare=False)

    def take_over(self) -> "Taken | HeldBy":
        """Take the lock all the same, as the user wishes; HeldBy again when meanwhile yet another process has it.

        The former holder's `still_mine` becomes False."""
        return self._request.take(despite=self._seen)


class DocumentLock:
    """A lock that was taken. One thread at a time calls its methods."""

    def __init__(self, request: "_Request", place: Path | None, content: bytes) -> None:
        """place -- the lock file; None when none could be written, and no other process can see the lock."""
        self._request, self._place, self._content = request, place, content
        self._is_released = False

    @staticmethod
    def take(path: Path, ops: FileOps, me: Process, now: datetime, fallback: Path) -> Taken | HeldBy:
        """Take the lock of a manuscript that is being opened, by whichever name or link.

        A lock whose process has ended, or ran before this start of the computer, or is `me`, is taken over without a
        word. Among processes of one computer that try at the same time exactly one gets it.

        now -- the time, with its offset from UTC, for others to read
        fallback -- a folder for locks of manuscripts in folders that take none; made when needed
        """
        return _Request(path, ops, me, now, fallback).take()

    def still_mine(self) -> bool:
        """Whether nobody else is known to have taken the lock over. A lock file that has vanished is put back."""
        if self._is_released or self._place is None:
            return not self._is_released
        entry = _read(self._place, self._request.ops)
        if entry.state is not _State.MISSING:
            return entry.data in (self._content, b"")
        answer = self._request.take()
        if isinstance(answer, HeldBy):
            return False
        self._place, self._content = answer.lock._place, answer.lock._content
        return True

    def release(self) -> None:
        """The manuscript is closed: remove the lock file, if it is still ours. What cannot be removed goes stale."""
        self._is_released = True
        if self._place is None:
            return
        ops = self._request.ops
        with contextlib.suppress(OSError), _alone_in({self._place.parent}, ops):
            if _read(self._place, ops).data == self._content:
                ops.remove(self._place)


class _State(Enum):
    MISSING = auto()
    VALID = auto()
    UNREADABLE = auto()  # damaged, or not for this user to read, or no file at all
    UNREACHABLE = auto()  # its folder or disk is


@dataclass(frozen=True)
class _Entry:
    """What stands at a lock's place."""

    state: _State
    data: bytes = b""
    holder: Process | None = None
    since: str = ""


@dataclass(frozen=True)
class _Request:
    """The wish to open a manuscript."""

    path: Path
    ops: FileOps
    me: Process
    now: datetime
    fallback: Path

    def take(self, despite: _Entry | None = None) -> Taken | HeldBy:
        """despite -- the lock that the user wants taken over, whoever has it"""
        try:
            target = self.ops.resolve(self.path)
        except OSError:
            target = self.path.absolute()
        digest = hashlib.sha256(os.fsencode(target)).hexdigest()[:32]
        places = companion(target, ".", LOCK_SUFFIX), self.fallback / f"{digest}{LOCK_SUFFIX}"
        about = {"format": 1, "token": secrets.token_hex(8), "since": self.now.isoformat(timespec="seconds")}
        content = json.dumps({**about, **self.me.to_json()}, indent=1).encode("utf-8") + b"\n"
        with _alone_in({place.parent for place in places}, self.ops):
            for _ in range(_N_TRIES):
                entries = {place: _read(place, self.ops) for place in places}
                for entry in entries.values():
                    held = None if entry == despite else self._judge(entry)
                    if held is not None:
                        return held
                try:
                    place, reason = self._put(content, entries)
                    break
                except FileExistsError:  # somebody else was quicker
                    place, reason = None, "another one comes and goes"
        lock = DocumentLock(self, place, content)
        if place is not None:
            return Taken(lock)
        told = f"Other windows cannot see that {shown_name(target)} is open here"
        return Taken(lock, f"{told}: no lock file could be written ({reason}).")

    def _put(self, content: bytes, entries: dict[Path, _Entry]) -> tuple[Path | None, str]:
        """(the place that took the lock, why none did), with the locks that do not count any more put away.

        Raises FileExistsError when somebody else's came in between."""
        taken, reason = None, ""
        for place, entry in entries.items():
            try:
                if entry.state is not _State.MISSING:
                    _put_away(place, entry, self.ops)
                if taken is None:
                    if place.parent == self.fallback:
                        with contextlib.suppress(OSError):  # then no file can be created in it either
                            self.ops.make_folder(self.fallback)
                    _create(place, content, self.ops)
                    taken = place
            except FileExistsError:
                raise
            except OSError as error:
                reason = reason or error.strerror or "the system refused"
        return taken, reason

    def _judge(self, entry: _Entry) -> HeldBy | None:
        """Who holds the lock; None when nobody does any more."""
        name, holder = shown_name(self.path), entry.holder
        if entry.state in (_State.MISSING, _State.UNREACHABLE):
            return None
        if holder is None:
            told = f"A lock file of {name} cannot be read: another window of Writer may have it open."
            return HeldBy(told, None, "", True, self, entry)
        fate = self.me.fate_of(holder)
        if fate is Fate.ENDED or (fate is Fate.RUNS and holder.pid == self.me.pid):
            return None
        user, host = _word(holder.user), _word(holder.host)
        who = f"process {holder.pid}{f' of {user}' if user else ''} on {host or 'an unnamed computer'}{entry.since}"
        if fate is Fate.RUNS:
            told = f"{name} is open in another window of Writer: {who}."
        else:
            told = f"{name} was opened elsewhere and may still be open there: {who}."
        return HeldBy(told, holder.pid, host, fate is Fate.UNKNOWN, self, entry)


def _read(place: Path, ops: FileOps) -> _Entry:
    until = ops.monotonic() + _UNFINISHED_S
    while True:
        try:
            kind = ops.kind(place)
            if kind == "missing":
                return _Entry(_State.UNREADABLE if place.is_symlink() else _State.MISSING)
            if kind != "file" or ops.stat(place).st_size > _LARGEST_BYTES:
                return _Entry(_State.UNREADABLE)
        except OSError:
            return _Entry(_State.UNREACHABLE)
        try:
            data = ops.read(place)
            values = parse_object(data)
            return _Entry(_State.VALID, data, Process.from_json(values), _since(values.get("since")))
        except FileNotFoundError:
            return _Entry(_State.MISSING)
        except OSError:
            return _Entry(_State.UNREADABLE)
        except ValueError:
            if ops.monotonic() > until:
                return _Entry(_State.UNREADABLE, data)
        ops.pause(_PAUSE_S)


def _create(place: Path, content: bytes, ops: FileOps) -> None:
    """Raises FileExistsError when something stands there, OSError when it cannot be written; leaves no half of it."""
    descriptor = ops.create(place, 0o666)  # others shall see who has it open; the process's mask takes from that
    try:
        with ops.closing(descriptor):
            ops.write_all(descriptor, content)
            ops.sync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            ops.remove(place)
        raise


def _put_away(place: Path, judged: _Entry, ops: FileOps) -> None:
    """Free the place of the lock that was judged. One that somebody has put there since then stays."""
    if ops.kind(place) == "folder":
        raise IsADirectoryError(f"{place} is a folder")
    aside = staged_path(place)
    try:
        ops.replace(place, aside)
    except FileNotFoundError:
        return
    moved = _read(aside, ops)
    if (moved.state, moved.data) != (judged.state, judged.data):
        try:
            ops.link(aside, place)
        except FileExistsError:
            pass
        except OSError:  # a disk without links
            ops.replace(aside, place)
            return
    ops.remove(aside)


@contextlib.contextmanager
def _alone_in(folders: set[Path], ops: FileOps) -> Iterator[None]:
    """Keep other processes of this computer from taking or releasing locks in `folders` meanwhile, where that can be.

    It ends with the process, however that ends. Where it cannot be, `_put_away` tells what came in between."""
    with contextlib.ExitStack() as stack:
        for folder in sorted(folders):  # in one order, or two would wait for each other
            if sys.platform != "win32":
                with contextlib.suppress(OSError):
                    descriptor = os.open(folder, os.O_RDONLY)
                    stack.callback(os.close, descriptor)
                    until = ops.monotonic() + _PATIENCE_S
                    while ops.monotonic() < until:
                        with contextlib.suppress(BlockingIOError):
                            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                            break
                        ops.pause(_PAUSE_S)
        yield


def _since(told: object) -> str:
    """ ", since ..." as users read it, or "" when it is no time."""
    try:
        return f", since {datetime.fromisoformat(str(told)):%Y-%m-%d %H:%M}"
    except ValueError:
        return ""


def _word(told: str) -> str:
    """A name that somebody's file gave, as a short piece of one line."""
    return "".join(character for character in told if character.isprintable())[:_LONGEST_WORD]
