"""Who wrote what: authorship of every character, kept as runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from writer.document.chunk_index import ChunkIndex

_SMALLEST = 64  # runs; a smaller block joins its neighbour
_USUAL = 256
_LARGEST = 512


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

    The runs lie in blocks of some hundred, so that an edit touches one block or two, however many runs there are.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._blocks = _split(merge_runs(runs)) or [[]]
        self._index = ChunkIndex(map(_length, self._blocks))

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

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """`runs` with their places."""
        at = start
        for run in self.runs(start, end):
            yield Span(at, at + run.length, run.author, run.generation)
            at += run.length

    def replace(self, start: int, end: int, runs: Iterable[Run]) -> None:
        """Put `runs` in the place of the authorship from `start` up to `end`."""
        blocks = self._blocks
        first, begin = self._index.locate(start)
        last, stop = self._index.locate(end)
        head, tail = _head(blocks[first], begin), _tail(blocks[last], stop)
        # The run that a new one may have to join can stand in the next block.
        if not head and first > 0:
            first -= 1
            head = blocks[first]
        if not tail and last + 1 < len(blocks):
            last += 1
            tail = blocks[last]
        joined = merge_runs([*head, *runs, *tail])
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


def _split(runs: list[Run]) -> list[list[Run]]:
    if len(runs) <= _LARGEST:
        return [runs] if runs else []
    return [runs[at : at + _USUAL] for at in range(0, len(runs), _USUAL)]


def _length(runs: list[Run]) -> int:
    return sum(run.length for run in runs)


def _head(runs: list[Run], length: int) -> list[Run]:
    """The runs of the first `length` code points."""
    head: list[Run] = []
    for run in runs:
        if length <= 0:
            break
        head.append(run if run.length <= length else run._replace(length=length))
        length -= run.length
    return head


def _tail(runs: list[Run], skipped: int) -> list[Run]:
    """The runs after the first `skipped` code points."""
    tail: list[Run] = []
    for run in runs:
        if skipped < run.length:
            tail.append(run._replace(length=run.length - skipped) if skipped > 0 else run)
        skipped -= run.length
    return tail
