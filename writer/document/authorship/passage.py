"""A passage of a text, and the pieces of it that can be looked for in another text."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from writer.document.authorship.text_places import PROBE_LENGTH

CONTEXT_LENGTH = 32
"""Code points of what stands before and after a passage that help to tell repeats apart."""

_LONGEST_PIECE = 96
_USUAL_PIECE = 64

# Ends of sentences, as far as cutting a passage into pieces needs them, and of lines.
_PIECE_END = re.compile(r"(?<=[.!?…\"'”’»)\]。！？])\s+|\n+|(?<=[。！？])(?=\S)")


class Passage(NamedTuple):
    """`text` stood at `start`, between `before` and `after` (at most CONTEXT_LENGTH code points each)."""

    start: int
    text: str
    before: str = ""
    after: str = ""


class Piece(NamedTuple):
    """A part of passage `number` that is looked for.

    needle -- the characters looked for; those from `skipped` on, `length` of them, are the passage's own
    offset -- where these begin in the passage's text
    before, after -- what stood around the needle
    old -- where the needle stood
    """

    number: int
    needle: str
    skipped: int
    length: int
    offset: int
    before: str
    after: str
    old: int


class Source(NamedTuple):
    """A passage to cut pieces from, with what stood around it."""

    number: int
    whole: str
    begin: int  # of the passage in `whole`
    end: int
    old: int  # where `whole` stood

    def piece(self, first: int, last: int) -> Piece:
        """The piece from `first` up to `last`, counted in `whole`, as far as that goes."""
        first, last = max(0, first), min(len(self.whole), last)
        own = max(first, self.begin)
        return Piece(
            self.number,
            self.whole[first:last],
            own - first,
            min(last, self.end) - own,
            own - self.begin,
            self.whole[max(0, first - CONTEXT_LENGTH) : first],
            self.whole[last : last + CONTEXT_LENGTH],
            self.old + first,
        )


def source_of(number: int, passage: Passage) -> Source:
    begin = len(passage.before)
    whole = passage.before + passage.text + passage.after
    return Source(number, whole, begin, begin + len(passage.text), passage.start - begin)


def whole_piece(source: Source) -> Piece:
    """All of it; a short one with what stands on both sides."""
    margin = 0 if source.end - source.begin >= PROBE_LENGTH else PROBE_LENGTH
    return source.piece(source.begin - margin, source.end + margin)


def part_pieces(source: Source) -> Iterator[Piece]:
    """What to look for when the whole is not found: the beginning and the end with what stands around, and all between.

    Of a short passage, all of it with what stands on one side."""
    _, whole, begin, end, _ = source
    length, margin = end - begin, PROBE_LENGTH
    if length < PROBE_LENGTH:
        yield source.piece(begin - margin, end)
        yield source.piece(begin, end + margin)
    elif length >= 2 * margin:
        yield source.piece(begin - margin, begin + margin)
        for first, last in _cut(whole[begin + margin : end - margin]):
            if last - first >= PROBE_LENGTH:
                yield source.piece(begin + margin + first, begin + margin + last)
        yield source.piece(end - margin, end + margin)


def _cut(text: str) -> Iterator[tuple[int, int]]:
    """Sentences and lines, the long ones in several pieces that begin and end between words where they can."""
    begin = 0
    for end, after in [*(match.span() for match in _PIECE_END.finditer(text)), (len(text), len(text))]:
        while end - begin > _LONGEST_PIECE:
            space = text.rfind(" ", begin + PROBE_LENGTH, begin + _USUAL_PIECE)
            stop = space if space >= 0 else begin + _USUAL_PIECE
            yield begin, stop
            begin = stop
        yield begin, end
        begin = after
