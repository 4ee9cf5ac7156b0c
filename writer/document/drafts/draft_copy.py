"""A second copy of a document, kept by following its changes."""

from collections.abc import Iterable, Sequence

from writer.document.change import Change
from writer.document.drafts.journal import BaseText
from writer.document.generation_record import GenerationRecord
from writer.document.notes import NO_NOTES, Notes
from writer.document.provenance import Provenance, Run
from writer.document.text_buffer import TextBuffer


class DraftCopy:
    """Text, authorship, generations and notes of a document, for another thread than the document's."""

    def __init__(
        self,
        text: str = "",
        runs: Iterable[Run] = (),
        generations: Iterable[GenerationRecord] = (),
        notes: Notes = NO_NOTES,
    ) -> None:
        self.notes = notes
        self._buffer, self._provenance = TextBuffer(text), Provenance(runs)
        self._generations = {record.id: record for record in generations}

    def __len__(self) -> int:
        return len(self._buffer)

    def follow(self, change: Change) -> None:
        """Raises IndexError for a change of another text."""
        start, end = change.start, change.removed_end
        if not 0 <= start <= end <= len(self._buffer) or self._buffer.slice(start, end) != change.removed:
            raise IndexError(f"a change at {start} of another text")
        self._replace(start, end, change.inserted, change.inserted_runs)

    def add_generation(self, record: GenerationRecord) -> None:
        self._generations[record.id] = record

    def whole(self, *, saved: bool) -> BaseText:
        """All of it as it is now. `saved`: whether the manuscript holds that."""
        runs = self._provenance.runs(0, len(self._buffer))
        return BaseText(self._buffer.text, tuple(runs), tuple(self._generations.values()), saved, self.notes)

    def before(self, changes: Sequence[Change], notes: Notes) -> BaseText:
        """All of it as it was before these last changes, with the notes of then, when the manuscript got it."""
        now = self.whole(saved=True)
        earlier = DraftCopy(now.text, now.runs, now.generations, notes)
        for change in reversed(changes):
            earlier._replace(change.start, change.inserted_end, change.removed, change.removed_runs)
        return earlier.whole(saved=True)

    def _replace(self, start: int, end: int, text: str, runs: Iterable[Run]) -> None:
        self._buffer.replace(start, end, text)
        self._provenance.replace(start, end, runs)
