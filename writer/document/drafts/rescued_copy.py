"""Copies that stayed when a text was written into its file itself and that did not end well: drafts like others."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from writer.document.drafts.journal import Draft, new_draft_id
from writer.document.files.encoding import LoadedText, decode
from writer.document.files.file_ops import FileOps
from writer.document.files.in_place import rescued_name


def rescued_copy(path: Path, ops: FileOps) -> tuple[Draft, LoadedText, datetime] | None:
    """(as what it can be taken up, its text, when it was written); None for any other file, and for one that is gone.

    Which file it is of is not told: only its name is. Raises OSError.
    """
    name = rescued_name(path.name)
    if name is None or ops.kind(path) != "file":
        return None
    try:
        data, time = ops.read(path), datetime.fromtimestamp(0, UTC)
        with contextlib.suppress(ValueError, OverflowError):  # a file dated to no year that there is
            time = datetime.fromtimestamp(ops.stat(path).st_mtime, UTC)
    except FileNotFoundError:
        return None
    loaded = decode(data, name)
    return Draft(new_draft_id(), name, None, loaded.format), loaded, time
