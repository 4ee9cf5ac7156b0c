"""What has happened to a document since its journal was last written."""

from writer.document.change import Change, compose
from writer.document.generation_record import GenerationRecord

WRITE_AFTER_S = 0.4  # of the first change that is not in the file
WRITE_AFTER_CHARS = 64  # that are not in the file: sooner, since a model writes faster than a person
_LONGEST_COMPOSED = 4_096  # code points

Item = Change | GenerationRecord


class Unwritten:
    """items -- in their order; since -- when the first of them came, None where nothing waits to be written"""

    def __init__(self, items: list[Item] | None = None) -> None:
        self.items: list[Item] = items or []
        self.since: float | None = None
        self._n_chars = 0

    def add(self, change: Change, at: float) -> None:
        add_change(self.items, change)
        self._n_chars += len(change.inserted) + len(change.removed)
        self.wait_since(at)

    def add_generation(self, generation: GenerationRecord) -> None:
        """It waits for its text, and is no reason to write."""
        self.items.append(generation)

    def wait_since(self, at: float) -> None:
        """Something else than a change waits too."""
        if self.since is None:
            self.since = at

    def due_at(self) -> float | None:
        """When it has to be written; None for never."""
        if self.since is None:
            return None
        return self.since if self._n_chars >= WRITE_AFTER_CHARS else self.since + WRITE_AFTER_S


def add_change(items: list[Item] | list[Change], change: Change) -> None:
    """Append, as a part of the last one where that simply goes on."""
    last = items[-1] if items else None
    if isinstance(last, Change) and len(last.inserted) + len(last.removed) < _LONGEST_COMPOSED:
        composed = compose(last, change)
        if composed is not None:
            items[-1] = composed
            return
    items.append(change)
