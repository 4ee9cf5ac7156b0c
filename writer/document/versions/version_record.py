"""One kept version of a text: what is told about it, and what it holds."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Run
from writer.document.versions.packing import as_list, as_object, from_bytes, runs_from_json, runs_to_json, to_bytes

_FORMAT = 1


class NewerVersionError(ValueError):
    """A newer Writer wrote it."""


class Reason(StrEnum):
    """Why a version was kept."""

    SAVE = "save"
    LARGE_DELETION = "large-deletion"
    """As the text was before much of it was deleted."""
    GENERATION = "generation"
    """As the text was before the model wrote."""
    BY_HAND = "by-hand"
    RESTORE = "restore"
    """As the text was before another version took its place."""
    OTHER_PROGRAM = "other-program"
    """What another program had put in the file."""


@dataclass(frozen=True)
class Version:
    """What the list of versions tells.

    key -- the document's; sequence -- grows with each version of it, whatever the clock says
    content -- SHA-256 of what it holds, hex: equal versions have equal ones
    time -- when it was kept, by the clock of that moment, with the offset from UTC
    name -- the writer's for it; "" for none
    is_from_newer -- a newer Writer kept it: this one does not change it, and removes it only by hand
    """

    key: str
    sequence: int
    content: str
    time: datetime
    reason: Reason
    name: str = ""
    n_characters: int = 0
    n_words: int = 0
    is_from_newer: bool = False

    def to_bytes(self) -> bytes:
        """All but what the file's name tells."""
        return to_bytes(
            {
                "format": _FORMAT,
                "time": self.time.isoformat(),
                "reason": self.reason,
                "name": self.name,
                "n_characters": self.n_characters,
                "n_words": self.n_words,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, key: str, sequence: int, content: str) -> "Version":
        """Raises ValueError when `data` is damaged, or tells nothing that this Writer understands."""
        values = from_bytes(data)
        try:
            name, n_characters, n_words = values["name"], values["n_characters"], values["n_words"]
            time, told = datetime.fromisoformat(values["time"]), values["reason"]
        except (KeyError, TypeError) as error:
            raise ValueError("a field is missing or of the wrong type") from error
        if not isinstance(name, str) or type(n_characters) is not int or type(n_words) is not int:
            raise ValueError("a field is of the wrong type")
        if time.tzinfo is None:
            raise ValueError("a time without its offset")
        reason = Reason(told) if told in tuple(Reason) else Reason.SAVE
        is_from_newer = is_newer(values) or reason != told
        return cls(key, sequence, content, time, reason, name, n_characters, n_words, is_from_newer)


@dataclass(frozen=True)
class VersionText:
    """What a version holds: a text, its authorship, and how the model's parts of it came about."""

    text: str
    runs: tuple[Run, ...]
    generations: tuple[GenerationRecord, ...]

    @classmethod
    def of(cls, text: str, runs: Iterable[Run], generations: Iterable[GenerationRecord]) -> "VersionText":
        """Of the generations only those whose text is there, so that equal texts make equal versions."""
        runs = tuple(runs)
        present = {run.generation for run in runs}
        kept = {record.id: record for record in generations if record.id in present}
        return cls(text, runs, tuple(kept[id_] for id_ in sorted(kept)))

    def to_bytes(self) -> bytes:
        return to_bytes(
            {
                "format": _FORMAT,
                "text": self.text,
                "runs": runs_to_json(self.runs),
                "generations": [record.to_json() for record in self.generations],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "VersionText":
        """Raises ValueError when `data` is damaged, NewerVersionError when it is a newer Writer's."""
        values = from_bytes(data)
        if is_newer(values):
            raise NewerVersionError("a version of a newer Writer")
        text = values.get("text")
        if values.get("format") != _FORMAT or not isinstance(text, str):
            raise ValueError("no version of a text")
        runs = runs_from_json(values.get("runs"), len(text))
        generations = [GenerationRecord.from_json(as_object(record)) for record in as_list(values.get("generations"))]
        return cls(text, runs, tuple(generations))


def is_newer(values: Mapping[str, Any]) -> bool:
    """Whether a record says that it is of a format which only a newer Writer knows."""
    told = values.get("format")
    return type(told) is int and told > _FORMAT


def content_id(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
