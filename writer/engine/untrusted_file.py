"""Files that somebody else wrote, read with care: a pipe would be waited for and a device read without end, and a few
megabytes of JSON can become gigabytes of objects."""

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from writer.errors import WriterError

# The largest tokenizers in use hold 1.6 million values: 200,000 tokens, and 450,000 merges written as pairs.
_MAX_VALUES = 2**21
# Names that mean the same on every system, and nothing but a file in a given folder: no "../" and no "/etc", no "CON"
# and no "a:b" of Windows, nothing that reads from right to left.
_PLAIN_NAME = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[a-z0-9_][a-z0-9._-]{0,200}", re.I | re.A)


def is_plain_name(name: str) -> bool:
    """Whether a stranger's name for a file may become one on the user's disk."""
    return _PLAIN_NAME.fullmatch(name) is not None


def shown(words: object, most_chars: int = 60) -> str:
    """A stranger's words, fit to be shown: not long, and nothing that steers a terminal."""
    return "".join(char for char in str(words)[:most_chars] if char.isprintable())


def open_regular(path: Path) -> BinaryIO:
    """Open for reading, without ever waiting for another program. Raises OSError when that fails, and WriterError for
    a pipe, a device or anything else but a file (or a link to one, of which Hugging Face's cache is made)."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        # Asked of what is open: a name may have come to mean something else since it was looked at.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise WriterError(f"{path.name} is no ordinary file.", "Give the model's own files.")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_capped(path: Path, max_bytes: int) -> bytes:
    """The whole of a file. Raises OSError, and WriterError when it holds more than `max_bytes` or is no file."""
    with open_regular(path) as stream:
        too_large = os.fstat(stream.fileno()).st_size > max_bytes
        data = b"" if too_large else stream.read(max_bytes + 1)  # it may be growing
    if too_large or len(data) > max_bytes:
        raise WriterError(f"{path.name} is far larger than such a file needs to be.", "Get the model again.")
    return data


def parse_json(
    data: bytes,
    max_values: int = _MAX_VALUES,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
) -> Any:
    """Raises ValueError for what is no JSON, is nested too deeply or holds more than `max_values` values."""
    # Each value but the first stands behind one of these; those within texts count too, so this is an upper bound.
    if sum(map(data.count, b",[{")) > max_values:
        raise ValueError("more values than such a file needs")
    try:
        return json.loads(data, object_pairs_hook=object_pairs_hook)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
