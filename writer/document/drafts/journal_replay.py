"""What the lines of a journal lead to: as far as they prove themselves and follow from each other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from writer.document.change import Change
from writer.document.drafts.journal import (
    BaseText,
    expect,
    parse_line,
    unpacked,
    unpacked_generations,
    unpacked_notes,
    usual_runs,
)
from writer.document.drafts.journal_header import Header, read_header
from writer.document.generation_record import GenerationRecord
from writer.document.notes import Notes
from writer.document.provenance import Author, Provenance
from writer.document.text_buffer import TextBuffer
from writer.document.versions.packing import runs_from_json

LAST_EDIT_INCOMPLETE = "The last edit is incomplete and was left out."
NO_TEXT = "The draft holds no text that can be read."
_RESUMED = "A part of the draft is damaged, but its text was written whole after that."


@dataclass
class Replay:
    """The state after the lines read so far.

    base -- the text that `changes` lead on from; None while there is none
    notes -- None while they are not told
    problem -- what is damaged in the lines after the header, one sentence
    """

    header: Header
    base: BaseText | None = None
    changes: list[Change] = field(default_factory=list)
    buffer: TextBuffer = field(default_factory=TextBuffer)
    provenance: Provenance = field(default_factory=Provenance)
    generations: dict[str, GenerationRecord] = field(default_factory=dict)
    notes: Notes | None = None
    caret: int | None = None
    problem: str = ""

    def take(self, record: dict[str, Any]) -> None:
        """Go on by one record. Raises ValueError, and nothing has changed, when it does not follow."""
        kind = record.get("kind")
        if kind == "text":
            self._take_text(record)
        elif self.base is None:
            raise ValueError("no text to start from")
        elif kind == "change":
            self._take_change(record)
        elif kind == "generation":
            generation = GenerationRecord.from_json(expect(record.get("record"), dict))
            self.generations[generation.id] = generation
        elif kind == "notes":
            notes = unpacked_notes(record.get("notes"))
            self.notes = self.notes if notes is None else notes
        elif kind == "caret":
            position = expect(record.get("position"), int)
            if 0 <= position <= len(self.buffer):
                self.caret = position

    def _take_text(self, record: dict[str, Any]) -> None:
        text = unpacked(record)
        if len(text) != record.get("length"):
            raise ValueError("a text of another length")
        runs = runs_from_json(record.get("runs"), len(text))
        generations = unpacked_generations(record.get("generations"))
        self.notes = unpacked_notes(record.get("notes"))
        self.base = BaseText(text, runs, generations, expect(record.get("saved"), bool), self.notes)
        self.buffer, self.provenance = TextBuffer(text), Provenance(runs)
        self.generations |= {generation.id: generation for generation in generations}
        self.changes, self.caret = [], None

    def _take_change(self, record: dict[str, Any]) -> None:
        start, n_removed = expect(record.get("start"), int), expect(record.get("removed"), int)
        end = start + n_removed
        if record.get("before") != len(self.buffer) or not 0 <= start <= end <= len(self.buffer):
            raise ValueError("a change of another text")
        inserted = unpacked(record)
        author, generation = Author(record.get("author", Author.HUMAN)), record.get("generation")
        if generation is not None:
            expect(generation, str)
        runs = usual_runs(inserted, author, generation)
        if "runs" in record:
            runs = runs_from_json(record["runs"], len(inserted))
        removed, removed_runs = self.buffer.slice(start, end), tuple(self.provenance.runs(start, end))
        self.changes.append(Change(start, removed, inserted, author, generation, removed_runs, runs))
        self.caret = start + len(inserted)
        self.buffer.replace(start, end, inserted)
        self.provenance.replace(start, end, runs)


def replay(data: bytes, draft_id: str, watch: Callable[[Replay], None] | None = None) -> Replay:
    """Follow a journal's lines. Never raises for any content.

    draft_id -- of the file's name, for when the header is damaged
    watch -- called at every state: after each text and each change
    """
    first, _, rest = data.partition(b"\n")
    state = Replay(read_header(first, draft_id))
    if state.header.needs:
        return state
    expected = 1  # the number of the next line
    lines = rest.split(b"\n")
    if not lines[-1]:
        lines.pop()
    n_lost = 0  # whole changes that no longer follow
    broken = resumed = False
    for line in lines:
        parsed = parse_line(line)
        follows = parsed is not None and (parsed[1].get("kind") == "text" or parsed[0] == expected)
        if parsed is not None and follows:
            try:
                state.take(parsed[1])
            except (ValueError, TypeError, RecursionError):
                follows = False
        if parsed is None or not follows:
            n_lost += parsed is not None and parsed[1].get("kind") == "change"
            broken = True
            continue
        resumed, broken, n_lost = resumed or broken, False, 0
        expected = parsed[0] + 1
        if watch is not None and parsed[1].get("kind") in ("text", "change"):
            watch(state)
    state.problem = _problem(state, broken, n_lost, resumed)
    return state


def _problem(state: Replay, broken: bool, n_lost: int, resumed: bool) -> str:
    if state.base is None:
        return NO_TEXT
    if broken and n_lost:
        edits = "one later edit was" if n_lost == 1 else f"{n_lost} later edits were"
        return f"A part of the draft is damaged, and {edits} left out."
    if broken:
        return LAST_EDIT_INCOMPLETE
    return _RESUMED if resumed else ""
