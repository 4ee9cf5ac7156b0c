"""A whole text, or parts of one, in the place of another, as one step that touches no more than differs."""

from collections.abc import Iterable, Sequence

from writer.document.comparison import Replacement
from writer.document.document import Document
from writer.document.provenance import Author, Run


def rewrite(document: Document, text: str, label: str, runs: Sequence[Run] | None = None) -> None:
    """Make `document` say `text`; undo calls it `label` and takes it back at once.

    runs -- the authorship of `text`, which the document has afterwards too; None: what is new is the human's
    """
    old = document.text
    room = min(len(old), len(text))
    start = _common(old, text, room)
    end = _common(old[::-1], text[::-1], room - start)
    if runs is not None:
        start = min(start, _common_runs(document.runs(), runs))
        end = min(end, _common_runs(reversed(document.runs()), reversed(runs)), room - start)
    middle = None if runs is None else _cut(runs, start, len(text) - end)
    with document.group(label, Author.HUMAN):
        document.replace(start, len(old) - end, text[start : len(text) - end], runs=middle)


def restore(document: Document, replacements: Sequence[Replacement], runs: Sequence[Run], label: str) -> None:
    """Bring parts of an older text back, as one step called `label`; `runs` is the authorship of that whole text."""
    with document.group(label, Author.HUMAN):
        for piece in reversed(replacements):
            document.replace(piece.start, piece.end, piece.text, runs=_authors(piece, runs))


def _authors(piece: Replacement, runs: Sequence[Run]) -> list[Run]:
    """Line breaks that are no part of the older text are the human's."""
    n_breaks = len(piece.text) - sum(end - start for start, end in piece.sources)
    breaks = [Run(1, Author.HUMAN)] * n_breaks
    authors = [breaks.pop()] if breaks and n_breaks == len(piece.sources) and piece.text.startswith("\n") else []
    for start, end in piece.sources:
        authors += _cut(runs, start, end)
        if breaks:
            authors.append(breaks.pop())
    return authors


def _common(one: str, other: str, limit: int) -> int:
    """How many characters both begin with, `limit` at most; found by halving, since comparing slices is fast."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_runs(one: Iterable[Run], other: Iterable[Run]) -> int:
    """How many characters both begin with whose authors are the same."""
    common = 0
    for mine, theirs in zip(one, other, strict=False):
        if not mine.same_source(theirs):
            break
        common += min(mine.length, theirs.length)
        if mine.length != theirs.length:
            break
    return common


def _cut(runs: Iterable[Run], start: int, end: int) -> list[Run]:
    """The authorship from `start` up to `end`."""
    cut, at = [], 0
    for run in runs:
        first, last = max(start, at), min(end, at + run.length)
        if first < last:
            cut.append(run._replace(length=last - first))
        at += run.length
    return cut
