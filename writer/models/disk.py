"""A full disk, a folder that cannot be written to: told in one sentence, and looked for beforehand."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from writer.errors import WriterError


def require_free(needed_bytes: float, folder: Path, what: str) -> None:
    """Raises WriterError unless the disk of `folder` has room; `what` begins the sentence ("The download")."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise WriterError(
            f"{what} needs {amount(needed_bytes)} of free disk space, and {amount(free)} are free.",
            "Free some space and try again.",
        )


@contextmanager
def storing(folder: Path, done: str) -> Iterator[None]:
    """Tells what the system refuses within the block; `done` is what could not be done in `folder` ("built")."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WriterError(
                f"The disk is full, so the model was not {done}.", "Free some space and try again."
            ) from error
        raise WriterError(
            f"The model could not be {done} in {folder} ({error.strerror or error}).",
            "Make the folder writable, or set WRITER_HOME to another one.",
        ) from error


@contextmanager
def using(models_dir: Path) -> Iterator[None]:
    """Tells what the system refuses when the models folder is looked at or changed within the block."""
    try:
        yield
    except OSError as error:
        raise WriterError(
            f"The models folder {models_dir} cannot be used ({error.strerror or error}).",
            "Make the folder readable and writable, or set WRITER_HOME to another one.",
        ) from error


def amount(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"
