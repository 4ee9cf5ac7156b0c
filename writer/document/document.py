"""The text being written, who wrote which part of it, and how to take it back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from writer.document.change import Change
from writer.document.generation_record import GenerationRecord
from writer.document.history import History, Selection, Step
from writer.document.notes import NO_NOTES, Notes, checked_notes
from writer.document.provenance import Author, Provenance, Run, Span, merge_runs
from writer.document.text_buffer import TextBuffer

Listener = Callable[[Change], None]
_T = TypeVar("_T")


class DocumentState(NamedTuple):
    """What a document says in one moment: equal states, equal text, authorship and notes. `text` is a number."""

    text: int
    notes: Notes


class Document:
    """The truth that an editor mirrors: text, authorship and undo, changed only through this class, by one thread.

    All offsets are Unicode code points. Ranges out of bounds raise IndexError.

    Edits of the human merge into undo steps of a word; a group is one step with all its changes; undo and redo restore
    text and authorship exactly. While the model streams into an open group the human may go on editing: away from the
    streamed text such an edit becomes a step of its own *before* the group, inside it one that cuts the group in two.
    `History` states the rules in full.
    """

    def __init__(
        self,
        text: str = "",
        runs: Iterable[Run] | None = None,
        generations: Iterable[GenerationRecord] = (),
        notes: Notes = NO_NOTES,
    ) -> None:
        """A document that holds `text`, unmodified and with nothing to undo.

        runs -- its authorship, covering it from first to last; None for all of it by a human
        notes -- see `set_notes`
        """
        self._buffer = TextBuffer(text)
        self._provenance = Provenance([Run(len(text), Author.HUMAN)] if runs is None else runs)
        if len(self._provenance) != len(self._buffer):
            raise ValueError(f"authorship of {len(self._provenance)} of {len(self._buffer)} characters")
        self._generations = {record.id: record for record in generations}
        self._history = History()
        self.selection: Selection | None = None
        """What the writer has selected, as the editor tells; a step remembers it, and undo puts it back."""
        self._notes: Notes = checked_notes(notes)
        self._listeners: list[Listener] = []
        self._notes_listeners: list[Callable[[Notes], None]] = []
        self._notifying = False
        self._revision = 0
        self._saved = DocumentState(self._history.state, self._notes)

    def __len__(self) -> int:
        return len(self._buffer)

    @property
    def text(self) -> str:
        """The whole text, joined at each call; `slice` is the cheap way to a part."""
        return self._buffer.text

    def pieces(self) -> Iterator[str]:
        """The whole text in pieces of some thousand characters, none of them empty; not to be used after a change."""
        return self._buffer.pieces()

    def slice(self, start: int, end: int) -> str:
        """The text from `start` up to `end`."""
        self._check_range(start, end)
        return self._buffer.slice(start, end)

    def spans(self, start: int = 0, end: int | None = None) -> Iterator[Span]:
        """Authorship from `start` up to `end` (None: of all the rest); neighbours are always of different sources."""
        end = len(self) if end is None else end
        self._check_range(start, end)
        return self._provenance.spans(start, end)

    def runs(self, start: int = 0, end: int | None = None) -> list[Run]:
        """Authorship from `start` up to `end` (None: of all the rest) without places, for keeping it."""
        end = len(self) if end is None else end
        self._check_range(start, end)
        return self._provenance.runs(start, end)

    def length_of(self, generation: str) -> int:
        """Code points of the text that came from a generation of the model."""
        return self._provenance.length_of(generation)

    def replace(
        self,
        start: int,
        end: int,
        text: str,
        author: Author = Author.HUMAN,
        generation: str | None = None,
        runs: Iterable[Run] | None = None,
    ) -> Change:
        """Put `text` in the place of what stands from `start` up to `end`, and tell the listeners.

        generation -- which generation of the model it belongs to, for telling takes apart
        runs -- authorship of `text` where it has several authors, as what comes back from an earlier version does

        Replacing nothing by nothing changes nothing: no step, no new revision, no notification.
        """
        self._check_range(start, end)
        self._check_not_notifying()
        removed = self._buffer.slice(start, end)
        inserted_runs = tuple(merge_runs([Run(len(text), author, generation)] if runs is None else runs))
        if sum(run.length for run in inserted_runs) != len(text):
            raise ValueError("the authorship given does not cover the text")
        removed_runs = tuple(self._provenance.runs(start, end))
        change = Change(start, removed, text, author, generation, removed_runs, inserted_runs)
        if removed or text:
            self._history.record(change, self.selection)
            self._apply([change])
        return change

    @contextmanager
    def group(self, label: str, author: Author | None = None) -> Iterator[None]:
        """Everything changed inside is one undo step called `label`; see `begin_group`."""
        self.begin_group(label, author)
        try:
            yield
        finally:
            self.end_group()

    @contextmanager
    def same_step(self) -> Iterator[None]:
        """Everything changed inside belongs to the newest undo step: what follows from a key is undone with it."""
        self._history.resume_group()
        try:
            yield
        finally:
            self.end_group()

    def begin_group(self, label: str, author: Author | None = None) -> None:
        """Open a group: one undo step until the matching `end_group`. A group inside a group joins it.

        author -- MODEL keeps the human's edits out of the group from its beginning; None does so once the model has
                  written in it; HUMAN never does.
        """
        self._history.begin_group(label, author)

    def end_group(self) -> None:
        """Close the group opened last; one without changes leaves no step. Raises RuntimeError when none is open."""
        self._history.end_group()

    @property
    def in_group(self) -> bool:
        """Whether a group is open."""
        return self._history.in_group

    def close_typing_group(self) -> None:
        """End the word being typed: the next edit begins a new undo step (paste, focus lost, cursor moved by hand)."""
        self._history.close_typing()

    @property
    def can_undo(self) -> bool:
        return self._history.undo_label is not None

    @property
    def can_redo(self) -> bool:
        return self._history.redo_label is not None

    @property
    def undo_label(self) -> str:
        """What the next undo takes back; "" when there is nothing."""
        return self._history.undo_label or ""

    @property
    def redo_label(self) -> str:
        """What the next redo repeats; "" when there is nothing."""
        return self._history.redo_label or ""

    def undo(self) -> list[Change]:
        """Take back the newest step; returns the changes made for it, in order ([] when there is nothing to undo)."""
        self._check_not_notifying()
        step = self._history.undo()
        if step is None:
            return []
        self._apply(step.changes)
        self.selection = step.selection
        return step.changes

    def redo(self) -> list[Change]:
        """Repeat the step undone last; returns the changes made for it, in order ([] when there is nothing to redo)."""
        self._check_not_notifying()
        changes = self._history.redo()
        self._apply(changes)
        if changes:
            self.selection = (changes[-1].inserted_end,) * 2
        return changes

    @property
    def history(self) -> History:
        """The steps, for keeping them across sessions; only this class records in it."""
        return self._history

    def restore_history(self, undo: Iterable[Step], redo: Iterable[Step]) -> None:
        """Take over the steps that led to this text in an earlier session. Only before the first change."""
        self._history.restore(undo, redo)
        self._saved = self._saved._replace(text=self._history.state)

    @property
    def generations(self) -> Mapping[str, GenerationRecord]:
        """How the model's texts came about, by the ids that spans bear. Of texts that are gone too: undo may return."""
        return self._generations

    def add_generation(self, record: GenerationRecord) -> None:
        """Tell how a generation comes about, before its text arrives."""
        self._generations[record.id] = record

    @property
    def notes(self) -> Notes:
        """What the writer wants the model to know, as `set_notes` took it."""
        return self._notes

    def set_notes(self, values: Notes) -> None:
        """Put other notes in the place of all there were: a JSON object, of which a copy is kept. Undo does not know of
        them. Raises ValueError for what JSON cannot hold."""
        self._check_not_notifying()
        notes: Notes = checked_notes(values)
        if notes == self._notes:
            return
        self._notes = notes
        failure = self._tell(self._notes_listeners, notes)
        if failure is not None:
            raise failure

    def subscribe_notes(self, listener: Callable[[Notes], None]) -> Callable[[], None]:
        """The same as `subscribe` for the notes."""
        return _subscribe(self._notes_listeners, listener)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change, undo and redo included; returns a function that ends this.

        When it is called, the document stands right after that change. It must not change the document itself
        (RuntimeError): the other listeners would hear of changes in the wrong order.
        """
        return _subscribe(self._listeners, listener)

    @property
    def revision(self) -> int:
        """Number of changes so far, those of undo and redo included: it only grows."""
        return self._revision

    @property
    def modified(self) -> bool:
        """Whether text, authorship or notes differ from when they were saved; going back to that makes it False."""
        return self._history.state != self._saved.text or self.has_unsaved_notes

    @property
    def has_unsaved_notes(self) -> bool:
        return self._notes != self._saved.notes

    @property
    def state(self) -> DocumentState:
        """What it says now. Ends the word being typed, so that undo can return exactly here."""
        self._history.close_typing()
        return DocumentState(self._history.state, self._notes)

    def mark_saved(self, state: DocumentState | None = None) -> None:
        """That state, or the present one, is what the file and its record hold."""
        self._saved = self.state if state is None else state

    def _apply(self, changes: list[Change]) -> None:
        """Make the changes and notify of each. A listener's exception is raised once all of them are made and told."""
        failure: Exception | None = None
        for change in changes:
            self._buffer.replace(change.start, change.removed_end, change.inserted)
            self._provenance.replace(change.start, change.removed_end, change.inserted_runs)
            self._revision += 1
            failure = self._tell(self._listeners, change) or failure
        if failure is not None:
            raise failure

    def _tell(self, listeners: list[Callable[[_T], None]], news: _T) -> Exception | None:
        failure: Exception | None = None
        self._notifying = True
        try:
            for listener in tuple(listeners):
                try:
                    listener(news)
                except Exception as error:  # noqa: BLE001 - half an undo would be worse than a late exception
                    failure = failure or error
        finally:
            self._notifying = False
        return failure

    def _check_range(self, start: int, end: int) -> None:
        if not 0 <= start <= end <= len(self._buffer):
            raise IndexError(f"no range {start}..{end} in a text of {len(self._buffer)} characters")

    def _check_not_notifying(self) -> None:
        if self._notifying:
            raise RuntimeError("a listener must not change the document")


def _subscribe(listeners: list[_T], listener: _T) -> Callable[[], None]:
    listeners.append(listener)

    def unsubscribe() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return unsubscribe
