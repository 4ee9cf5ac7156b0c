"""Writing into a file itself, where its folder takes no new ones: a copy elsewhere keeps the text meanwhile."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from writer.document.files.file_ops import FileOps
from writer.document.files.save_target import SaveTarget
from writer.document.files.staged_file import replace_file
from writer.errors import WriterError

_RESCUED = "rescued-"
_LONGEST_NAME = 55  # characters of the target's name in the copy's: with four bytes each they fit


def write_in_place(target: SaveTarget, rescue: Path, ops: FileOps) -> tuple[os.stat_result, bytes | None]:
    """(the file's stat, what it held instead of the expected content).

    A crash in the middle leaves a damaged file, and the whole new text in the folder `rescue`. Raises OSError when the
    file is as it was, WriterError when it may not be written or may be damaged.
    """
    copy = rescue / f"{_RESCUED}{secrets.token_hex(4)}-{target.name[-_LONGEST_NAME:]}"
    at_risk = False
    try:
        _write_copy(copy, target.data, ops)
        target.check()
        before = ops.read(target.path)
        descriptor = ops.open_to_overwrite(target.path)
        at_risk = True
        try:
            _overwrite(descriptor, target.data, ops)
            _make_sure(target.path, target.data, ops)
            info = ops.stat(target.path)
        except OSError as error:
            at_risk = not _stands_again(target.path, before, ops)
            if at_risk:
                raise WriterError(
                    f"{target.name} could not be written to its end and may be damaged.",
                    f"The whole text is in {copy}.",
                ) from error
            raise
        at_risk = False
        return info, target.unknown(before)
    finally:
        if not at_risk:
            with suppress(OSError):
                ops.remove(copy)


def rescued_name(name: str) -> str | None:
    """Of which file a copy is, by its own name; None for what is no copy."""
    if not name.startswith(_RESCUED):
        return None
    return name.removeprefix(_RESCUED).partition("-")[2] or None


def _write_copy(copy: Path, data: bytes, ops: FileOps) -> None:
    """The text in a file of its own, synced and read again."""
    if ops.kind(copy.parent) == "missing":
        ops.make_folder(copy.parent)
        ops.sync_folder(copy.parent.parent)
    replace_file(copy, data, ops)
    _make_sure(copy, data, ops)


def _make_sure(path: Path, data: bytes, ops: FileOps) -> None:
    if ops.read(path) != data:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def _overwrite(descriptor: int, data: bytes, ops: FileOps) -> None:
    with ops.closing(descriptor):
        ops.write_all(descriptor, data)
        ops.truncate(descriptor, len(data))
        ops.sync(descriptor)


def _stands_again(path: Path, before: bytes, ops: FileOps) -> bool:
    """Whether the file holds, synced, what it held before: it is written once more."""
    with suppress(OSError):
        _overwrite(ops.open_to_overwrite(path), before, ops)
        _make_sure(path, before, ops)
        return True
    return False
