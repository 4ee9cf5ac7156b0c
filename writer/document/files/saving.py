"""Saving a text: the file holds the old text or the new one at every moment, and nobody's work is lost.

The new text is written beside the file, synced, exchanged with it, and the folder is synced. What another program
wrote in the meantime is never overwritten without asking; where it came in the last moment, its bytes are given back.
"""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from writer.document.files.encoding import TextFormat, clean, encode
from writer.document.files.file_errors import cannot, shown_name
from writer.document.files.file_ops import FileOps, held_open
from writer.document.files.file_permissions import keep_permissions
from writer.document.files.in_place import write_in_place
from writer.document.files.save_target import FileChanged, FileDeleted, NeedsInPlace, SaveTarget
from writer.document.files.staged_file import StagedFile, is_staged_for, staged_path
from writer.document.files.text_file import MAX_FILE_BYTES, Fingerprint
from writer.errors import WriterError

__all__ = ["FileChanged", "FileDeleted", "NeedsInPlace", "Saved", "save_text"]

_STALE_AFTER_NS = 60 * 10**9  # a save that is at work has touched its staged file since
_NEARLY_FULL = 0.9  # of the largest file: from here on the writer is warned
_FOLDER_REFUSES = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY}  # the last: the file is a mount point


@dataclass(frozen=True)
class Saved:
    """The text is on the disk, and stays there through a power cut.

    fingerprint -- of the file now: what the next save expects
    notices     -- sentences to show once: what could not be kept
    displaced   -- what the file held instead of the expected content when the new one took its place, to be kept as a
                   version; None when it was as expected, or too large to be a text of Writer's
    """

    fingerprint: Fingerprint
    format: TextFormat
    notices: tuple[str, ...] = ()
    displaced: bytes | None = None


def save_text(
    path: Path,
    text: str,
    form: TextFormat,
    ops: FileOps,
    *,
    expected: Fingerprint | None,
    rescue: Path,
    overwrite: bool = False,
    in_place: bool = False,
) -> Saved:
    """Put `text` into the file that `path` names or links to, wholly or not at all.

    expected  -- what the file holds; None: there is none
    overwrite -- whatever the file holds may go; the writer was asked
    in_place  -- write into the file itself; a synced copy in the folder `rescue` keeps the text meanwhile

    Raises FileChanged, FileDeleted, NeedsInPlace, UnencodableCharacter or another WriterError. Then the file is as it
    was, except that a file which could not be written to its end in place may be damaged; the error names the copy.
    """
    text, n_broken = clean(text)
    data = encode(text, form)
    if len(data) > MAX_FILE_BYTES:
        raise WriterError(
            f"{shown_name(path)} would have {_megabytes(len(data))} MB, more than the {_megabytes(MAX_FILE_BYTES)} MB "
            "that Writer saves and opens.",
            "Move a part of the text into another file.",
        )
    try:
        target = SaveTarget(path, data, expected, overwrite, ops)
        if in_place and target.check():
            info, displaced = write_in_place(target, rescue, ops)
            saved = Saved(_fingerprint(info, target), form, displaced=displaced)
        else:
            saved = _Replacement(target, ops).save(form)
    except OSError as error:
        raise cannot("save", path, error, ops, needed=len(data)) from error
    if n_broken:
        notice = f"{n_broken} broken {'character' if n_broken == 1 else 'characters'} became \ufffd."
        saved = replace(saved, notices=(*saved.notices, notice))
    if len(data) > MAX_FILE_BYTES * _NEARLY_FULL:
        notice = (
            f"{shown_name(path)} has {_megabytes(len(data))} MB: beyond {_megabytes(MAX_FILE_BYTES)} MB Writer can "
            "neither save nor open it."
        )
        saved = replace(saved, notices=(*saved.notices, notice))
    return saved


