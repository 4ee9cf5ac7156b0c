"""Which rows of a paragraph look different after an edit, so that no more is painted again for a key."""

import re
from dataclasses import dataclass

# Scripts written from right to left, and marks of direction: one such character can turn round what is rows away.
_REORDERING = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def is_in_order(text: str) -> bool:
    """Whether all of it is written from left to right."""
    return not _REORDERING.search(text)


@dataclass(frozen=True)
class Rows:
    """How a paragraph is broken: (start, length) of each row in UTF-16 units, and whether its order is the text's."""

    breaks: tuple[tuple[int, int], ...]
    is_in_order: bool


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
