"""The takes of each document, kept so that a good line that was refused is never lost."""

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import is_staged_for, replace_file
from writer.document.takes.take_lines import TakesRead, change_line, take_lines
from writer.document.takes.take_record import Fate, TakeRecord
from writer.errors import WriterError

_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SUFFIX = ".takes"
_LOCK_NAME = ".lock"
_PATIENCE_S = 5.0  # with another Writer that is at the same files
_FILE_MODE = 0o600


class TakeStore:
    """A folder with a file for each document, to whose end each take and each change is added; `take_lines` describes
    it.

    What a method has added when it returns survives a power cut. What the system refuses comes as WriterError: then
    the file has all that it had, and doing the same again does no harm. All methods wait for the disk. Threads may
    share one store; all of them should.
    """

    def __init__(self, folder: Path, ops: FileOps) -> None:
        self._folder, self._ops = folder, ops
        self._lock = threading.Lock()
        self._unsound: set[Path] = set()  # whose last lines may be nowhere but in the system's memory

    def load(self, key: str) -> list[TakeRecord]:
        """The takes of a document, the oldest first. What is damaged is left out."""
        path = self._path(key)
        with self._lock, self._told("read the takes of this text"):
            try:
                data = self._ops.read(path)
            except FileNotFoundError:
                return []
        read = TakesRead.of(data)
        if read.is_wasteful(len(data)):
            with contextlib.suppress(WriterError):  # it is as good as before
                self._write_anew(path)
        return read.records()

    def add(self, key: str, records: Iterable[TakeRecord]) -> None:
        """Keep takes, as newer than all before. One with an id that is there already takes the place of that one."""
        data = take_lines(records)
        if data:
            self._add_lines(self._path(key), data, "keep the takes of this text")

    def set_fates(self, key: str, fates: Mapping[str, Fate]) -> None:
        """By the ids of takes; one that there is no take of changes nothing."""
        self._change(key, {take_id: {"fate": fate} for take_id, fate in fates.items()})

    def set_pinned(self, key: str, take_id: str, is_pinned: bool) -> None:
        """Nothing happens when there is no such take."""
        self._change(key, {take_id: {"is_pinned": is_pinned}})

    def erase(self, key: str, take_id: str) -> None:
        """Take one take off the disk; nothing happens when there is no such take. What grew from it stays."""
        path, what = self._path(key), "erase this take"
        if self._is_there(path, what):
            with self._writing(what):
                self._remove_staged(path)
                read = TakesRead.of(self._ops.read(path))
                if read.takes.pop(take_id, None) is None:  # perhaps since an attempt whose last sync was refused
                    self._ops.sync_folder(self._folder)
                else:
                    self._replace(path, read.to_bytes())
                    self._unsound.discard(path)

    def erase_all(self, key: str) -> None:
        """Take all takes of a document off the disk, those too that this version cannot read."""
        path, what = self._path(key), "erase the takes of this text"
        with self._told(what):
            if self._ops.kind(self._folder) == "missing":
                return
        with self._writing(what):
            self._remove_staged(path)
            with contextlib.suppress(FileNotFoundError):
                self._ops.remove(path)
            self._ops.sync_folder(self._folder)
            self._unsound.discard(path)

    def move(self, old_key: str, new_key: str, *, keep_old: bool = False) -> None:
        """The takes of one document become another's, newer than those that one has already.

        keep_old -- leave them with the first too, whose file still exists
        """
        old, new = self._path(old_key), self._path(new_key)
        what = "keep the takes of this text under its new name"
        if old == new or not self._is_there(old, what):
            return
        with self._writing(what):
            data = self._ops.read(old)
            if not keep_old and old not in self._unsound and self._ops.kind(new) == "missing":
                self._ops.replace(old, new)
                self._ops.sync_folder(self._folder)
                return
            known = TakesRead.of(self._ops.read(new)).takes if self._ops.kind(new) == "file" else {}
            self._append(new, TakesRead.of(data).to_bytes(without=known))
            if not keep_old:
                self._ops.remove(old)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"no key of a document: {key!r}")
        return self._folder / f"{key}{_SUFFIX}"

    def _change(self, key: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        path, what = self._path(key), "keep what became of a take"
        if changes and self._is_there(path, what):
            self._add_lines(path, b"".join(change_line(*change) for change in changes.items()), what)

    def _add_lines(self, path: Path, data: bytes, what: str) -> None:
        with self._writing(what):
            self._append(path, data)

    def _append(self, path: Path, data: bytes) -> None:
        if path in self._unsound:
            with contextlib.suppress(FileNotFoundError):
                data = self._ops.read(path) + data
            self._replace(path, data)
            self._unsound.discard(path)
            return
        try:
            descriptor = self._ops.open_to_append(path)
        except FileNotFoundError:
            self._replace(path, data)
            return
        with self._ops.closing(descriptor):
            length = self._ops.stat(path).st_size
            try:
                self._ops.write_all(descriptor, data)
            except OSError:
                with contextlib.suppress(OSError):  # else a line stays cut, which the next one bears
                    self._ops.truncate(descriptor, length)
                raise
            try:
                self._ops.sync_data(descriptor)
            except OSError:
                self._unsound.add(path)
                raise

    def _write_anew(self, path: Path) -> None:
        with self._writing("make room among the takes of this text"):
            self._replace(path, TakesRead.of(self._ops.read(path)).to_bytes())
            self._unsound.discard(path)

    def _replace(self, path: Path, data: bytes) -> None:
        """Put `data` in the place of all the file holds, wholly or not at all."""
        with contextlib.suppress(OSError):
            self._remove_staged(path)
        replace_file(path, data, self._ops, _FILE_MODE)

    def _remove_staged(self, path: Path) -> None:
        """What a process has left that ended in the middle: this one has the lock."""
        for name in self._ops.names(self._folder):
            if is_staged_for(name, path):
                self._ops.remove(self._folder / name)

    def _is_there(self, path: Path, what: str) -> bool:
        with self._told(what):
            return self._ops.kind(path) == "file"

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """The folder, made if need be, for one thread of one process at a time."""
        with self._lock, self._told(what):
            if self._ops.kind(self._folder) == "missing":
                self._ops.make_folder(self._folder.parent)  # by itself, so that it is the user's own too
                self._ops.make_folder(self._folder)
                self._ops.sync_folder(self._folder.parent)
            lock = FileLock(self._folder / _LOCK_NAME, mode=_FILE_MODE)
            with contextlib.suppress(NotImplementedError):  # no locks there
                lock.acquire(timeout=_PATIENCE_S)
            try:
                yield
            finally:
                lock.release()

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """`what` cannot be done when the system refuses."""
        try:
            yield
        except Timeout as error:
            raise WriterError(f"Cannot {what}: another Writer is busy with them.", "Try again.") from error
        except OSError as error:
            reason = error.strerror or "the system refused"
            raise WriterError(f"Cannot {what}: {reason}.", f"Takes are kept in {self._folder}.") from error
