"""One journal on the disk: made whole, appended to, replaced whole, removed; guarded against other processes."""

import contextlib
import errno
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from writer.document.drafts.journal import journal_name, parse_name
from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import StagedFile, replace_file

TRASH = "trash"
TRASH_STAMP = "%Y%m%dT%H%M%SZ"
_LOCK_SUFFIX = ".lock"
_LOCK_PATIENCE_S = 0.2  # another process that lists the drafts holds a lock for a moment
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class JournalFile:
    """A journal that this process writes. The file is complete and synced from the first moment that it has its name.

    All methods raise OSError. Afterwards the file still ends with a whole line, unless `sound` has become False: then
    nothing may be appended any more, and what it holds may not survive a power cut.

    is_gone -- somebody has taken the file away
    """

    def __init__(
        self, folder: Path, draft_id: str, order: int, data: bytes, ops: FileOps, over: Path | None = None
    ) -> None:
        """Make it in `folder`, which is made too. Raises filelock.Timeout, an OSError, while a process, this one too,
        writes a journal of that draft there.

        over -- an earlier journal of the draft in `folder`, whose place it takes: one of the two is there at any moment
        """
        self._ops = ops
        self.sound = self.is_gone = False
        self._descriptor = -1
        prepare_folder(folder, ops)
        self.path = folder / journal_name(order, draft_id)
        self._lock = FileLock(lock_path(self.path), mode=_FILE_MODE)
        with contextlib.suppress(NotImplementedError):  # no locks there: a draft may be offered while it is written
            self._lock.acquire(timeout=_LOCK_PATIENCE_S)
        try:
            if over is None:
                replace_file(self.path, data, ops, _FILE_MODE)
            else:
                replace_file(over, data, ops, _FILE_MODE)
                self._take_name_of(over)
            self._open(len(data))
        except BaseException:
            self._close()
            if over is None:
                with contextlib.suppress(OSError):
                    ops.remove(self.path)
            self._release()
            raise

    def append(self, data: bytes) -> None:
        """Add whole lines; not synced."""
        self._see_that_it_is_there()
        try:
            self._ops.write_all(self._descriptor, data)
        except OSError:
            try:
                self._ops.truncate(self._descriptor, self.length)
            except OSError:
                self.sound = False
            raise
        self.length += len(data)

    def sync(self) -> None:
        """What was appended survives a power cut. After a failure nobody knows what the disk holds."""
        try:
            self._ops.sync_data(self._descriptor)
        except OSError:
            self.sound = False
            raise

    def replace(self, data: bytes) -> None:
        """Put `data` in the place of all it holds: wholly, synced, or not at all."""
        staged = StagedFile(self.path, data, self._ops, _FILE_MODE)
        was_sound, length, identity = self.sound, self.length, self._identity
        self._close()  # Windows does not rename over an open file
        try:
            staged.put_in_place()
        except OSError:
            with contextlib.suppress(OSError):
                self._open(length)
                self.sound = was_sound and self._identity == identity
            raise
        self._open(len(data))

    def remove(self) -> None:
        """Nothing of it is needed any more."""
        self._close()
        try:
            with contextlib.suppress(FileNotFoundError):
                self._ops.remove(self.path)
        finally:
            self._release()

    def move_to_trash(self, now: datetime) -> None:
        self._close()
        try:
            move_to_trash(self.path, self._ops, now)
        finally:
            self._release()

    def close(self) -> None:
        """Leave it for a later recovery."""
        self._close()
        self._release()

    def _see_that_it_is_there(self) -> None:
        try:
            status = self._ops.stat(self.path)
            self.is_gone = (status.st_dev, status.st_ino) != self._identity
        except FileNotFoundError:
            self.is_gone = True
        if self.is_gone:
            self.sound = False
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))

    def _take_name_of(self, old: Path) -> None:
        """Not synced: the file is safe under either name."""
        try:
            self._ops.replace(old, self.path)
        except OSError:
            self.path = old  # only its place in the list of drafts is not the first then

    def _open(self, length: int) -> None:
        self._descriptor = self._ops.open_to_append(self.path)
        self.length = length
        status = self._ops.stat(self.path)
        self._identity = (status.st_dev, status.st_ino)
        self.sound = True

    def _close(self) -> None:
        self.sound = False
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):
                self._ops.close(descriptor)

    def _release(self) -> None:
        self._lock.release()
        with contextlib.suppress(OSError):
            self._ops.remove(lock_path(self.path))


def lock_path(journal: Path) -> Path:
    """The file by whose lock a process tells that it writes a journal of that draft."""
    parsed = parse_name(journal.name)
    return journal.with_name(f"{journal.stem if parsed is None else parsed[1]}{_LOCK_SUFFIX}")


def is_in_use(journal: Path) -> bool:
    """Whether a process, this one too, is writing a journal of that draft."""
    path = lock_path(journal)
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0, mode=_FILE_MODE):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # nobody can tell; a draft offered twice is better than one never offered
        return False


def prepare_folder(folder: Path, ops: FileOps) -> None:
    """Make it, or see that nobody else can get at what is in it. OSError for a link, which may lead anywhere, and for
    a folder of another user's, who may have put it there in wait."""
    if folder.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
    if ops.kind(folder) == "missing":
        ops.make_folder(folder, _FOLDER_MODE)
        ops.sync_folder(folder.parent)
    if not is_own(folder, ops):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(folder))
    if os.name != "nt" and ops.stat(folder).st_mode & 0o077:
        folder.chmod(_FOLDER_MODE)


def is_own(path: Path, ops: FileOps) -> bool:
    """Whether it belongs to the user of this process, as far as the system knows users."""
    return os.name == "nt" or ops.stat(path).st_uid == os.geteuid()


def next_order(folders: Iterable[Path], ops: FileOps) -> int:
    """A number above those of all journals in `folders`."""
    highest = 0
    for folder in folders:
        with contextlib.suppress(OSError):
            highest = max([highest, *(parsed[0] for name in ops.names(folder) if (parsed := parse_name(name)))])
    return highest + 1


def move_to_trash(journal: Path, ops: FileOps, now: datetime) -> None:
    """Out of the list of drafts, into the folder that `empty_trash` empties. Raises OSError."""
    place = _place_in_trash(journal, ops, now)
    ops.replace(journal, place)
    ops.sync_folder(place.parent)
    ops.sync_folder(journal.parent)


def copy_to_trash(journal: Path, ops: FileOps, now: datetime) -> None:
    """Before another journal takes its place. Raises OSError."""
    replace_file(_place_in_trash(journal, ops, now), ops.read(journal), ops, _FILE_MODE)


def _place_in_trash(journal: Path, ops: FileOps, now: datetime) -> Path:
    trash = journal.parent / TRASH
    prepare_folder(trash, ops)
    return trash / f"{now.astimezone(UTC).strftime(TRASH_STAMP)}-{journal.name}"
