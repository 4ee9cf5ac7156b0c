"""Finding passages again in a text that was edited elsewhere.

A passage is known by its characters, by some of what stood around it, and by its old place. It is looked for whole;
if that fails, its ends, its sentences and pieces of long ones are, and grown as far as the text agrees. A place counts
when enough speaks for it: how long the piece is, how much around it agrees, and how near it is to where its neighbours
moved. So the same words elsewhere in the text are not mistaken for the passage.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from writer.document.authorship.passage import CONTEXT_LENGTH, Passage, Piece, part_pieces, source_of, whole_piece
from writer.document.authorship.text_places import PROBE_LENGTH, TextPlaces

_ENOUGH = 48  # evidence, in code points that agree: nobody writes that many by chance
_NEAR = 1_000  # code points from where the neighbours moved ...
_NEARNESS = 24  # ... are worth that much evidence
_EDGE = 16  # so is the beginning or end of the whole text
_MANY = 64  # places of one piece: its words are too common to tell anything before its neighbours are found
_MOST_PIECES = 200_000  # beyond, a file of passages is made to keep us busy


class Place(NamedTuple):
    """Code points from `start` up to `end` of the new text."""

    start: int
    end: int


def find_passages(passages: Sequence[Passage], old_length: int, text: str) -> list[list[Place]]:
    """Where each of the passages, or parts of it, stand in `text` now, in the order of the passage.

    passages -- in the order of their old places, without overlap
    old_length -- of the whole text in which they stood

    No two places overlap, and each holds exactly the characters of its part. What is not found has no place.
    """
    search = _Search(text, old_length)
    sources = [source_of(index, passage) for index, passage in enumerate(passages)]
    placed = search.place(_some(map(whole_piece, sources)))
    broken = [source for source in sources if source.number not in placed]
    parts = search.place(_some(part for source in broken for part in part_pieces(source)))
    found = [[piece.place for piece in placed.get(index, ())] for index in range(len(passages))]
    for index, pieces in parts.items():
        found[index] = search.grow(passages[index].text, pieces)
    return found


class _Placed(NamedTuple):
    """The part of a passage from `offset` on stands at `place`."""

    offset: int
    place: Place


def _some(pieces: Iterable[Piece]) -> list[Piece]:
    """Those that are long enough to be looked for, as long as their number makes sense."""
    return list(islice((piece for piece in pieces if len(piece.needle) >= PROBE_LENGTH), _MOST_PIECES))


@dataclass
class _Search:
    """What was found so far: places taken, and how far passages have moved."""

    text: str
    old_length: int
    _starts: list[int] = field(default_factory=list)  # of the places taken, sorted
    _ends: list[int] = field(default_factory=list)
    _moves: list[tuple[int, int]] = field(default_factory=list)  # (old place, how far it moved), sorted

    def place(self, pieces: Sequence[Piece]) -> dict[int, list[_Placed]]:
        """Where the pieces stand, by the number of their passage: first those that can only stand in one place."""
        placed: dict[int, list[_Placed]] = {}
        if not pieces:
            return placed
        places = TextPlaces(self.text, [piece.needle for piece in pieces])
        unsure = []
        for piece in pieces:
            starts = places.of(piece.needle)
            start = self._only(piece, starts) if len(starts) <= _MANY else None
            if start is not None:
                self._take(piece, start, placed)
            elif starts:
                unsure.append(piece)
        for piece in unsure:
            start = self._likeliest(piece, places.of(piece.needle))
            if start is not None:
                self._take(piece, start, placed)
        for pieces_of_one in placed.values():
            pieces_of_one.sort(key=lambda one: one.offset)
        return placed

    def grow(self, passage: str, pieces: list[_Placed]) -> list[Place]:
        """The places of pieces, with what precedes and follows them in the passage as far as it stands there too."""
        grown: list[Place] = []
        done = 0  # of the passage
        for number, (offset, (start, end)) in enumerate(pieces):
            if missing := passage[done:offset]:
                before = self.text[max(self._free_down_to(start), start - len(missing)) : start]
                n_more = _worthy(_common_suffix(missing, before), missing)
                self._starts[bisect_left(self._starts, start)] -= n_more
                offset, start = offset - n_more, start - n_more
            is_next = bool(grown) and (done, grown[-1].end) == (offset, start)
            done = pieces[number].offset + pieces[number].place.end - pieces[number].place.start
            if missing := passage[done : pieces[number + 1].offset if number + 1 < len(pieces) else len(passage)]:
                after = self.text[end : min(self._free_up_to(end), end + len(missing))]
                n_more = _worthy(_common_prefix(missing, after), missing)
                self._ends[bisect_left(self._starts, start)] += n_more
                done, end = done + n_more, end + n_more
            grown.append(Place(grown.pop().start if is_next else start, end))
        return grown

    def _only(self, piece: Piece, starts: Sequence[int]) -> int | None:
        """Where a piece must stand: enough speaks for one place, less for all others."""
        found = [(self._agreement(piece, start), start) for start in starts if self._stands(piece, start)]
        if not found:
            return None
        agreement, best = max(found)
        if len(piece.needle) + agreement < _ENOUGH or sum(other == agreement for other, _ in found) > 1:
            return None
        return best

    def _likeliest(self, piece: Piece, starts: Sequence[int]) -> int | None:
        """Where a piece stands, judged also by where it should after what was found around it has moved."""
        expected = self._expected(piece)
        found = []
        for start in {start for place in expected for start in _nearest(starts, place)}:
            if not self._stands(piece, start):
                continue
            distance = min(abs(start - place) for place in expected)
            evidence = self._agreement(piece, start) + (_NEARNESS if distance <= _NEAR else 0)
            if len(piece.needle) + evidence >= _ENOUGH:
                found.append((evidence, -distance, start))
        return max(found)[2] if found else None

    def _expected(self, piece: Piece) -> list[int]:
        at = bisect_left(self._moves, (piece.old, 0))
        moves = [move for _, move in self._moves[max(0, at - 1) : at + 1]]
        return [piece.old + move for move in moves or (0, len(self.text) - self.old_length)]

    def _stands(self, piece: Piece, start: int) -> bool:
        own = start + piece.skipped
        return self.text.startswith(piece.needle, start) and self._free_down_to(own + piece.length) <= own

    def _agreement(self, piece: Piece, start: int) -> int:
        """How many code points around the piece agree; the beginning and end of all count too."""
        end = start + len(piece.needle)
        before = _common_suffix(piece.before, self.text[max(0, start - CONTEXT_LENGTH) : start])
        after = _common_prefix(piece.after, self.text[end : end + CONTEXT_LENGTH])
        agreement = before + after
        if before == piece.old == start:
            agreement += _EDGE
        if after == self.old_length - piece.old - len(piece.needle) == len(self.text) - end:
            agreement += _EDGE
        return agreement

    def _take(self, piece: Piece, start: int, placed: dict[int, list[_Placed]]) -> None:
        of_passage = placed.setdefault(piece.number, [])
        if any(other.offset == piece.offset for other in of_passage[-1:]):
            return  # a short passage, found by what stands on its other side
        own = start + piece.skipped
        of_passage.append(_Placed(piece.offset, Place(own, own + piece.length)))
        self._add(own, own + piece.length)
        insort(self._moves, (piece.old, start - piece.old))

    def _add(self, start: int, end: int) -> None:
        at = bisect_left(self._starts, start)
        self._starts.insert(at, start)
        self._ends.insert(at, end)

    def _free_down_to(self, end: int) -> int:
        """Where the last taken place before `end` ends."""
        at = bisect_left(self._starts, end)
        return self._ends[at - 1] if at else 0

    def _free_up_to(self, start: int) -> int:
        """Where the first taken place from `start` on begins."""
        at = bisect_left(self._starts, start)
        return self._starts[at] if at < len(self._starts) else len(self.text)


def _nearest(starts: Sequence[int], place: int) -> Sequence[int]:
    """Some of the sorted `starts` on both sides of a place."""
    at = bisect_left(starts, place)
    return starts[max(0, at - _MANY // 4) : at + _MANY // 4]


def _worthy(n_same: int, missing: str) -> int:
    """A few characters that agree may do so by chance, unless nothing else was missing."""
    return n_same if n_same >= PROBE_LENGTH or n_same == len(missing) else 0


def _common_prefix(one: str, other: str) -> int:
    """How many code points both begin with."""
    if one == other:
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:  # halves: comparing slices is quicker than characters
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: str, other: str) -> int:
    """How many code points both end with."""
    return len(one) if one == other else _common_prefix(one[::-1], other[::-1])
