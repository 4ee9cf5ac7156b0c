"""One take: a text that the model offered at a place. How takes are found again, and which grew from which."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from writer.document.generation_record import GenerationRecord

BEFORE_LENGTH = 64
"""Code points that a record keeps of the text before its place."""

_ENOUGH = 32  # code points before a place that agree, and it is the same one, wherever it has moved
_ENOUGH_HERE = 8  # where it has not moved
_NEARLY_ALL = 0.9  # of a take: a word changed here and there leaves it used as a whole


class Fate(StrEnum):
    """What has become of a take."""

    OPEN = "open"
    ACCEPTED = "accepted"
    PARTLY = "partly"
    """Only a part of it is in the text."""
    REFUSED = "refused"


@dataclass(frozen=True)
class TakeRecord:
    """A take as it is kept.

    id -- no other take of the document has it
    place -- where it was to stand, in code points from the beginning of the text as it was then
    before -- the text before that place, up to BEFORE_LENGTH code points of it
    time -- when it was made, ISO 8601 with the offset from UTC
    generation -- how it came about
    parent -- the id of the take that it goes on from; None for none
    """

    id: str
    text: str
    place: int
    before: str
    time: str
    generation: GenerationRecord
    parent: str | None = None
    fate: Fate = Fate.OPEN
    is_pinned: bool = False

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "generation": self.generation.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TakeRecord":
        """Raises ValueError for what is no take. Fields that this version does not know are left out; a fate that it
        does not know counts as open."""
        generation, fate, is_pinned = values.get("generation"), values.get("fate"), values.get("is_pinned", False)
        match values:
            case {"id": str(id_), "text": str(text), "place": int(place), "before": str(before), "time": str(time)}:
                parent = values.get("parent")
            case _:
                raise ValueError("a take with a field that is missing or of the wrong type")
        if not id_ or type(place) is not int or place < 0:
            raise ValueError("a take that makes no sense")
        if not isinstance(generation, dict) or not isinstance(parent, str | None) or type(is_pinned) is not bool:
            raise ValueError("a take with a field of the wrong type")
        known_fate = Fate(fate) if fate in tuple(Fate) else Fate.OPEN
        made_by = GenerationRecord.from_json(generation)
        return cls(id_, text, place, before, time, made_by, parent, known_fate, is_pinned)


@dataclass(frozen=True)
class TakeNode:
    """A take with those that go on from it, the oldest first."""

    record: TakeRecord
    children: tuple["TakeNode", ...] = ()


def search(records: Sequence[TakeRecord], query: str) -> list[TakeRecord]:
    """The takes in which all words of `query` stand, whatever their case and accents: pinned ones first, and of these
    and of the others the newest first. All of them when there are no words.

    records -- the oldest first, as they are kept
    """
    words = _folded(query).split()
    found = [record for record in reversed(records) if _holds(record, words)]
    return sorted(found, key=lambda record: not record.is_pinned)


def tree(records: Sequence[TakeRecord]) -> list[TakeNode]:
    """Which take grew from which: those that grew from none, or from one that is not among `records`, with what grew
    from each.

    records -- the oldest first, as they are kept: a take grows only from an older one
    """
    numbers = {record.id: number for number, record in enumerate(records)}
    children: list[list[TakeNode]] = [[] for _ in records]
    roots: list[TakeNode] = []
    for number in range(len(records) - 1, -1, -1):
        record = records[number]
        node = TakeNode(record, tuple(reversed(children[number])))
        parent = number if record.parent is None else numbers.get(record.parent, number)
        (children[parent] if parent < number else roots).append(node)
    return roots[::-1]


def fate_in_text(record: TakeRecord, n_standing: int) -> Fate:
    """What has become of a take of which so many code points stand in the text."""
    if not n_standing:
        return Fate.OPEN if record.fate is Fate.OPEN else Fate.REFUSED
    return Fate.ACCEPTED if n_standing >= _NEARLY_ALL * len(record.text.strip()) else Fate.PARTLY


def at_place(records: Iterable[TakeRecord], place: int, before: str) -> list[TakeRecord]:
    """The takes that were made at a place, wherever edits elsewhere have moved it, in their order.

    place -- code points from the beginning of the text as it is now
    before -- the text before it, BEFORE_LENGTH code points or more; all there is where that is less
    """
    return [record for record in records if _is_at(record, place, before)]


def _is_at(record: TakeRecord, place: int, before: str) -> bool:
    enough = _ENOUGH_HERE if record.place == place else _ENOUGH
    if len(record.before) < enough or len(before) < enough:  # near the beginning of the text
        return record.before == before
    return record.before[-enough:] == before[-enough:]


def _holds(record: TakeRecord, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = _folded(record.text)
    return all(word in text for word in words)


def _folded(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    accents = {ord(part): None for part in set(parts) if unicodedata.combining(part)}
    return (parts.translate(accents) if accents else parts).casefold()
