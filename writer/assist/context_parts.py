"""The parts of a context, and those of them that the writer's notes make, each in no more than its share of the room.

Each is a line of its own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from writer.assist.context_notes import ContextNotes, LoreEntry, Pin
from writer.assist.lore import found_lore
from writer.assist.text_tokens import CHARS_PER_TOKEN, TextTokens
from writer.engine.sentences import sentence_ends

# Parts of the room that notes may take, so that there is always a page of text; what one leaves over lore may have.
_MEMORY_SHARE, _NOTE_SHARE, _PINS_SHARE, ALL_NOTES_SHARE = 4, 16, 8, 2
NOTE_SIGN = "[Author's note"  # how the model is told one; it is not to write any itself


class Origin(StrEnum):
    MEMORY = "memory"
    LORE = "lore"
    PIN = "pin"
    TEXT = "text"
    NOTE = "note"


@dataclass(frozen=True)
class ContextPart:
    """start -- of TEXT: the code point in the document at which it begins
    is_shortened -- there was not room for all of it
    """

    origin: Origin
    title: str
    token_ids: tuple[int, ...]
    start: int = -1
    is_shortened: bool = False


@dataclass(frozen=True)
class Head:
    """What stands before the text."""

    parts: tuple[ContextPart, ...] = ()
    kept: frozenset[str | Pin] = frozenset()  # ids of lore, and pins
    left_out: tuple[str, ...] = ()

    @property
    def n_tokens(self) -> int:
        return sum(len(part.token_ids) for part in self.parts)

    @property
    def token_ids(self) -> tuple[int, ...]:
        return tuple(token_id for part in self.parts for token_id in part.token_ids)


class NoteParts:
    """Notes as tokens."""

    def __init__(self, tokens: TextTokens) -> None:
        self._tokens = tokens

    def head(self, notes: ContextNotes, visible: str, room: int, room_before: int, kept: Collection[str | Pin]) -> Head:
        """Memory, lore and pins for the text that is `visible`, in at most `room_before` of all the `room` tokens.

        Lore and pins in `kept` stay as if they were called for."""
        parts: list[ContextPart] = []
        used: set[str | Pin] = set()
        left_out: list[str] = []
        if memory := notes.memory.strip():
            ids, is_shortened = self._shortened(memory, min(room // _MEMORY_SHARE, room_before))
            parts.append(ContextPart(Origin.MEMORY, "Memory", ids, is_shortened=is_shortened))
            room_before -= len(ids)
        pins: list[ContextPart] = []
        room_for_pins = min(room // _PINS_SHARE, room_before)
        for pin in notes.pins:
            text = pin.text.strip()
            if not text or (pin not in kept and text in visible):
                continue
            used.add(pin)
            ids, is_shortened = self._shortened(text, room_for_pins)
            if not ids:
                left_out.append(_title_of(text))
                continue
            pins.append(ContextPart(Origin.PIN, _title_of(text), ids, is_shortened=is_shortened))
            room_for_pins -= len(ids)
            room_before -= len(ids)
        for entry in found_lore(notes.lore, visible, {one for one in kept if isinstance(one, str)}):
            used.add(entry.id)
            ids = self._line(entry.text.strip())
            if len(ids) > room_before:
                left_out.append(_lore_title(entry))
                continue
            parts.append(ContextPart(Origin.LORE, _lore_title(entry), ids))
            room_before -= len(ids)
        return Head((*parts, *pins), frozenset(used), tuple(left_out))

    def note(self, notes: ContextNotes, room: int) -> ContextPart:
        """The author's note; without tokens when there is none."""
        most = room // _NOTE_SHARE
        note = notes.authors_note.strip()
        if not note:
            return ContextPart(Origin.NOTE, "Author’s note", ())
        ids, is_shortened = self._shortened(note, most, f"{NOTE_SIGN}: ", "]")
        return ContextPart(Origin.NOTE, "Author’s note", ids, is_shortened=is_shortened)

    def _line(self, text: str) -> tuple[int, ...]:
        return self._tokens.encode(f"{text}\n")

    def _shortened(self, text: str, most: int, begin: str = "", end: str = "") -> tuple[tuple[int, ...], bool]:
        """(a line of at most `most` tokens: `text`, else whole sentences or words of it; whether it is not all)"""
        is_shortened = len(text) > most * CHARS_PER_TOKEN
        text = text[: most * CHARS_PER_TOKEN]
        ids = self._line(begin + text + end)
        while len(ids) > most:
            is_shortened = True
            if not text:
                return (), True
            # Shorter by what is too much, or else the loop would take long over a long text.
            text = _less(text, min(len(text) - 1, len(text) * most // len(ids)))
            ids = self._line(begin + text + end)
        return ids, is_shortened


def _less(text: str, most_chars: int) -> str:
    """The beginning of `text`, at most so long: whole sentences if that leaves half of it, else words."""
    ends = [end for end in sentence_ends(text) if end <= most_chars]
    if ends and most_chars // 2 <= ends[-1]:
        return text[: ends[-1]]
    words = text[: most_chars + 1].rpartition(" ")[0].rstrip()
    return words if len(words) * 2 >= most_chars else text[:most_chars]


def _title_of(text: str, longest: int = 40) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _lore_title(entry: LoreEntry) -> str:
    return entry.title or next(iter(entry.keys), "") or _title_of(entry.text)
