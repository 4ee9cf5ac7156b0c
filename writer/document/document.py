"""Document: the one truth about a text, who wrote each character of it, and how to take changes back."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from writer.document.history import Edit, History
from writer.document.provenance import Author, Provenance, Run, Span
from writer.document.text_buffer import TextBuffer


@dataclass(frozen=True)
class Change:
    """`removed` at `start` gave way to `inserted`, written as `runs` tell."""

    start: int
    removed: str
    inserted: str
    runs: tuple[Run, ...]


Listener = Callable[[Change], None]


class Document:
    """Text, provenance and undo. All offsets are code points. Only this class changes the text.

    Consecutive typing is one undo step for each word; what happens between `begin_group` and `end_group` is one step.
    A human edit in an open group ends the group, so that undo takes back the writer's own edit first, then the group.
    """

    def __init__(self, text: str = "", runs: Iterable[Run] | None = None) -> None:
        """A document that stands as saved. Without `runs`, a human wrote all of it."""
        self._buffer = TextBuffer(text)
        self._provenance = Provenance([Run(len(text), Author.HUMAN)] if runs is None else runs)
        if len(self._provenance) != len(text):
            raise ValueError(f"authorship of {len(self._provenance)} characters given for {len(text)}")
        self._history = History()
        self._listeners: list[Listener] = []
        self._revision = 0

    def __len__(self) -> int:
        return len(self._buffer)

    @property
    def text(self) -> str:
        """All of it, joined anew at each call."""
        return self._buffer.text

    def slice(self, start: int, end: int) -> str:
        """The text from `start` up to `end`; raises IndexError beyond the text."""
        self._check(start, end)
        return self._buffer.slice(start, end)

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """Who wrote what stands from `start` up to `end`, in order and without gaps."""
        self._check(start, end)
        return self._provenance.spans(start, end)

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return self._revision

    @property
    def modified(self) -> bool:
        """Whether the text differs from what `mark_saved` last saw, as far as undo can tell."""
        return self._history.modified

    def mark_saved(self) -> None:
        self._history.mark_saved()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change; returns a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def replace(
        self, start: int, end: int, text: str, author: Author = Author.HUMAN, generation: str | None = None
    ) -> Change | None:
        """Put `text` in the place of what stands from `start` up to `end`; None when nothing would change."""
        self._check(start, end)
        if start == end and not text:
            return None
        edit = Edit(
            start,
            self._buffer.slice(start, end),
            text,
            tuple(self._provenance.runs(start, end)),
            (Run(len(text), author, generation),) if text else (),
        )
        self._history.record(edit, author)
        return self._apply(edit)

    def begin_group(self, label: str) -> None:
        """What follows, up to `end_group`, is one undo step called `label`."""
        self._history.begin_group(label)

    def end_group(self) -> None:
        """Does nothing when no group is open."""
        self._history.end_group()

    @contextmanager
    def group(self, label: str) -> Iterator[None]:
        """`begin_group` and `end_group` around a block."""
        self.begin_group(label)
        try:
            yield
        finally:
            self.end_group()

    def close_typing(self) -> None:
        """The caret went elsewhere, or time passed: the next key begins an undo step of its own."""
        self._history.close_typing()

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back; None when there is nothing."""
        return self._history.undo_label

    @property
    def redo_label(self) -> str | None:
        """What `redo` would bring back; None when there is nothing."""
        return self._history.redo_label

    def undo(self) -> list[Change]:
        """Take back one step, with the authorship of what it removed; the changes in the order they were applied."""
        return [self._apply(edit) for edit in self._history.undo()]

    def redo(self) -> list[Change]:
        """Bring back the step last undone."""
        return [self._apply(edit) for edit in self._history.redo()]

    def _apply(self, edit: Edit) -> Change:
        end = edit.start + len(edit.removed)
        self._buffer.replace(edit.start, end, edit.inserted)
        self._provenance.replace(edit.start, end, edit.inserted_runs)
        self._revision += 1
        change = Change(edit.start, edit.removed, edit.inserted, edit.inserted_runs)
        for listener in tuple(self._listeners):
            listener(change)
        return change

    def _check(self, start: int, end: int) -> None:
        if not 0 <= start <= end <= len(self._buffer):
            raise IndexError(f"{start}..{end} lies outside a text of {len(self._buffer)} characters")
