"""What followed the last few items of a long sequence wherever they stood before: an index over n-grams.

Items are whole numbers from 0 on. A few sorted arrays hold the past, a short unsorted tail what came last, so that
half a million words take some tens of megabytes and a new word next to nothing.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Items = NDArray[np.int64]

_GONE = -1  # in place of items that were removed, and between pieces that do not belong together
_LEAST_TAIL = 4096
_TAIL_SHARE = 8  # the tail is sorted in once it is longer than this part of the rest
_MOST_FOLLOWERS = 4096  # of one context: beyond that the latest are enough
_FACTOR = 0x9E3779B97F4A7C15  # odd, and its multiples are spread over all 64 bits


class NgramIndex:
    """Contexts of 1 to `longest` items."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.forget()

    def forget(self) -> None:
        self._items = np.empty(1024, np.int32)
        self._n = 0
        self._n_gone = 0
        self._n_sorted = 0
        # For each length of context: its keys, sorted, and the places of what followed.
        self._orders = [(np.empty(0, np.uint64), np.empty(0, np.int32))] * self.longest

    def __len__(self) -> int:
        return self._n - self._n_gone

    @property
    def n_bytes(self) -> int:
        return self._items.nbytes + sum(keys.nbytes + ends.nbytes for keys, ends in self._orders)

    def add(self, items: Sequence[int]) -> tuple[int, int]:
        """Append a piece; no context reaches across its ends. Returns where it stands, for `remove`."""
        start, end = self._n, self._n + len(items)
        if end + 1 > len(self._items):
            self._items = np.resize(self._items, max(end + 1, 2 * len(self._items)))
        self._items[start:end] = items
        self._items[end] = _GONE
        self._n = end + 1
        self._n_gone += 1
        if self._n - self._n_sorted > max(_LEAST_TAIL, self._n_sorted // _TAIL_SHARE):
            self._sort()
        return start, end

    def remove(self, piece: tuple[int, int]) -> None:
        """Forget a piece that `add` has placed. Its room is not given back."""
        self._items[piece[0] : piece[1]] = _GONE
        self._n_gone += piece[1] - piece[0]

    @property
    def is_sparse(self) -> bool:
        """More was removed than is left: time to build it anew."""
        return self._n_gone > max(_LEAST_TAIL, 2 * len(self))

    def latest(self, n: int) -> Items:
        """What is left of the last `n` places, each piece's end taking one, oldest first."""
        return _left(self._items[max(0, self._n - n) : self._n])

    def followers(self, context: Sequence[int]) -> Items:
        """What came after these 1 to `longest` items, in the order in which it was added, as often as it did."""
        length = len(context)
        key = _keys(np.array(context, np.int32), length)[0]
        keys, ends = self._orders[length - 1]
        first, last = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
        places = ends[max(first, last - _MOST_FOLLOWERS) : last]
        tail = self._items[max(0, self._n_sorted - length) : self._n]
        if len(tail) > length:
            matches = np.ones(len(tail) - length, bool)
            for i, item in enumerate(context):
                matches &= tail[i : i + len(matches)] == item
            in_tail = np.flatnonzero(matches) + (length + max(0, self._n_sorted - length))
            places = np.concatenate([places, in_tail])
        return _left(self._items[places])

    def _sort(self) -> None:
        items = self._items[: self._n]
        for i in range(self.longest):
            length = i + 1
            keys = _keys(items[:-1], length)  # the last item has no follower yet, but it is _GONE anyway
            places = np.arange(length, length + len(keys), dtype=np.int32)
            whole = np.ones(len(keys), bool)
            for j in range(length + 1):
                whole &= items[j : j + len(keys)] != _GONE
            keys, places = keys[whole], places[whole]
            order = np.argsort(keys, kind="stable")
            self._orders[i] = keys[order], places[order]
        self._n_sorted = self._n


def _left(items: NDArray[np.int32]) -> Items:
    left: Items = items[items != _GONE].astype(np.int64)
    return left


def _keys(items: NDArray[np.int32], length: int) -> NDArray[np.uint64]:
    """One number for each run of `length` items; two different runs share theirs as good as never."""
    n = max(0, len(items) - length + 1)
    keys = np.zeros(n, np.uint64)
    for i in range(length):
        keys += items[i : i + n].astype(np.uint64)
        keys *= np.uint64(_FACTOR)
        keys ^= keys >> np.uint64(29)
    return keys
