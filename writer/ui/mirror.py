"""Between the widget's UTF-16 text and the document's code points. Nothing outside the editor knows UTF-16.

Every code point of the document stands for exactly one character of the widget: `displayed` replaces the few that a
QTextDocument cannot hold by one that it can, so positions always translate, and the document keeps the original.
"""

import re

import numpy as np
from numpy.typing import NDArray

PARAGRAPH_SEPARATOR = "\u2029"  # between blocks in QTextDocument's own text
_HIDDEN = "\u200b"
_UNKNOWN = "\ufffd"
_UNSHOWABLE = re.compile("[\ufdd0\ufdd1\ufffc\ud800-\udfff]")  # QTextDocument's own marks, and halves of characters


def displayed(text: str) -> str:
    """Document text as the widget holds it; as many code points as before."""
    return insertable(text).replace("\n", PARAGRAPH_SEPARATOR)


def insertable(text: str) -> str:
    """What becomes `displayed(text)` when QTextCursor.insertText puts it into the widget."""
    text = text.replace("\r", _HIDDEN)  # else "\r\n" became one separator
    return text if text.isascii() else _UNSHOWABLE.sub(_UNKNOWN, text)


def typed(raw: str) -> str:
    """Text that the user brought into the widget, as the document shall hold it."""
    return raw.replace(PARAGRAPH_SEPARATOR, "\n").replace("\r", "\n")


def utf16_length(text: str) -> int:
    """UTF-16 code units of `text`."""
    return len(text) if text.isascii() else len(text) + len(_wide(text))


def _wide(text: str) -> NDArray[np.int64]:
    """Indices of the code points in `text` that take two UTF-16 units."""
    if text.isascii():
        return np.empty(0, dtype=np.int64)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return np.flatnonzero(codes > 0xFFFF).astype(np.int64)


class Utf16Map:
    """Translates positions of one text both ways, in O(log k) for k characters outside the Basic Multilingual Plane."""

    def __init__(self, text: str) -> None:
        self._n_code_points = len(text)
        self._wide = _wide(text)
        self._pairs = self._wide + np.arange(len(self._wide))  # where they begin in UTF-16

    def __len__(self) -> int:
        """Length of the text in UTF-16 units."""
        return self._n_code_points + len(self._wide)

    def to_utf16(self, index: int) -> int:
        """UTF-16 position of code point `index`."""
        return index + int(self._wide.searchsorted(index)) if len(self._wide) else index

    def to_code_point(self, position: int) -> int:
        """Code point index of UTF-16 `position`; a position inside a pair counts as before the pair."""
        return position - int(self._pairs.searchsorted(position)) if len(self._pairs) else position

    def changed_range(
        self, position: int, removed: int, added: int, old_length: int, new_length: int
    ) -> tuple[int, int, int, int]:
        """What whole code points `added` UTF-16 units took the place of, where there were `removed`, as Qt tells it.

        old_length, new_length -- of the page, which has this map's text from its beginning, before and after

        Returns (start, end) in code points of this map's text, and (start, end) in UTF-16 of the new one.
        """
        # Qt counts the last paragraph's invisible end, and calls whole paragraphs changed.
        removed, added = min(removed, old_length - position), min(added, new_length - position)
        if added - removed != new_length - old_length:
            position, removed, added = 0, old_length, new_length
        start = self.to_code_point(position)
        inside_pair = position - self.to_utf16(start)
        position, removed, added = position - inside_pair, removed + inside_pair, added + inside_pair
        end = self.to_code_point(position + removed)
        if inside_end := position + removed - self.to_utf16(end):
            end, added = end + 1, added + 2 - inside_end
        return start, end, position, position + added

    def replace(self, start: int, n_removed: int, inserted: str) -> None:
        """Follow an edit: `n_removed` code points at `start` became `inserted`."""
        first, last = self._wide.searchsorted((start, start + n_removed))
        grown = len(inserted) - n_removed
        added = _wide(inserted) + start
        self._wide[last:] += grown
        self._pairs[last:] += grown + len(added) - (last - first)
        if first != last or len(added):
            pairs = added + np.arange(first, first + len(added))
            self._wide = np.concatenate([self._wide[:first], added, self._wide[last:]])
            self._pairs = np.concatenate([self._pairs[:first], pairs, self._pairs[last:]])
        self._n_code_points += grown


def trim_common(old: str, new: str) -> tuple[int, str, str]:
    """(length of the common beginning, rest of `old`, rest of `new`) with common beginning and end removed."""
    limit = min(len(old), len(new))
    start = 0
    while start < limit and old[start] == new[start]:
        start += 1
    end = 0
    while end < limit - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, old[start : len(old) - end], new[start : len(new) - end]
