"""A long text that changes in the middle."""

from collections.abc import Iterator

from writer.document.chunk_index import ChunkIndex

_SMALLEST = 1_024  # code points; a smaller chunk joins its neighbour
_USUAL = 4_096
_LARGEST = 8_192


class TextBuffer:
    """Text as a list of chunks of some thousand code points: an edit copies one chunk, never the text.

    All offsets are code points; the caller keeps them within bounds.
    """

    def __init__(self, text: str = "") -> None:
        self._chunks = _split(text) or [""]
        self._index = ChunkIndex(map(len, self._chunks))

    def __len__(self) -> int:
        return self._index.total

    @property
    def text(self) -> str:
        """All of it, joined anew at each call."""
        return "".join(self._chunks)

    def pieces(self) -> Iterator[str]:
        """The text in pieces of some thousand code points, none of them empty; not to be used after a change."""
        return filter(None, self._chunks)

    def slice(self, start: int, end: int) -> str:
        """The text from `start` up to `end`."""
        first, begin = self._index.locate(start)
        last, stop = self._index.locate(end)
        if first == last:
            return self._chunks[first][begin:stop]
        return "".join([self._chunks[first][begin:], *self._chunks[first + 1 : last], self._chunks[last][:stop]])

    def replace(self, start: int, end: int, text: str) -> None:
        """Put `text` in the place of what stands from `start` up to `end`."""
        chunks = self._chunks
        first, begin = self._index.locate(start)
        last, stop = self._index.locate(end)
        joined = f"{chunks[first][:begin]}{text}{chunks[last][stop:]}"
        if len(joined) < _SMALLEST:
            if last + 1 < len(chunks):
                last += 1
                joined += chunks[last]
            elif first > 0:
                first -= 1
                joined = chunks[first] + joined
        pieces = _split(joined)
        if not pieces and len(chunks) == last + 1 - first:
            pieces = [""]
        chunks[first : last + 1] = pieces
        self._index.splice(first, last + 1, [len(piece) for piece in pieces])


def _split(text: str) -> list[str]:
    if len(text) <= _LARGEST:
        return [text] if text else []
    return [text[at : at + _USUAL] for at in range(0, len(text), _USUAL)]
