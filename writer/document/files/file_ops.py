"""Every file call of saving, journalling and recovering, one method each: a test can record, refuse or kill any.

Nothing here decides anything: errors are the system's own OSError. Folders are synced where the system can.
"""

import ctypes
import errno
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REPLACE_PATIENCE_S = 2.5  # Windows: a virus scanner or a sync client holds a new file open for moments
_REPLACE_PAUSE_S = 0.05
_HELD_OPEN = {5, 32, 33}  # ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP}  # some network file systems and FUSE ones
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # <fcntl.h>, <linux/fs.h>
_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None


def held_open(error: OSError) -> bool:
    """Whether Windows refused because another program has the file open."""
    return getattr(error, "winerror", None) in _HELD_OPEN


class FileOps:
    """The real file system."""

    # -- descriptors ---------------------------------------------------------------------------------------------

    def create(self, path: Path, mode: int = 0o600) -> int:
        """A new file open for writing; FileExistsError when anything, a link too, stands there."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.open(path, flags, mode)

    def open_to_append(self, path: Path) -> int:
        """An existing file open for writing at its end."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))

    def open_to_overwrite(self, path: Path) -> int:
        """An existing file open for writing at its beginning, its old content still there."""
        return os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0))

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """How many bytes were taken: it may be fewer than given."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, length: int) -> None:
        os.ftruncate(descriptor, length)

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def sync_data(self, descriptor: int) -> None:
        """As `sync`, without what is only about the file's times."""
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    # -- permissions ---------------------------------------------------------------------------------------------

    def set_mode(self, descriptor: int, mode: int) -> None:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)

    def set_owner(self, descriptor: int, user: int, group: int) -> None:
        if hasattr(os, "fchown"):
            os.fchown(descriptor, user, group)

    def attributes(self, path: Path) -> dict[str, bytes]:
        """Extended attributes, access lists among them; {} where the system has none."""
        if not hasattr(os, "listxattr"):
            return {}
        return {name: os.getxattr(path, name) for name in os.listxattr(path)}

    def set_attribute(self, descriptor: int, name: str, value: bytes) -> None:
        os.setxattr(descriptor, name, value)

    def remove_attribute(self, descriptor: int, name: str) -> None:
        os.removexattr(descriptor, name)

    def may_write(self, path: Path) -> bool:
        """Whether the user may change the file's content."""
        return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)

    # -- names ---------------------------------------------------------------------------------------------------

    def resolve(self, path: Path) -> Path:
        """The absolute path behind all links; the file itself may be missing. Links in a circle stay."""
        return Path(os.path.realpath(path))

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def stat(self, path: Path) -> os.stat_result:
        """Of what a link leads to."""
        return path.stat()

    def names(self, folder: Path) -> list[str]:
        """What is in a folder, sorted."""
        return sorted(path.name for path in folder.iterdir())

    def link(self, path: Path, other: Path) -> None:
        """`other` becomes a second name of the file."""
        os.link(path, other)

    def replace(self, source: Path, target: Path) -> None:
        """Give a file the name of another, which goes. Waits a little where Windows says that it is held open."""
        until = self.monotonic() + _REPLACE_PATIENCE_S
        while True:
            try:
                self.replace_at_once(source, target)
                return
            except PermissionError as error:
                if not held_open(error) or self.monotonic() > until:
                    raise
            self.pause(_REPLACE_PAUSE_S)

    def replace_at_once(self, source: Path, target: Path) -> None:
        source.replace(target)

    def swap(self, path: Path, other: Path) -> None:
        """Two files exchange their names at one blow. OSError also where the system or the disk cannot."""
        if _renameat2 is None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), str(path))
        names = os.fsencode(path), os.fsencode(other)
        if _renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path), None, str(other))

    def remove(self, path: Path) -> None:
        path.unlink()

    def make_folder(self, folder: Path, mode: int = 0o700) -> None:
        """With all folders above it; one that exists stays as it is."""
        folder.mkdir(mode=mode, parents=True, exist_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """What happened to names in `folder` survives a power cut from now on, where the disk knows how to."""
        if os.name == "nt":  # folders cannot be opened there, and renames are journalled
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(descriptor)

    # -- disk and clock ------------------------------------------------------------------------------------------

    def free_bytes(self, folder: Path) -> int:
        """What the user may still write on the disk that holds `folder`."""
        return shutil.disk_usage(folder).free

    def monotonic(self) -> float:
        """Seconds, for waiting."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    # -- made of these -------------------------------------------------------------------------------------------

    def write_all(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            taken = self.write(descriptor, view)
            if taken <= 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            view = view[taken:]

    @contextmanager
    def closing(self, descriptor: int) -> Iterator[int]:
        try:
            yield descriptor
        finally:
            self.close(descriptor)

    def new_file_mode(self) -> int:
        """The permission bits that the user's programs give new files."""
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask

    def kind(self, path: Path) -> str:
        """ "file", "folder", "missing", or "other": a device, a pipe, a socket. A link counts as what it leads to."""
        try:
            mode = self.stat(path).st_mode
        except FileNotFoundError:
            return "missing"
        if stat.S_ISREG(mode):
            return "file"
        return "folder" if stat.S_ISDIR(mode) else "other"
