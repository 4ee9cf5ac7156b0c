"""Earlier versions of each document, kept so that nothing that was written is lost for good."""

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from writer.document.files.encoding import decode
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run
from writer.document.versions.thinning import beyond_caps, superfluous
from writer.document.versions.version_folder import VersionFolder
from writer.document.versions.version_record import NewerVersionError, Reason, Version, VersionText, content_id
from writer.document.word_count import count_words
from writer.errors import WriterError

__all__ = ["Reason", "Version", "VersionStore", "VersionText", "document_key"]

_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")
_UPDATE = "Update Writer."
_LEFT_OVER_AFTER = timedelta(days=1)


def document_key(path: Path) -> str:
    """The key of the document in a file: the same through links, another one in another folder."""
    return hashlib.sha256(os.fsencode(os.path.normcase(os.path.realpath(path)))).hexdigest()[:32]


class VersionStore:
    """A folder with a `VersionFolder` for each document.

    What the system refuses comes as WriterError. Threads may share one store; all of them should.
    """

    def __init__(
        self, folder: Path, ops: FileOps, *, max_bytes: int = 200 * 1024 * 1024, max_versions: int = 1_000
    ) -> None:
        """max_bytes, max_versions -- for each document; versions with a name stay even beyond them"""
        self._folder, self._ops = folder, ops
        self._max_bytes, self._max_versions = max_bytes, max_versions
        self._lock = threading.Lock()

    def add(
        self,
        key: str,
        text: str,
        runs: Iterable[Run],
        generations: Iterable[GenerationRecord],
        reason: Reason,
        now: datetime,
        name: str = "",
    ) -> Version | None:
        """Keep a version; None when the newest holds the same and no name is given. Thins when there are too many."""
        data = VersionText.of(text, runs, generations).to_bytes()
        content = content_id(data)
        with self._using("keep a version of this text", key) as folder:
            folder.create()
            folder.put_content(content, data)
            newest = next(iter(folder.listing().records), None)
            if newest is not None and newest.content == content and not name:
                return None
            sequence = newest.sequence + 1 if newest is not None else 1
            version = Version(key, sequence, content, now, reason, name, len(text), count_words(text))
            folder.put(version)
            # It is kept now; that others could not go is no reason to say that it was not.
            with contextlib.suppress(OSError):
                if self._is_too_full(folder):
                    self._thin(folder, now)
            return version

    def add_bytes(self, key: str, data: bytes, now: datetime) -> Version | None:
        """Keep what another program had put in the document's file. What is no text is kept as Latin-1, so that none
        of its bytes is lost."""
        loaded = decode(data, "")
        text = data.decode("latin-1") if loaded.read_only else loaded.text
        return self.add(key, text, (Run(len(text), Author.HUMAN),), (), Reason.OTHER_PROGRAM, now)

    def list(self, key: str) -> tuple[Version, ...]:
        """The versions of a document, newest first, by the order in which they were kept."""
        with self._using("list the versions of this text", key) as folder:
            return tuple(folder.versions())

    def read(self, version: Version) -> VersionText:
        """What a version holds."""
        with self._using("read this version", version.key) as folder:
            try:
                return VersionText.from_bytes(folder.read_content(version.content))
            except NewerVersionError as error:
                raise WriterError("A newer Writer kept this version, and this one cannot read it.", _UPDATE) from error
            except ValueError as error:
                raise WriterError("This version is damaged and cannot be read.", "Choose another one.") from error

    def rename(self, version: Version, name: str) -> Version:
        """Give a version a name, with which it always stays, or take it away with ""."""
        if version.is_from_newer:
            raise WriterError("A newer Writer kept this version, and it stays as it is.", _UPDATE)
        renamed = replace(version, name=name)
        with self._using("rename this version", version.key) as folder:
            folder.put_again(renamed)
        return renamed

    def delete(self, version: Version) -> None:
        """Remove a version for good."""
        with self._using("delete this version", version.key) as folder:
            folder.remove([version])

    def thin(self, key: str, now: datetime) -> int:
        """Remove what the schedule does not keep, and what interrupted work left; how many versions went."""
        with self._using("thin the versions of this text", key) as folder:
            return self._thin(folder, now)

    def adopt(self, old_key: str, new_key: str, *, keep_old: bool = False) -> None:
        """The versions of one document become another's, newer than those that one has already.

        keep_old -- leave them with the first too, whose file still exists
        """
        old = self._folder_of(old_key)
        with self._using("keep the versions of this text under its new name", new_key) as new:
            if old_key == new_key or not old.listing().records:
                return
            if not keep_old and self._ops.kind(new.path) == "missing":
                self._ops.replace(old.path, new.path)
                self._ops.sync_folder(self._folder)
                return
            new.create()
            taken = new.take_over(old)
            if not keep_old:
                old.remove(taken)

    def _folder_of(self, key: str) -> VersionFolder:
        if not _KEY.fullmatch(key):
            raise ValueError(f"no key of a document: {key!r}")
        return VersionFolder(self._folder / key, self._ops)

    @contextlib.contextmanager
    def _using(self, what: str, key: str) -> Iterator[VersionFolder]:
        """A document's folder for one thread at a time; `what` cannot be done when the system refuses."""
        folder = self._folder_of(key)
        with self._lock:
            try:
                yield folder
            except FileNotFoundError as error:
                raise WriterError(f"Cannot {what}: it is not there any more.", "Look at the list again.") from error
            except OSError as error:
                reason = error.strerror or "the system refused"
                raise WriterError(f"Cannot {what}: {reason}.", f"Versions are kept in {self._folder}.") from error

    def _is_too_full(self, folder: VersionFolder) -> bool:
        listing = folder.listing()
        if len(listing.records) > self._max_versions:
            return True
        return sum(folder.sizes(listing.contents).values()) > self._max_bytes

    def _thin(self, folder: VersionFolder, now: datetime) -> int:
        versions = folder.versions()
        going = superfluous(versions, now, self._max_versions)
        left = [version for version in versions if version not in going]
        sizes = folder.sizes({version.content for version in left})
        going |= beyond_caps(left, sizes, self._max_bytes, self._max_versions)
        folder.remove(going)
        folder.remove_left_over(now - _LEFT_OVER_AFTER)
        return len(going)
