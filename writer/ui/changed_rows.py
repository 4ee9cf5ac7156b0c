"""Which rows of a paragraph look different after an edit, so that no more is painted again for a key."""

import re
from dataclasses import dataclass

from PySide6.QtGui import QTextBlock

# Scripts written from right to left, and marks of direction: one such character can turn round what is rows away.
_REORDERING = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_IN_ORDER = 1  # a block's user state; -1 is what it begins with


def note_order(block: QTextBlock) -> bool:
    """Whether all of the paragraph is written from left to right; kept with it for the edit that comes next."""
    is_in_order = not _REORDERING.search(block.text())
    block.setUserState(_IN_ORDER if is_in_order else 0)
    return is_in_order


@dataclass(frozen=True)
class Rows:
    """How a paragraph is broken: (start, length) of each row in UTF-16 units, and whether its order is the text's."""

    breaks: tuple[tuple[int, int], ...]
    is_in_order: bool

    @classmethod
    def of(cls, block: QTextBlock) -> "Rows":
        """The rows of a paragraph as it was laid out last; none once an input method composes in it, or has."""
        layout = block.layout()
        lines = [layout.lineAt(row) for row in range(layout.lineCount())]
        breaks = tuple((line.textStart(), line.textLength()) for line in lines)
        return cls(breaks, block.userState() == _IN_ORDER)


def changed_rows(before: Rows, after: Rows, at: int, removed: int, added: int) -> tuple[int, int]:
    """(first, end) of the rows that an edit changed, end excluded; all of them where the rows do not tell.

    The edit put `added` UTF-16 units in the place of `removed` at `at`.
    """
    old, new = before.breaks, after.breaks
    grown = added - removed
    if not (before.is_in_order and after.is_in_order and len(old) == len(new)):
        return 0, max(len(old), len(new))
    first = 0
    while first < len(new) - 1 and old[first] == new[first] and sum(old[first]) < at:
        first += 1
    end = len(new)
    while end > first + 1:
        old_start, start = old[end - 1][0], new[end - 1][0]
        if old_start <= at + removed or start - old_start != grown:
            break
        end -= 1
    return first, end
