"""Journals that were given up and could not be removed: each would be offered for recovery before the draft itself."""

import contextlib
from pathlib import Path

from writer.document.drafts.journal_file import JournalFile, is_in_use, lock_path
from writer.document.files.file_ops import FileOps


class Strays:
    """Files of one draft that stand, or may stand, beside the one that is written."""

    def __init__(self, ops: FileOps) -> None:
        self._ops = ops
        self._paths: set[Path] = set()

    def suspect(self, path: Path) -> None:
        """A file is about to be made there: if that fails half way, nobody knows what stands."""
        self._paths.add(path)

    def clear(self, path: Path) -> None:
        """What stands there is the draft's own."""
        self._paths.discard(path)

    def give_up(self, file: JournalFile) -> None:
        """Remove it, now or later: all that it holds is in a newer file, or saved."""
        self._paths.add(file.path)
        with contextlib.suppress(OSError):
            file.remove()
            self._paths.discard(file.path)

    def remove(self, own: JournalFile | None) -> None:
        """Try again, after something was written, to the file `own` if there is one."""
        for path in tuple(self._paths):
            has_its_lock = own is not None and lock_path(own.path) == lock_path(path)
            if not has_its_lock and is_in_use(path):  # another process has taken it up since
                continue
            with contextlib.suppress(OSError):
                with contextlib.suppress(FileNotFoundError):
                    self._ops.remove(path)
                self._paths.discard(path)
