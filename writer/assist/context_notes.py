"""What a writer wants the model to keep in mind: values that are kept beside the document."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from writer.compatibility import carried_over

DEFAULT_DEPTH = 3
_MOST_DEPTH = 100
_MOST_ENTRIES = 2000  # a file may claim anything; every entry costs a search at each build


@dataclass(frozen=True)
class LoreEntry:
    """A fact that the model is told when one of its keys stands in the text.

    keys -- words or phrases, found whole and in any case; with is_regex, regular expressions (`assist.pattern`)
    priority -- the greater ones come first, and get the room where there is not enough for all
    """

    id: str
    title: str
    keys: tuple[str, ...]
    text: str
    priority: int = 0
    is_regex: bool = False
    enabled: bool = True


@dataclass(frozen=True)
class Pin:
    """A passage of the document that stays in the model's sight. `before` is what stood before it, to tell it from
    others that read the same."""

    text: str
    before: str = ""


@dataclass(frozen=True)
class ContextNotes:
    """Of one document.

    memory -- stands on top of everything that the model sees
    authors_note -- stands `note_depth` paragraphs (at least 1) before the caret
    """

    memory: str = ""
    authors_note: str = ""
    note_depth: int = DEFAULT_DEPTH
    lore: tuple[LoreEntry, ...] = ()
    pins: tuple[Pin, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is noted that would be lost."""
        return not (self.memory.strip() or self.authors_note.strip() or self.lore or self.pins)

    def to_json(self) -> dict[str, Any]:
        """A plain JSON object; what is as it is by default is left out, so that no notes are {}."""
        values: dict[str, Any] = {}
        if self.memory:
            values["memory"] = self.memory
        if self.authors_note:
            values["authors_note"] = self.authors_note
        if self.note_depth != DEFAULT_DEPTH:
            values["note_depth"] = self.note_depth
        if self.lore:
            values["lore"] = [asdict(entry) | {"keys": list(entry.keys)} for entry in self.lore]
        if self.pins:
            values["pins"] = [asdict(pin) for pin in self.pins]
        return values

    def kept(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """`to_json` for a document that has `raw`: what a newer Writer has put there stays."""
        known = [f.name for f in fields(self)]
        return carried_over(raw, ContextNotes.from_json(raw).to_json(), self.to_json(), known)

    @classmethod
    def from_json(cls, values: object) -> "ContextNotes":
        """From what `to_json` gave. Parts that are damaged or unknown are left out; nothing is raised."""
        if not isinstance(values, Mapping):
            return cls()
        depth = _whole_number(values.get("note_depth"), DEFAULT_DEPTH)
        lore: list[LoreEntry] = []
        ids: set[str] = set()
        for item in _items(values.get("lore")):
            if (entry := _lore_entry(item, len(lore))) is not None:
                while entry.id in ids:  # two files put together by hand may have the same ones
                    entry = replace(entry, id=f"{entry.id}+")
                ids.add(entry.id)
                lore.append(entry)
        pins = [
            Pin(item["text"], _text(item.get("before")))
            for item in _items(values.get("pins"))
            if _text(item.get("text")).strip()
        ]
        return cls(
            memory=_text(values.get("memory")),
            authors_note=_text(values.get("authors_note")),
            note_depth=max(1, min(depth, _MOST_DEPTH)),
            lore=tuple(lore),
            pins=tuple(pins),
        )


def _lore_entry(item: Mapping[str, Any], place: int) -> LoreEntry | None:
    keys = item.get("keys")
    entry = LoreEntry(
        id=_text(item.get("id")) or f"lore-{place}",
        title=_text(item.get("title")),
        keys=tuple(key for key in keys if isinstance(key, str)) if isinstance(keys, list | tuple) else (),
        text=_text(item.get("text")),
        priority=_whole_number(item.get("priority"), 0),
        is_regex=item.get("is_regex") is True,
        enabled=item.get("enabled") is not False,
    )
    return entry if entry.title or entry.keys or entry.text else None


def _items(value: object) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list | tuple) else ()
    return [item for item in items if isinstance(item, Mapping)][:_MOST_ENTRIES]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole_number(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
