"""Where each paragraph of a page begins and ends: measured for those that were laid out, estimated for the others.

All heights are whole pixels, so that scroll bars (integers) and tops agree exactly.
"""

from collections.abc import Sequence
from math import floor

import numpy as np
from numpy.typing import NDArray


class ParagraphHeights:
    """Heights of paragraphs in order, and their tops. Positions are pixels from the page's upper edge."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._lengths: NDArray[np.int64] = np.ones(1, dtype=np.int64)
        self._heights: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._tops: NDArray[np.int64] = np.full(2, top, dtype=np.int64)
        self._measured: NDArray[np.bool_] = np.zeros(1, dtype=np.bool_)
        self.set_estimate(1.0, 1, 0)

    def set_estimate(self, chars_per_line: float, line_height: int, gap: int) -> None:
        """How to estimate: a paragraph has so many characters per line, and `gap` below its last line."""
        self._chars_per_line, self._line_height, self._gap = max(1.0, chars_per_line), line_height, gap

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def end(self) -> int:
        """Where the last paragraph ends."""
        return int(self._tops[-1])

    @property
    def n_measured(self) -> int:
        return int(self._measured.sum())

    def top(self, index: int) -> int:
        """Where paragraph `index` begins; for as many as there are, where the last one ends."""
        return int(self._tops[index])

    def height(self, index: int) -> int:
        return int(self._heights[index])

    def is_measured(self, index: int) -> bool:
        return bool(self._measured[index])

    def at(self, y: float) -> int:
        """The paragraph at `y`; the first or last one beyond the text."""
        index = int(self._tops.searchsorted(floor(y), side="right")) - 1  # a float would make floats of all tops
        return min(max(index, 0), len(self._heights) - 1)

    def reset(self, lengths: NDArray[np.int64] | None = None) -> None:
        """Estimate all anew, for paragraphs of `lengths` (characters with the end), or of the lengths known."""
        if lengths is not None:
            self._lengths = lengths
        self._heights = self._estimates(self._lengths)
        self._measured = np.zeros(len(self._heights), dtype=np.bool_)
        self._sum()

    def measure(self, index: int, height: int) -> int:
        """Paragraph `index` was found to be so high; how much everything below it moved."""
        self._measured[index] = True
        delta = height - int(self._heights[index])
        if delta:
            self._heights[index] += delta
            self._tops[index + 1 :] += delta
        return delta

    def forget(self, index: int, length: int) -> None:
        """Paragraph `index` has another text: its height stands until it is measured again."""
        self._lengths[index] = length
        self._measured[index] = False

    def replace(self, first: int, n_old: int, lengths: Sequence[int]) -> int:
        """Others stand in the place of `n_old` paragraphs from `first`; how much everything below them moved.

        The first of them keeps the height that there was until it is measured: a view in the middle of it stays there.
        """
        old_end = self.end
        new = np.array(lengths, dtype=np.int64)
        stop = first + n_old
        unseen = np.zeros(len(new), dtype=np.bool_)
        heights = self._estimates(new)
        heights[0] = self._heights[first]
        self._lengths = np.concatenate([self._lengths[:first], new, self._lengths[stop:]])
        self._heights = np.concatenate([self._heights[:first], heights, self._heights[stop:]])
        self._measured = np.concatenate([self._measured[:first], unseen, self._measured[stop:]])
        self._sum()
        return self.end - old_end

    def _estimates(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        n_lines = np.maximum(1, np.ceil((lengths - 1) / self._chars_per_line)).astype(np.int64)
        return n_lines * self._line_height + self._gap

    def _sum(self) -> None:
        self._tops = np.empty(len(self._heights) + 1, dtype=np.int64)
        self._tops[0] = self._top
        np.cumsum(self._heights, out=self._tops[1:])
        self._tops[1:] += self._top
