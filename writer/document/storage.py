"""Opening and saving text files: what was not edited is saved byte for byte, and a failed save leaves the old file.

A save writes a temporary file beside the target, syncs it, renames it over the target and syncs the folder.
"""

import codecs
import errno
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from writer.errors import WriterError

MAX_FILE_BYTES = 64 * 2**20

Newline = Literal["\n", "\r\n", "\r", ""]


@dataclass(frozen=True)
class TextFormat:
    """How a text is stored. `newline` "" means several kinds, kept in the text as they are."""

    encoding: str = "utf-8"  # a codec name; "utf-8-sig" and "utf-16" ones carry `bom`
    bom: bytes = b""
    newline: Newline = "\n"


@dataclass(frozen=True)
class LoadedText:
    text: str
    format: TextFormat


class Files:
    """Every file call of a save, in one place: a test replaces it to let any of them fail."""

    def create_beside(self, target: Path) -> tuple[int, Path]:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
        return descriptor, Path(name)

    def copy_mode(self, target: Path, descriptor: int) -> None:
        """The target's permission bits, or those of any new file."""
        try:
            mode = stat.S_IMODE(target.stat().st_mode)
        except FileNotFoundError:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)

    def write(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        if os.name == "nt":  # folders cannot be opened there, and renames are journalled
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        path.unlink()


def load_text(path: Path) -> LoadedText:
    """Read a text file. Raises WriterError when it cannot be read or is no text."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise WriterError(f"{path.name} is a folder.", "Choose a text file in it.")
        if size > MAX_FILE_BYTES:
            raise WriterError(
                f"{path.name} has {size / 2**20:.0f} MB, more than the {MAX_FILE_BYTES // 2**20} MB Writer opens.",
                "Split it into smaller files.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise _cannot("open", path, error) from error
    return _decode(data, path.name)


def _decode(data: bytes, name: str) -> LoadedText:
    no_text = WriterError(f"{name} is not a text file.", "Writer opens plain text and Markdown.")
    bom, encoding = b"", "utf-8"
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            bom, encoding = mark, codec
    body = data[len(bom) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        if bom or _has_binary_controls(body):
            raise no_text from error
        try:
            encoding = "cp1252"
            text = body.decode(encoding)
        except UnicodeDecodeError:
            raise no_text from error
    if "\0" in text:
        raise no_text
    found: set[Newline] = set()
    bare = text.replace("\r\n", "")
    if len(bare) < len(text):
        found.add("\r\n")
    if "\n" in bare:
        found.add("\n")
    if "\r" in bare:
        found.add("\r")
    newline: Newline = "\n" if not found else found.pop() if len(found) == 1 else ""
    return LoadedText(text.replace(newline, "\n") if newline else text, TextFormat(encoding, bom, newline))


def _has_binary_controls(data: bytes) -> bool:
    allowed = b"\t\n\v\f\r\x1a\x1b"
    return any(byte < 32 and byte not in allowed for byte in data)


def encode_text(text: str, form: TextFormat) -> tuple[bytes, TextFormat]:
    """(bytes, format used): the given one, or UTF-8 where it cannot hold a character of `text`.

    Half characters (lone surrogates, which no file can hold) become U+FFFD."""
    text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text) if not _is_whole(text) else text
    stored = text.replace("\n", form.newline) if form.newline not in ("", "\n") else text
    try:
        return form.bom + stored.encode(form.encoding), form
    except UnicodeEncodeError:
        return stored.encode("utf-8"), TextFormat("utf-8", b"", form.newline)


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def save_text(path: Path, text: str, form: TextFormat, files: Files | None = None) -> TextFormat:
    """Replace the file by `text`, wholly or not at all; returns the format used (see `encode_text`).

    A link is followed, permission bits are kept. Raises WriterError; then the old file stands as it was,
    unless only the last sync of the folder failed: then the new file stands, but a power cut could undo it.
    """
    files = files or Files()
    data, used = encode_text(text, form)
    try:
        target = path.resolve()
        if target.is_dir():
            raise WriterError(f"{path.name} is a folder.", "Save under another name.")
        descriptor, temporary = files.create_beside(target)
    except OSError as error:
        raise _cannot("save", path, error) from error
    try:
        try:
            files.copy_mode(target, descriptor)
            files.write(descriptor, data)
            files.sync(descriptor)
        finally:
            files.close(descriptor)
        files.rename(temporary, target)
    except OSError as error:
        with suppress(OSError):
            files.remove(temporary)
        raise _cannot("save", path, error) from error
    try:
        files.sync_folder(target.parent)
    except OSError as error:
        raise _cannot("save", path, error) from error
    return used


_REASONS = {
    errno.ENOENT: ("there is no such file or folder", "Check the name, or choose another place."),
    errno.EACCES: ("you may not", "Choose another place, or change the permissions."),
    errno.EPERM: ("you may not", "Choose another place, or change the permissions."),
    errno.EROFS: ("the disk is read-only", "Choose another place."),
    errno.ENOSPC: ("the disk is full", "Free some space, then save again."),
    errno.EDQUOT: ("your share of the disk is full", "Free some space, then save again."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
}


def _cannot(verb: str, path: Path, error: OSError) -> WriterError:
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or "the system refused", "Choose another place."))
    return WriterError(f"Cannot {verb} {path.name}: {reason}.", hint)
