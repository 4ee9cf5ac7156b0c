"""The file that a save is for, and whether it still holds what the writer knows of."""

import os
from contextlib import suppress
from pathlib import Path

from writer.document.files.file_errors import shown_name
from writer.document.files.file_ops import FileOps
from writer.document.files.text_file import MAX_FILE_BYTES, Fingerprint, refuse_what_is_no_file, sha256
from writer.errors import WriterError


class FileChanged(WriterError):  # noqa: N818 - what happened; the writer decides whether it is an error
    """The file does not hold what was expected."""


class FileDeleted(WriterError):  # noqa: N818
    """The file that was expected is gone."""


class NeedsInPlace(WriterError):  # noqa: N818
    """The folder takes no new file, but the file itself can be written, without safety from crashes."""


class SaveTarget:
    """The file behind `path`, which is to hold `data`.

    expected  -- what it holds; None: there is no such file
    overwrite -- whatever it holds may go

    Methods raise OSError for what the system refuses.
    """

    def __init__(self, path: Path, data: bytes, expected: Fingerprint | None, overwrite: bool, ops: FileOps) -> None:
        self.path = ops.resolve(path)
        self.name = shown_name(path)
        self.data, self.sha256 = data, sha256(data)
        self._expected, self._overwrite, self._ops = expected, overwrite, ops

    def check(self) -> os.stat_result | None:
        """Its stat, None where there is no file; WriterError when it may not be overwritten."""
        refuse_what_is_no_file(self.path, self.name, self._ops)
        try:
            info = self._ops.stat(self.path)
        except FileNotFoundError:
            if self._expected and not self._overwrite:
                raise FileDeleted(
                    f"{self.name} is no longer there: it was deleted or moved.",
                    "Save it there again, or under another name.",
                ) from None
            return None
        if not self._expected and not self._overwrite:
            raise self.exists_already()
        if not self._ops.may_write(self.path):
            raise WriterError(f"{self.name} is write-protected, or its disk is.", "Save it under another name.")
        if not self._overwrite and not self._is_known(info):
            raise FileChanged(
                f"Another program has changed {self.name}.", "Compare both texts, then keep yours or take the other."
            )
        return info

    def exists_already(self) -> FileChanged:
        return FileChanged(f"There is a file called {self.name} already.", "Choose another name, or replace that file.")

    def may_replace(self) -> bool:
        """Whether a file may go that nobody knew of."""
        return self._overwrite

    def unknown_content(self, path: Path) -> bytes | None:
        """What a file holds that stood in the target's place; None when it is as expected, already the new text, not to
        be read, or too large for a text of Writer's."""
        with suppress(OSError):
            if self._ops.kind(path) == "file" and self._ops.stat(path).st_size <= MAX_FILE_BYTES:
                return self.unknown(self._ops.read(path))
        return None

    def unknown(self, content: bytes) -> bytes | None:
        """`content`, or None when it is as expected or already the new text."""
        return None if sha256(content) in self._known() else content

    def _is_known(self, info: os.stat_result) -> bool:
        sizes = {len(self.data)} | ({self._expected.size} if self._expected else set())
        return info.st_size in sizes and sha256(self._ops.read(self.path)) in self._known()

    def _known(self) -> set[str]:
        return {self.sha256} | ({self._expected.sha256} if self._expected else set())
