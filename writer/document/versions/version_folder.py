"""The files of one document's versions."""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import is_staged, replace_file
from writer.document.versions.packing import compress, decompress, from_bytes, to_bytes
from writer.document.versions.version_record import Reason, Version, content_id, is_newer

_RECORD = re.compile(r"(\d{8})-([0-9a-f]{64})\.json")
_CONTENT = re.compile(r"([0-9a-f]{64})\.text")
_OTHER_RECORD = re.compile(r"\d+-([0-9a-f]{64})\..+")  # a newer Writer's
_NAME_OF_NEWER = "(of a newer Writer)"
_NAME_OF_DAMAGED = "(details lost)"


class Record(NamedTuple):
    """What the name of a version's file tells."""

    sequence: int
    content: str

    @property
    def file_name(self) -> str:
        return f"{self.sequence:08}-{self.content}.json"


class Listing(NamedTuple):
    """What is in the folder.

    records -- newest first
    staged -- names of files that a save is at or has left
    used_by_others -- contents that records of other kinds name
    """

    records: list[Record]
    contents: set[str]
    staged: list[str]
    used_by_others: set[str]

    @property
    def used(self) -> set[str]:
        """Contents that must stay."""
        return {record.content for record in self.records} | self.used_by_others


class VersionFolder:
    """A folder with two kinds of files.

    `<SHA-256>.text` holds a text with its authorship, compressed; the name is the hash of what it holds, so that equal
    texts are kept once. `<sequence>-<SHA-256>.json` is a version: it tells when and why that text was kept. The names
    alone give the order and what belongs together: there is no index that could be damaged, and a version is there from
    the moment its own file is, whatever else is interrupted.

    Every method may raise OSError.
    """

    def __init__(self, path: Path, ops: FileOps) -> None:
        """`path` ends with the document's key."""
        self.path, self._ops = path, ops

    @property
    def key(self) -> str:
        return self.path.name

    def create(self) -> None:
        """Make the folder, for good, unless it is there."""
        if self._ops.kind(self.path) == "missing":
            self._ops.make_folder(self.path.parent)  # by itself, so that it is the user's own too
            self._ops.make_folder(self.path)
            self._ops.sync_folder(self.path.parent)

    def listing(self) -> Listing:
        """Nothing when there is no such folder."""
        found = Listing([], set(), [], set())
        try:
            names = self._ops.names(self.path)
        except FileNotFoundError:
            return found
        for name in names:
            if match := _RECORD.fullmatch(name):
                found.records.append(Record(int(match[1]), match[2]))
            elif match := _CONTENT.fullmatch(name):
                found.contents.add(match[1])
            elif is_staged(name):
                found.staged.append(name)
            elif match := _OTHER_RECORD.fullmatch(name):
                found.used_by_others.add(match[1])
        found.records.sort(reverse=True)
        return found

    def versions(self) -> list[Version]:
        """Newest first. A record whose content is not there is half of an interrupted removal, and left out."""
        listing = self.listing()
        found = []
        for record in listing.records:
            with contextlib.suppress(FileNotFoundError):  # another Writer has just removed it
                if record.content in listing.contents:
                    found.append(self._version(record))
        return found

    def read_content(self, content: str) -> bytes:
        """Raises ValueError when it is damaged."""
        data = decompress(self._ops.read(self._content_path(content)))
        if content_id(data) != content:
            raise ValueError("damaged")
        return data

    def put_content(self, content: str, data: bytes) -> None:
        """Nothing is written where the same is there already, and whole."""
        try:
            self.read_content(content)
        except (FileNotFoundError, ValueError):
            replace_file(self._content_path(content), compress(data), self._ops)

    def put(self, version: Version) -> None:
        """Write a version's record; its content is there."""
        replace_file(self.path / _record(version).file_name, version.to_bytes(), self._ops)

    def put_again(self, version: Version) -> None:
        """Write a record that is there anew; fields of it that are not known here stay."""
        path = self.path / _record(version).file_name
        told = self._ops.read(path)
        others: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            others = from_bytes(told)
        replace_file(path, to_bytes(others | from_bytes(version.to_bytes())), self._ops)

    def remove(self, versions: Iterable[Version]) -> None:
        """The records first, and for good: what is in the list has its content even after a power cut."""
        contents = set()
        for version in versions:
            contents.add(version.content)
            self._remove(_record(version).file_name)
        if contents:
            self._ops.sync_folder(self.path)
            for content in contents - self.listing().used:
                self._remove(self._content_path(content).name)

    def remove_left_over(self, before: datetime) -> None:
        """Remove what interrupted work has left, unless it is so new that it may be another Writer's at work."""
        listing = self.listing()
        unused = [self._content_path(content).name for content in listing.contents - listing.used]
        for name in [*unused, *listing.staged]:
            with contextlib.suppress(FileNotFoundError):
                if self._ops.stat(self.path / name).st_mtime < before.timestamp():
                    self._remove(name)
        for record in listing.records:
            if record.content not in listing.contents and not self._is_from_newer(record):
                self._remove(record.file_name)

    def sizes(self, contents: Iterable[str]) -> dict[str, int]:
        """Bytes of each on the disk."""
        return {content: self._ops.stat(self._content_path(content)).st_size for content in contents}

    def take_over(self, other: "VersionFolder") -> list[Version]:
        """Copy the versions of another document, as newer than all that are here; returns those copied."""
        listing, versions = self.listing(), other.versions()
        sequence = listing.records[0].sequence if listing.records else 0
        here = {_anywhere(version) for version in self.versions()}  # an interrupted take-over has brought some already
        for version in reversed(versions):
            if _anywhere(version) in here:
                continue
            if version.content not in listing.contents:
                data = self._ops.read(other._content_path(version.content))
                replace_file(self._content_path(version.content), data, self._ops)
                listing.contents.add(version.content)
            sequence += 1
            copy = replace(version, key=self.key, sequence=sequence)
            if copy.is_from_newer:
                told = self._ops.read(other.path / _record(version).file_name)
                replace_file(self.path / _record(copy).file_name, told, self._ops)
            else:
                self.put(copy)
        return versions

    def _version(self, record: Record) -> Version:
        path = self.path / record.file_name
        try:
            return Version.from_bytes(self._ops.read(path), self.key, *record)
        except ValueError:  # it may have had a name, so it gets one, with which it stays
            time = datetime.fromtimestamp(self._ops.stat(path).st_mtime, UTC)
            is_from_newer = self._is_from_newer(record)
            name = _NAME_OF_NEWER if is_from_newer else _NAME_OF_DAMAGED
            return Version(self.key, *record, time, Reason.SAVE, name, is_from_newer=is_from_newer)

    def _is_from_newer(self, record: Record) -> bool:
        try:
            return is_newer(from_bytes(self._ops.read(self.path / record.file_name)))
        except (FileNotFoundError, ValueError):
            return False

    def _content_path(self, content: str) -> Path:
        return self.path / f"{content}.text"

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._ops.remove(self.path / name)


def _record(version: Version) -> Record:
    return Record(version.sequence, version.content)


def _anywhere(version: Version) -> Version:
    """The same for a version and its copy."""
    return replace(version, key="", sequence=0)
