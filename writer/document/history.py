"""Undo and redo: which changes belong to one step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from writer.document.change import Change, compose, move_before
from writer.document.provenance import Author

_LONGEST_KEYSTROKE = 16  # code points one key press or input-method commit brings; more is a paste, a step of its own
_LONGEST_COMPOSED = 4_096  # code points; a longer change is not composed further, so that streaming stays linear


Selection = tuple[int, int]
"""(anchor, position) in code points; equal when nothing is selected."""


@dataclass
class Step:
    """Changes undone together, in the order they were made; `before` and `after` name the states around them.

    selection -- (anchor, position) of the writer's selection before the first of them; None where nobody told
    """

    label: str
    changes: list[Change]
    before: int
    after: int
    selection: Selection | None = None


class History:
    """The steps of a document. It records changes and hands back their inverses; it never applies one.

    **Typing.** Small insertions of the human that follow each other form one step up to the end of a word and the
    white space after it; small deletions that follow each other do so too. A jump, the other kind, another author, a
    paste, an undo or `close_typing` begins a new step.

    **Groups.** What is recorded between `begin_group` and the matching `end_group` is one step; groups inside a group
    join it. Once a group is the model's -- begun so, or because the model wrote in it -- what the human does meanwhile
    is not part of it:

    - Away from the group's own text, the human's change slips beneath: it becomes a step before the group, as if it had
      been made first, so that the group stays one step, and the next undo takes back the group alone.
    - Inside the group's own text no such order exists. The part so far becomes a step, the human's change the next, and
      what the group writes later a further one, and undo takes them back in that order.

    Undo and redo while a group is open also end its part so far, and nothing else of it.
    """

    def __init__(self) -> None:
        self._undo: list[Step] = []
        self._redo: list[Step] = []
        self._typing = False  # whether the newest step may take another keystroke
        self._depth = 0
        self._group_label = ""
        self._group_author: Author | None = None
        self._part: Step | None = None  # what the open group has recorded and nothing has cut off yet
        self._n_states = 0
        self._selection: Selection | None = None  # before the change being recorded
        self.state = 0
        """Number of the present state of the text: equal numbers, equal text and authorship."""

    @property
    def undo_label(self) -> str | None:
        """What the next undo takes back; None when there is nothing."""
        if self._part is not None:
            return self._part.label
        return self._undo[-1].label if self._undo else None

    @property
    def redo_label(self) -> str | None:
        """What the next redo repeats; None when there is nothing."""
        return self._redo[-1].label if self._redo else None

    @property
    def in_group(self) -> bool:
        """Whether a group is open."""
        return self._depth > 0

    def close_typing(self) -> None:
        """The next keystroke begins a new step."""
        self._typing = False

    def begin_group(self, label: str, author: Author | None = None) -> None:
        """Open a group, or join the one that is open, whose label stays."""
        if not self._depth:
            self.close_typing()
            self._group_label = label
            self._group_author = author
        self._depth += 1

    def resume_group(self) -> None:
        """Open a group that goes on in the newest step. Inside a group it joins that one."""
        self.begin_group("Typing")
        if self._depth == 1 and self._undo:
            self._part = self._undo.pop()

    def end_group(self) -> None:
        """Close the group opened last. Raises RuntimeError when none is open."""
        if not self._depth:
            raise RuntimeError("end_group without begin_group")
        self._depth -= 1
        if not self._depth:
            self._end_part()

    @property
    def undo_steps(self) -> tuple[Step, ...]:
        """What can be taken back, the newest last. Of an open group what it has so far, a copy: it goes on."""
        part = self._part
        return tuple(self._undo) if part is None else (*self._undo, replace(part, changes=list(part.changes)))

    @property
    def redo_steps(self) -> tuple[Step, ...]:
        """What can be repeated, the one undone last at the end."""
        return tuple(self._redo)

    def restore(self, undo: Iterable[Step], redo: Iterable[Step]) -> None:
        """Take over the steps of an earlier history, whose text is the present one. Only while there are none."""
        if self.undo_steps or self._redo:
            raise RuntimeError("there are steps already")
        self._undo, self._redo = list(undo), list(redo)
        steps = [*self._undo, *self._redo]
        self._n_states = max((state for step in steps for state in (step.before, step.after)), default=0)
        if self._undo:
            self.state = self._undo[-1].after
        elif self._redo:
            self.state = self._redo[-1].before

    def record(self, change: Change, selection: Selection | None = None) -> None:
        """Take in a change that was just made; `selection` is what the writer had selected before it."""
        self._redo.clear()
        self._selection = selection
        if not self._depth:
            self._record_beneath(change)
        elif change.author is Author.HUMAN and self._group_author is Author.MODEL:
            self._record_foreign(change)
        else:
            if change.author is Author.MODEL and self._group_author is None:
                self._group_author = Author.MODEL
            self._record_in_group(change)

    def undo(self) -> Step | None:
        """The step that takes back the newest one; None when there is none."""
        self._end_part()
        self.close_typing()
        if not self._undo:
            return None
        step = self._undo.pop()
        self._redo.append(step)
        self.state = step.before
        changes = [change.inverse() for change in reversed(step.changes)]
        return Step(step.label, changes, step.after, step.before, step.selection)

    def redo(self) -> list[Change]:
        """The changes that repeat the step undone last, in the order to apply them; [] when there is none."""
        self._end_part()
        self.close_typing()
        if not self._redo:
            return []
        step = self._redo.pop()
        self._undo.append(step)
        self.state = step.after
        return list(step.changes)

    def _new_state(self) -> int:
        self._n_states += 1
        return self._n_states

    def _end_part(self) -> None:
        if self._part is not None:
            self._undo.append(self._part)
            self._part = None
            self.close_typing()

    def _record_in_group(self, change: Change) -> None:
        if self._part is None:
            self.close_typing()
            self._part = Step(self._group_label, [], self.state, self.state, self._selection)
        changes = self._part.changes
        last = changes[-1] if changes else None
        short = last is not None and len(last.inserted) + len(last.removed) < _LONGEST_COMPOSED
        composed = compose(last, change) if last is not None and short else None
        if composed is not None:
            changes[-1] = composed
        else:
            changes.append(change)
        self.state = self._part.after = self._new_state()

    def _record_foreign(self, change: Change) -> None:
        part = self._part
        exchanged = move_before(part.changes, change) if part is not None else None
        if part is None or exchanged is None:
            self._end_part()
            self._record_beneath(change)
            return
        first, part.changes = exchanged
        self.state = part.before
        self._record_beneath(first)
        part.before = self.state
        self.state = part.after = self._new_state()

    def _record_beneath(self, change: Change) -> None:
        """Record outside any group, onto the newest finished step."""
        keystroke = _is_keystroke(change)
        if self._typing and keystroke and self._undo:
            step = self._undo[-1]
            last = step.changes[-1]
            composed = compose(last, change) if _continues_word(last, change) else None
            if composed is not None:
                step.changes[-1] = composed
                self.state = step.after = self._new_state()
                return
        before = self.state
        self.state = self._new_state()
        self._undo.append(Step(_label(change, keystroke), [change], before, self.state, self._selection))
        # What replaced a selection may grow too: the first key pressed on a selection begins a word.
        self._typing = change.author is Author.HUMAN and (keystroke or 0 < len(change.inserted) <= _LONGEST_KEYSTROKE)


def _is_keystroke(change: Change) -> bool:
    return (
        change.author is Author.HUMAN
        and not (change.inserted and change.removed)
        and len(change.inserted) + len(change.removed) <= _LONGEST_KEYSTROKE
    )


def _continues_word(last: Change, change: Change) -> bool:
    """Whether `change` is of the kind of `last` and does not begin the next word."""
    if bool(last.inserted) != bool(change.inserted):
        return False
    if change.inserted:
        return not (last.inserted[-1].isspace() and not change.inserted[0].isspace())
    if change.start < last.start:  # Backspace: words are met from their ends
        return not (change.removed[-1].isspace() and not last.removed[0].isspace())
    return not (last.removed[-1].isspace() and not change.removed[0].isspace())


def _label(change: Change, keystroke: bool) -> str:
    if change.author is Author.MODEL:
        return "Generated text"
    if not change.inserted:
        return "Deletion"
    if change.removed:
        return "Replacement"
    return "Typing" if keystroke else "Insertion"