def _megabytes(n_bytes: int) -> int:
    """Rounded up."""
    return -(-n_bytes // 2**20)


def _fingerprint(info: os.stat_result, target: SaveTarget) -> Fingerprint:
    return Fingerprint(info.st_size, info.st_mtime_ns, info.st_ino, target.sha256)


class _Replacement:
    """A new file that takes the place of the target."""

    def __init__(self, target: SaveTarget, ops: FileOps) -> None:
        self._target, self._ops = target, ops
        self._old: Path | None = None  # where the old content is now
        self._is_first = False

    def save(self, form: TextFormat) -> Saved:
        """Raises OSError for what the system refuses, WriterError for the rest."""
        ops, target = self._ops, self._target
        info = target.check()
        try:
            staged = StagedFile(target.path, target.data, ops, 0o600 if info else 0o666)
        except OSError as error:
            self._offer_in_place(error, info)
            raise
        try:
            lost = list(keep_permissions(target.path, info, staged, ops)) if info else []
            staged.finish()
            new = ops.stat(staged.path)
            stale = self._stale(new, staged.path)
            try:
                self._take_place(staged, target.check())
            except OSError as error:
                self._offer_in_place(error, info)
                raise
            try:
                ops.sync_folder(target.path.parent)
            except OSError:
                self._undo(new)
                raise
            for path in stale:  # the file is valid now, so nobody needs them
                self._remove(path)
            displaced = target.unknown_content(self._old) if self._old else None
            if self._has_other_names():
                lost.append("had other names (hard links), which keep the old text")
        finally:
            staged.discard()
            if self._old and self._old != staged.path:
                self._remove(self._old)
        return Saved(_fingerprint(new, target), form, tuple(f"{target.name} {what}." for what in lost), displaced)

    def _take_place(self, staged: StagedFile, info: os.stat_result | None) -> None:
        """The staged file gets the target's name; the old file keeps another one where the disk can do that."""
        ops, target = self._ops, self._target
        if info is None:
            self._be_first(staged)
            return
        try:
            ops.swap(staged.path, target.path)
            self._old = staged.path
            return
        except PermissionError:  # a link might be one that we may not remove again, as in /tmp
            may_link = False
        except OSError:  # not every system and disk can
            may_link = True
        kept = staged_path(target.path)
        with suppress(OSError):
            if may_link:
                ops.link(target.path, kept)
                self._old = kept
        if not self._old:
            self._old = self._copy_old(info)
        target.check()
        ops.replace(staged.path, target.path)

    def _be_first(self, staged: StagedFile) -> None:
        """There was no file: a link, unlike a rename, never takes the place of one that came meanwhile."""
        try:
            self._ops.link(staged.path, self._target.path)
        except FileExistsError as error:
            if not self._target.may_replace():
                raise self._target.exists_already() from error
            self._take_place(staged, self._target.check())
            return
        except OSError:  # a disk without hard links
            self._ops.replace(staged.path, self._target.path)
        self._is_first = True

    def _copy_old(self, info: os.stat_result) -> Path | None:
        """The old file once more, where the disk gives a file one name only; None when there is no room for it."""
        with suppress(OSError):
            if info.st_size <= MAX_FILE_BYTES:
                content = self._ops.read(self._target.path)
                copy = StagedFile(self._target.path, content, self._ops, stat.S_IMODE(info.st_mode))
                copy.finish()
                return copy.path
        return None

    def _undo(self, new: os.stat_result) -> None:
        """A failed save leaves the old file: unless another program was here meanwhile, it gets its name again."""
        with suppress(OSError):
            if self._ops.stat(self._target.path).st_ino != new.st_ino:
                return
            if self._old:
                self._ops.replace(self._old, self._target.path)
            elif self._is_first:
                self._ops.remove(self._target.path)

    def _has_other_names(self) -> bool:
        with suppress(OSError):
            return self._old is not None and self._ops.stat(self._old).st_nlink > 1
        return False

    def _stale(self, new: os.stat_result, own: Path) -> list[Path]:
        """What earlier saves of this file left that were killed."""
        found = []
        folder = self._target.path.parent
        with suppress(OSError):
            for name in self._ops.names(folder):
                path = folder / name
                if is_staged_for(name, self._target.path) and path != own:
                    with suppress(OSError):
                        if self._ops.stat(path).st_ctime_ns < new.st_ctime_ns - _STALE_AFTER_NS:
                            found.append(path)
        return found

    def _remove(self, path: Path) -> None:
        with suppress(OSError):
            self._ops.remove(path)

    def _offer_in_place(self, error: OSError, info: os.stat_result | None) -> None:
        """Raise NeedsInPlace when only the folder refuses: the check has seen that the file may be written."""
        if info and error.errno in _FOLDER_REFUSES and not held_open(error):
            raise NeedsInPlace(
                f"{self._target.name} can be written, but its folder takes no new files.",
                "Save it under another name, or write into the file itself, which a crash could damage.",
            ) from error
