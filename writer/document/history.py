"""Undo and redo as a list of steps, each a list of edits with the authorship they took away and brought."""

from dataclasses import dataclass, field

from writer.document.provenance import Author, Run

TYPING = "Typing"
_LONGEST_KEY_CHARS = 16  # what one key press or one composed character brings; more than that is a paste


@dataclass(frozen=True)
class Edit:
    """`removed` at `start` gave way to `inserted`; the runs tell who wrote either."""

    start: int
    removed: str
    inserted: str
    removed_runs: tuple[Run, ...]
    inserted_runs: tuple[Run, ...]

    def inverse(self) -> "Edit":
        return Edit(self.start, self.inserted, self.removed, self.inserted_runs, self.removed_runs)


@dataclass
class Step:
    """What one undo takes back."""

    label: str
    edits: list[Edit] = field(default_factory=list)


class History:
    """Steps done and undone. An open step takes further edits: a group, or a word being typed."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open: Step | None = None
        self._saved: Step | None = None
        self._group_label: str | None = None

    @property
    def undo_label(self) -> str | None:
        """What the next undo takes back; None when there is nothing."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """What the next redo brings back; None when there is nothing."""
        return self._undone[-1].label if self._undone else None

    @property
    def modified(self) -> bool:
        """Whether the steps done differ from those done at `mark_saved`."""
        return (self._done[-1] if self._done else None) is not self._saved

    def mark_saved(self) -> None:
        if self._group_label is None:
            self._open = None
        self._saved = self._done[-1] if self._done else None

    def begin_group(self, label: str) -> None:
        self._open, self._group_label = None, label

    def end_group(self) -> None:
        self._open, self._group_label = None, None

    def close_typing(self) -> None:
        """The next key begins a step of its own."""
        if self._group_label is None:
            self._open = None

    def record(self, edit: Edit, author: Author) -> None:
        """File `edit` into the open step it belongs to, or into a new one."""
        self._undone.clear()
        if self._group_label is not None and author is Author.HUMAN and self._open is not None:
            self.end_group()  # the writer steps in: what the group did so far stays a step of its own
        if self._group_label is not None:
            if self._open is None or self._open is self._saved:
                self._begin_step(self._group_label)
        elif not (self._open and _goes_on(self._open.edits[-1], edit)):
            self._begin_step(TYPING if _is_key(edit) else "Edit")
        assert self._open is not None
        self._open.edits.append(edit)

    def _begin_step(self, label: str) -> None:
        self._open = Step(label)
        self._done.append(self._open)

    def undo(self) -> list[Edit]:
        """Edits to apply, in order; empty when there is nothing to undo."""
        self.end_group()
        if not self._done:
            return []
        step = self._done.pop()
        self._undone.append(step)
        return [edit.inverse() for edit in reversed(step.edits)]

    def redo(self) -> list[Edit]:
        """Edits to apply, in order; empty when there is nothing to redo."""
        self.end_group()
        if not self._undone:
            return []
        step = self._undone.pop()
        self._done.append(step)
        return step.edits


def _is_key(edit: Edit) -> bool:
    return max(len(edit.inserted), len(edit.removed)) <= _LONGEST_KEY_CHARS and "\n" not in edit.inserted


def _goes_on(last: Edit, edit: Edit) -> bool:
    """Whether `edit` belongs to the word that `last` was part of."""
    if not (_is_key(last) and _is_key(edit)):
        return False
    if last.inserted and edit.inserted and not edit.removed:
        begins_word = last.inserted[-1].isspace() and not edit.inserted[0].isspace()
        return edit.start == last.start + len(last.inserted) and not begins_word
    if last.removed and edit.removed and not (last.inserted or edit.inserted):
        return edit.start in (last.start, last.start - len(edit.removed))  # delete key, or backspace
    return False
