"""One change of a document: what stood somewhere and what stands there now."""

from dataclasses import dataclass

from writer.document.provenance import Author, Run, merge_runs


@dataclass(frozen=True)
class Change:
    """`removed` at `start` gave way to `inserted`; applied in order, changes lead from one text to the next.

    author, generation -- who made it; an undo or redo bears those of the change it takes back or repeats.
    removed_runs, inserted_runs -- authorship of the two texts; what an undo brings back can have several authors.
    All offsets and lengths are code points.
    """

    start: int
    removed: str
    inserted: str
    author: Author
    generation: str | None = None
    removed_runs: tuple[Run, ...] = ()
    inserted_runs: tuple[Run, ...] = ()

    @property
    def removed_end(self) -> int:
        """Where the removed text ended, in the text before the change."""
        return self.start + len(self.removed)

    @property
    def inserted_end(self) -> int:
        """Where the inserted text ends, in the text after the change."""
        return self.start + len(self.inserted)

    def inverse(self) -> "Change":
        """The change that takes this one back."""
        return Change(
            self.start,
            self.inserted,
            self.removed,
            self.author,
            self.generation,
            self.inserted_runs,
            self.removed_runs,
        )

    def shifted(self, distance: int) -> "Change":
        """The same change `distance` code points further on."""
        return Change(
            self.start + distance,
            self.removed,
            self.inserted,
            self.author,
            self.generation,
            self.removed_runs,
            self.inserted_runs,
        )


def range_after(start: int, end: int, change: Change) -> tuple[int, int] | None:
    """Where the text that stood from `start` up to `end` stands after a change; None when it is no longer the same."""
    if change.start >= end:
        return start, end
    if change.removed_end <= start:
        distance = len(change.inserted) - len(change.removed)
        return start + distance, end + distance
    return None


def compose(first: Change, second: Change) -> Change | None:
    """One change with the effect of `first` then `second`, if they are by one author and simply continue each other.

    That is: `second` inserts where the text of `first` ends, or both only remove, the second right before or after the
    first (Backspace, Delete).
    """
    if (first.author, first.generation) != (second.author, second.generation):
        return None
    start, removed, removed_runs = first.start, first.removed, first.removed_runs
    if not second.removed and second.start == first.inserted_end:
        pass
    elif first.inserted or second.inserted:
        return None
    elif second.start == first.start:
        removed, removed_runs = removed + second.removed, (*removed_runs, *second.removed_runs)
    elif second.removed_end == first.start:
        start = second.start
        removed, removed_runs = second.removed + removed, (*second.removed_runs, *removed_runs)
    else:
        return None
    return Change(
        start,
        removed,
        first.inserted + second.inserted,
        first.author,
        first.generation,
        tuple(merge_runs(removed_runs)),
        tuple(merge_runs((*first.inserted_runs, *second.inserted_runs))),
    )


def move_before(earlier: list[Change], change: Change) -> tuple[Change, list[Change]] | None:
    """Exchange the order: `change` as it would have been before the `earlier` ones, and those as they are after it.

    Both orders lead to the same text and authorship. None when `change` touches the inside of what an earlier one
    wrote, or removes text on both sides of a place where one removed some: then there is no such order.
    """
    moved: list[Change] = []
    for other in reversed(earlier):
        if change.removed_end <= other.start:
            moved.append(other.shifted(len(change.inserted) - len(change.removed)))
        elif change.start >= other.inserted_end:
            moved.append(other)
            change = change.shifted(len(other.removed) - len(other.inserted))
        else:
            return None
    moved.reverse()
    return change, moved
