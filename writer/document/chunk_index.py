"""Which chunk of a long sequence holds an offset."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

_AHEAD = 64  # chunks summed at once: near enough to the place asked for, and cheaper than one by one


class ChunkIndex:
    """Sizes of consecutive chunks, searchable by offset while chunks come, go and grow.

    The starts of chunks are known only up to the last change and summed further when asked for, so edits that follow
    each other in one place cost the same wherever that place is. There is always at least one chunk, and no chunk is
    empty unless it is the only one.
    """

    def __init__(self, sizes: Iterable[int] = ()) -> None:
        self._sizes = list(sizes) or [0]
        self._starts = [0]
        self._total = sum(self._sizes)

    @property
    def total(self) -> int:
        """Sum of all sizes."""
        return self._total

    def locate(self, offset: int) -> tuple[int, int]:
        """(chunk, offset inside it) for 0 <= offset <= total; between two chunks, the beginning of the second."""
        sizes, starts = self._sizes, self._starts
        while starts[-1] <= offset and len(starts) < len(sizes):
            at = len(starts) - 1
            starts.extend(accumulate(sizes[at + 1 : min(at + _AHEAD, len(sizes) - 1)], initial=starts[-1] + sizes[at]))
        chunk = bisect_right(starts, offset) - 1
        return chunk, offset - starts[chunk]

    def splice(self, first: int, last: int, sizes: list[int]) -> None:
        """Chunks first..last-1 gave way to chunks of these `sizes`."""
        self._total += sum(sizes) - sum(self._sizes[first:last])
        self._sizes[first:last] = sizes
        del self._starts[first + 1 :]
