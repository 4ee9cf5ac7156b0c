"""Who wrote what: authorship of every character, kept as runs."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from writer.document.chunk_index import ChunkIndex

_SMALLEST = 16  # runs; a smaller block joins its neighbour
_USUAL = 64
_LARGEST = 128


_length_of = itemgetter(0)  # of a Run, at half the price of its name


class Author(StrEnum):
    """Who wrote a character."""

    HUMAN = "human"
    MODEL = "model"


class Run(NamedTuple):
    """`length` code points of one author and, for the model's, of one generation."""

    length: int
    author: Author
    generation: str | None = None

    def same_source(self, other: "Run") -> bool:
        """Whether both came from one author and one generation."""
        return self.author == other.author and self.generation == other.generation


@dataclass(frozen=True)
class Span:
    """Code points from `start` up to `end` of one author and one generation (None for what the human wrote)."""

    start: int
    end: int
    author: Author
    generation: str | None = None


def merge_runs(runs: Iterable[Run]) -> list[Run]:
    """The same authorship without empty runs and without neighbours of one source."""
    merged: list[Run] = []
    for run in runs:
        if not run.length:
            continue
        if merged and merged[-1].same_source(run):
            merged[-1] = run._replace(length=merged[-1].length + run.length)
        else:
            merged.append(run)
    return merged


class Provenance:
    """Runs that cover a text from its first to its last character, no two neighbours of one source.

    The runs lie in blocks of some dozen, so that an edit touches one block or two, however many runs there are.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._blocks = _split(merge_runs(runs)) or [[]]
        self._index = ChunkIndex(map(_length, self._blocks))
        self._lengths: Counter[str | None] = Counter()  # by generation
        for block in self._blocks:
            self._count(block, 1)

    def __len__(self) -> int:
        """Code points covered."""
        return self._index.total

    def runs(self, start: int, end: int) -> list[Run]:
        """Authorship of the code points from `start` up to `end`."""
        if start == end:
            return []
        first, begin = self._index.locate(start)
        last, stop = self._index.locate(end)
        if first == last:
            return _tail(_head(self._blocks[first], stop), begin)
        found = _tail(self._blocks[first], begin)
        for block in self._blocks[first + 1 : last]:
            found += block
        return found + _head(self._blocks[last], stop)

    def length_of(self, generation: str) -> int:
        """Code points that came from a generation."""
        return self._lengths[generation]

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """`runs` with their places."""
        at = start
        for run in self.runs(start, end):
            yield Span(at, at + run.length, run.author, run.generation)
            at += run.length

    def replace(self, start: int, end: int, runs: Iterable[Run]) -> None:
        """Put `runs` in the place of the authorship from `start` up to `end`."""
        blocks, runs = self._blocks, list(runs)
        self._count(self.runs(start, end), -1)
        self._count(runs, 1)
        first, begin = self._index.locate(start)
        last, stop = self._index.locate(end)
        head, tail = _head(blocks[first], begin), _tail(blocks[last], stop)
        if not head and first > 0:  # the run that a new one may have to join stands in the block before
            first -= 1
            head = blocks[first]
        # Only at the seams can neighbours be of one source.
        joined = [*head[:-1], *merge_runs([*head[-1:], *runs, *tail[:1]]), *tail[1:]]
        if len(joined) < _SMALLEST:
            if last + 1 < len(blocks):
                last += 1
                joined = merge_runs([*joined, *blocks[last]])
            elif first > 0:
                first -= 1
                joined = merge_runs([*blocks[first], *joined])
        pieces = _split(joined)
        if not pieces and len(blocks) == last + 1 - first:
            pieces = [[]]
        blocks[first : last + 1] = pieces
        self._index.splice(first, last + 1, [_length(piece) for piece in pieces])

    def _count(self, runs: Iterable[Run], sign: int) -> None:
        for run in runs:
            self._lengths[run.generation] += sign * run.length


def _split(runs: list[Run]) -> list[list[Run]]:
    if len(runs) <= _LARGEST:
        return [runs] if runs else []
    return [runs[at : at + _USUAL] for at in range(0, len(runs), _USUAL)]


def _length(runs: list[Run]) -> int:
    return sum(map(_length_of, runs))


def _cut(runs: list[Run], at: int) -> tuple[int, int]:
    """(run, offset inside it) after the first `at` code points; between two runs, the beginning of the second."""
    ends = list(accumulate(map(_length_of, runs)))
    run = bisect_right(ends, at)
    return run, at - (ends[run - 1] if run else 0)


def _head(runs: list[Run], length: int) -> list[Run]:
    """The runs of the first `length` code points."""
    run, inside = _cut(runs, length)
    head = runs[:run]
    if inside:
        head.append(runs[run]._replace(length=inside))
    return head


def _tail(runs: list[Run], skipped: int) -> list[Run]:
    """The runs after the first `skipped` code points."""
    run, inside = _cut(runs, skipped)
    tail = runs[run:]
    if inside:
        tail[0] = tail[0]._replace(length=tail[0].length - inside)
    return tail
