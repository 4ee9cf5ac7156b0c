"""How many words a document has, without reading it again at each change."""

from collections.abc import Iterable

from writer.document.change import Change
from writer.document.document import Document

_PIECE = 1 << 16  # code points


def count_words(text: str) -> int:
    """`len(text.split())` without the list of them all, which takes 67 MB for a million words; other threads may go on
    meanwhile."""
    return _count(text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _count(pieces: Iterable[str]) -> int:
    """Of a text in pieces, none of them empty."""
    n_words, in_word = 0, False
    for piece in pieces:
        n_words += len(piece.split()) - (in_word and not piece[0].isspace())
        in_word = not piece[-1].isspace()
    return n_words


class WordCount:
    """`len(document.text.split())`, at the price of each change alone: whoever hears of changes tells it of each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.value = _count(document.pieces())

    def follow(self, change: Change) -> None:
        """Take in a change right after it was made, as a listener of the document hears of it."""
        # Only what a change touches can begin or end a word, and a character each side tells whether it joins one.
        end = change.inserted_end
        before = self._document.slice(max(0, change.start - 1), change.start)
        after = self._document.slice(end, min(end + 1, len(self._document)))
        self.value += len(f"{before}{change.inserted}{after}".split()) - len(f"{before}{change.removed}{after}".split())
