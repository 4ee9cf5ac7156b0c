"""What went wrong with a file, in words for a writer."""

import errno
from contextlib import suppress
from pathlib import Path

from writer.document.files.file_ops import FileOps, held_open
from writer.errors import WriterError

_ELSEWHERE = "Choose another place."
_FULL = {errno.ENOSPC, errno.EDQUOT}
_GONE = {errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_MISSING = {errno.ENOENT, errno.ENOTDIR}


def cannot(verb: str, path: Path, error: OSError, ops: FileOps, needed: int = 0) -> WriterError:
    """The error to raise when the system refuses to "open" or "save" a file; `needed`: how many bytes that takes."""
    reason, hint = _in_words(path, error, ops, needed)
    return WriterError(f"Cannot {verb} {shown_name(path)}: {reason}.", hint)


def shown_name(path: Path) -> str:
    """A file's name as it can be shown on one line, whatever bytes it has."""
    name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def _in_words(path: Path, error: OSError, ops: FileOps, needed: int) -> tuple[str, str]:
    """(reason, hint)"""
    code = error.errno
    if held_open(error):
        return "another program holds it open", "Close it there, then try again."
    if code in _FULL:
        return _full(path, ops, needed, code == errno.EDQUOT), "Free some space there, or choose another place."
    if code in _MISSING:
        return "there is no such file or folder", "Check the name, or choose another place."
    if code in _FORBIDDEN:
        return "you may not", "Choose another place, or change the permissions."
    if code in _GONE:
        return "its disk is gone", "Connect it again, or choose another place."
    if code == errno.EROFS:
        return f"the disk at {_disk(path, ops)} is read-only", _ELSEWHERE
    if code == errno.EFBIG:
        return f"a file of {_size(needed)} is larger than may be written here", _ELSEWHERE
    if code == errno.EIO:
        return f"the disk at {_disk(path, ops)} reports an error", "Choose a place on another disk."
    if code == errno.ELOOP:
        return "its links lead in a circle", "Choose the file itself, or another name."
    if code == errno.ENAMETOOLONG:
        return "the name is too long", "Choose a shorter one."
    return error.strerror or "the system refused", _ELSEWHERE


def _full(path: Path, ops: FileOps, needed: int, share_only: bool) -> str:
    disk = _disk(path, ops)
    what = f"your share of the disk at {disk} is used up" if share_only else f"the disk at {disk} is full"
    free = ""
    if not share_only:
        with suppress(OSError):
            free = f" and {_size(ops.free_bytes(disk))} are free"
    return f"{what}: {_size(needed)} are needed{free}" if needed else what


def _disk(path: Path, ops: FileOps) -> Path:
    """The topmost folder of the disk that holds `path`."""
    folder = path.parent
    with suppress(OSError):
        folder = ops.resolve(path).parent
        device = ops.stat(folder).st_dev
        while folder != folder.parent and ops.stat(folder.parent).st_dev == device:
            folder = folder.parent
    return folder


def _size(n_bytes: int) -> str:
    if n_bytes < 1_000:
        return f"{n_bytes} bytes"
    return f"{n_bytes / 1_000:,.0f} kB" if n_bytes < 1_000_000 else f"{n_bytes / 1_000_000:,.1f} MB"
