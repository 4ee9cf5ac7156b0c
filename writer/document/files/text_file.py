"""A text file as it was opened, and whether it still is so."""

import enum
import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from writer.document.files.encoding import TextFormat, decode
from writer.document.files.file_errors import cannot, shown_name
from writer.document.files.file_ops import FileOps
from writer.errors import WriterError

MAX_FILE_BYTES = 64 * 2**20
LONGEST_LINE = 500_000  # characters; each key would lay out the whole line anew, for a second and more
_SHOWN_LINE = 10_000
_N_READS = 3


@dataclass(frozen=True)
class Fingerprint:
    """What tells a file's content from another's. Size, time and inode cost nothing to compare; the hash is sure."""

    size: int  # bytes
    mtime_ns: int
    inode: int
    sha256: str


@dataclass(frozen=True)
class OpenedFile:
    """`path` is the file itself, behind all links. See `LoadedText` for `read_only` and `notice`."""

    path: Path
    text: str
    format: TextFormat
    fingerprint: Fingerprint
    read_only: str = ""
    notice: str = ""


class FileState(enum.Enum):
    """A file against what it was."""

    UNCHANGED = enum.auto()
    CHANGED = enum.auto()
    DELETED = enum.auto()


def open_text(path: Path, ops: FileOps, encoding: str | None = None) -> OpenedFile:
    """Read a text file, in a codec of `ENCODINGS` when one was chosen. Raises WriterError.

    Only regular files are opened: a pipe or a device could block for ever.
    """
    name = shown_name(path)
    try:
        target = ops.resolve(path)
        refuse_what_is_no_file(target, name, ops)
        size = ops.stat(target).st_size
        if size > MAX_FILE_BYTES:
            raise WriterError(
                f"{name} has {size / 2**20:.0f} MB, more than the {MAX_FILE_BYTES // 2**20} MB Writer opens.",
                "Split it into smaller files.",
            )
        data, found = _read(target, ops)
        writable = ops.may_write(target)
    except OSError as error:
        raise cannot("open", path, error, ops) from error
    loaded = decode(data, name, encoding)
    notices = [loaded.notice] if loaded.notice else []
    if not writable and not loaded.read_only:
        notices.append(f"{name} is write-protected: changes can be saved under another name.")
    text, read_only = loaded.text, loaded.read_only
    if not read_only and (longest := max(map(len, text.split("\n")))) > LONGEST_LINE:
        text = _in_pieces(text)
        read_only = f"{name} has a line of {longest:,} characters, too long to edit, so it can only be read here."
    return OpenedFile(target, text, loaded.format, found, read_only, " ".join(notices))


def _in_pieces(text: str) -> str:
    """With line breaks wherever a line would be too long to show."""
    return "\n".join(
        line[at : at + _SHOWN_LINE] for line in text.split("\n") for at in range(0, max(1, len(line)), _SHOWN_LINE)
    )


def refuse_what_is_no_file(target: Path, name: str, ops: FileOps) -> None:
    """Raises WriterError for a folder, a device, a pipe, a socket; OSError where the system does not even tell."""
    kind = ops.kind(target)
    if kind == "folder":
        raise WriterError(f"{name} is a folder.", "Choose a text file in it, or another name.")
    if kind == "other":
        raise WriterError(f"{name} is a device or a pipe, not a file.", "Choose a text file.")


def fingerprint(path: Path, ops: FileOps) -> Fingerprint:
    """Of a file as it is now. Raises OSError."""
    return _read(path, ops)[1]


def holds(path: Path, known: Fingerprint, ops: FileOps) -> bool:
    """Whether the file's content is the known one, by its hash. Raises OSError."""
    return ops.stat(path).st_size == known.size and sha256(ops.read(path)) == known.sha256


def compare(path: Path, known: Fingerprint, ops: FileOps, *, thorough: bool = False) -> FileState:
    """Whether the file is what it was. Raises OSError when it is there and cannot be read.

    Its content is read only where size, time or inode differ, or when asked to be `thorough`: another program may
    have written a text of the same size and set the time back. The same content written again is no change.
    """
    try:
        info = ops.stat(path)
        if not stat.S_ISREG(info.st_mode):
            return FileState.CHANGED
        same_outside = (info.st_size, info.st_mtime_ns, info.st_ino) == (known.size, known.mtime_ns, known.inode)
        if (same_outside and not thorough) or holds(path, known, ops):
            return FileState.UNCHANGED
    except (FileNotFoundError, NotADirectoryError):
        return FileState.DELETED
    return FileState.CHANGED


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path, ops: FileOps) -> tuple[bytes, Fingerprint]:
    """Content and fingerprint of the same moment, unless another program never stops writing."""
    for _ in range(_N_READS):
        before = ops.stat(path)
        data = ops.read(path)
        after = ops.stat(path)
        if (before.st_mtime_ns, before.st_ino, after.st_size) == (after.st_mtime_ns, after.st_ino, len(data)):
            break
    return data, Fingerprint(before.st_size, before.st_mtime_ns, before.st_ino, sha256(data))
