"""A file's new content, complete and on the disk under a name of its own, before it takes the place of the old."""

import contextlib
import re
import secrets
from pathlib import Path

from writer.document.files.file_ops import FileOps

STAGED_SUFFIX = ".writer-tmp"
_LONGEST_STEM_BYTES = 100  # of the target's name: the whole must stay below 255 bytes
_N_NAMES_TRIED = 5


class StagedFile:
    """New content for `target`, written beside it. `put_in_place` or `discard` ends it.

    A power cut or a kill at any moment leaves the old file or the new one, and perhaps the staged one, which bears a
    name that `is_staged` knows.
    """

    def __init__(self, target: Path, data: bytes, ops: FileOps, mode: int = 0o600) -> None:
        """Raises OSError, and has left nothing behind then."""
        self.target, self._ops = target, ops
        self.path, self.descriptor = _create(target, ops, mode)
        try:
            ops.write_all(self.descriptor, data)
        except BaseException:
            self.discard()
            raise

    def put_in_place(self) -> None:
        """Sync, rename over the target, sync the folder. Raises OSError; when the last of the three failed, the new
        file stands, but a power cut could bring back the old."""
        self.finish()
        try:
            self._ops.replace(self.path, self.target)
        except BaseException:
            self.discard()
            raise
        self._ops.sync_folder(self.target.parent)

    def finish(self) -> None:
        """Sync and close: the content is safe under the staged name. Raises OSError, and has left nothing then."""
        try:
            self._ops.sync(self.descriptor)
            self._close()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Remove what stands under the staged name, and leave the target as it is."""
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(OSError):
            self._ops.remove(self.path)

    def _close(self) -> None:
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            self._ops.close(descriptor)


def replace_file(target: Path, data: bytes, ops: FileOps, mode: int = 0o600) -> None:
    """Put `data` in the place of what `target` holds, wholly or not at all, safe from power cuts. Raises OSError."""
    StagedFile(target, data, ops, mode).put_in_place()


def staged_path(target: Path) -> Path:
    """A new name beside `target` that `is_staged` and `is_staged_for` know."""
    return target.with_name(f".{_stem(target)}.{secrets.token_hex(4)}{STAGED_SUFFIX}")


def is_staged(name: str) -> bool:
    """Whether a file's name is one that `staged_path` gives."""
    return name.startswith(".") and name.endswith(STAGED_SUFFIX)


def is_staged_for(name: str, target: Path) -> bool:
    """Whether a file's name is one that `staged_path` gives for `target`."""
    return bool(re.fullmatch(rf"\.{re.escape(_stem(target))}\.[0-9a-f]{{8}}{re.escape(STAGED_SUFFIX)}", name))


def _stem(target: Path) -> str:
    return target.name.encode("utf-8", "surrogateescape")[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore")


def _create(target: Path, ops: FileOps, mode: int) -> tuple[Path, int]:
    """(path, descriptor) of a new file under a name that nothing had."""
    n_taken = 0
    while True:
        path = staged_path(target)
        try:
            return path, ops.create(path, mode)
        except FileExistsError:
            n_taken += 1
            if n_taken == _N_NAMES_TRIED:
                raise
