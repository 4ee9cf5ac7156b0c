"""Failures of the file system, in a sentence."""

import os
from pathlib import Path

from writer.errors import WriterError
from writer.paths import user_paths


def file_failure(error: OSError) -> WriterError | None:
    """What to tell of a file or folder that cannot be used; None for an OSError that concerns none.

    Within the models folder the folder itself is named: names of passing folders inside it tell a user nothing.
    """
    if not isinstance(error.filename, (str, os.PathLike)):
        return None
    path, models = Path(error.filename), user_paths(os.environ).models
    reason = error.strerror or type(error).__name__
    if path.is_relative_to(models):
        return WriterError(
            f"The models folder {models} cannot be used ({reason}).",
            "Make the folder readable and writable, or set WRITER_HOME to another one.",
        )
    return WriterError(f"{path} cannot be used ({reason}).", "Check its permissions.")
