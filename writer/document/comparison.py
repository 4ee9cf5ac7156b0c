"""What differs between two texts: paragraph beside paragraph, and the words inside those that changed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

from writer.document.alignment import paragraph_pairs, token_pairs, tokens


@dataclass(frozen=True)
class Segment:
    """A piece of a paragraph that the other text has too, or has not."""

    text: str
    changed: bool


@dataclass(frozen=True)
class Side:
    """A paragraph of one text, from `start` up to `end` in code points, without the line break after it.

    segments -- its text in pieces; () for an empty paragraph
    """

    start: int
    end: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Row:
    """Two paragraphs that stand side by side; None where one text has none there."""

    old: Side | None
    new: Side | None

    @property
    def changed(self) -> bool:
        """Whether the two sides differ."""
        if self.old is None or self.new is None:
            return True
        return any(segment.changed for segment in (*self.old.segments, *self.new.segments))


@dataclass(frozen=True)
class Replacement:
    """`text` belongs in the place of what stands from `start` up to `end`, in code points.

    sources -- the ranges of the old text that it is made of; between them, before or after stands one line break
    """

    start: int
    end: int
    text: str
    sources: tuple[tuple[int, int], ...] = ()


def compare(old: str, new: str) -> list[Row]:
    """Both texts whole, in rows: the paragraphs of either, joined by line breaks, are that text again.

    Equal paragraphs come as rows without a changed segment. Unchanged segments of a row say the same on both sides.
    """
    olds, news = _Paragraphs(old), _Paragraphs(new)
    rows: list[Row] = []
    i = j = 0
    for next_i, next_j in [*paragraph_pairs(olds.texts, news.texts), (len(olds.texts), len(news.texts))]:
        for left, right in zip_longest(range(i, next_i), range(j, next_j)):
            rows.append(_unlike_row(olds, left, news, right))
        if next_i < len(olds.texts):
            rows.append(_alike_row(olds, next_i, news, next_j))
        i, j = next_i + 1, next_j + 1
    return rows


def restoration(rows: Sequence[Row], old: str, new: str, chosen: Collection[int] | None = None) -> list[Replacement]:
    """What to replace in `new` so that some rows say again what they said in `old`, and the others stay.

    rows -- of `compare(old, new)`
    chosen -- indices of the rows to restore; None for all, which gives `old`

    The replacements do not overlap and come from first to last: apply them from the last to the first.
    """
    replacements: list[Replacement] = []
    wanted = [row.changed and (chosen is None or index in chosen) for index, row in enumerate(rows)]
    # A paragraph of `new` that stays ends a part; all that is restored in a part is replaced as one.
    stays = [row.new is not None and not restored for row, restored in zip(rows, wanted, strict=True)]
    at = 0
    for staying, group in groupby(range(len(rows)), key=stays.__getitem__):
        part = list(group)
        if staying:
            last = rows[part[-1]].new
            at = last.end + 1 if last is not None else at
            continue
        sides = [rows[index] for index in part if wanted[index]]
        sources = tuple((row.old.start, row.old.end) for row in sides if row.old is not None)
        texts = [old[start:end] for start, end in sources]
        paragraphs = [row.new for row in sides if row.new is not None]
        if sides:
            replacements.append(replace(_replacement(texts, paragraphs, at, new), sources=sources))
    return replacements


def _replacement(texts: list[str], paragraphs: list[Side], at: int, new: str) -> Replacement:
    """Paragraphs in the place of others of `new`, or of none; one line break comes or goes with each.

    at -- where a paragraph would begin; one past the end of `new` after the last
    """
    start, end = (paragraphs[0].start, paragraphs[-1].end) if paragraphs else (at, at - 1)
    text = "\n".join(texts)
    if texts and paragraphs:
        return Replacement(start, end, text)
    if not texts:  # the line break after them goes, or after the last paragraph the one before
        return Replacement(start, end + 1, "") if end < len(new) else Replacement(max(start - 1, 0), end, "")
    return Replacement(at, at, f"{text}\n") if at <= len(new) else Replacement(len(new), len(new), f"\n{text}")


class _Paragraphs:
    """The paragraphs of a text and where they begin."""

    def __init__(self, text: str) -> None:
        self.texts = text.split("\n")
        self._starts: list[int] = []
        at = 0
        for paragraph in self.texts:
            self._starts.append(at)
            at += len(paragraph) + 1

    def side(self, index: int, segments: Iterable[Segment]) -> Side:
        start = self._starts[index]
        return Side(start, start + len(self.texts[index]), tuple(segments))

    def whole(self, index: int | None, changed: bool) -> Side | None:
        """The paragraph in one piece."""
        if index is None:
            return None
        text = self.texts[index]
        return self.side(index, [Segment(text, changed)] if text else [])


def _unlike_row(olds: _Paragraphs, i: int | None, news: _Paragraphs, j: int | None) -> Row:
    changed = i is None or j is None or olds.texts[i] != news.texts[j]
    return Row(olds.whole(i, changed), news.whole(j, changed))


def _alike_row(olds: _Paragraphs, i: int, news: _Paragraphs, j: int) -> Row:
    old, new = olds.texts[i], news.texts[j]
    if old == new:
        return Row(olds.whole(i, False), news.whole(j, False))
    olds_tokens, news_tokens = tokens(old), tokens(new)
    pairs = token_pairs(olds_tokens, news_tokens)
    return Row(
        olds.side(i, _segments(olds_tokens, {left for left, _ in pairs})),
        news.side(j, _segments(news_tokens, {right for _, right in pairs})),
    )


def _segments(pieces: list[str], equal: set[int]) -> list[Segment]:
    grouped = groupby(range(len(pieces)), key=lambda index: index not in equal)
    return [Segment("".join(pieces[index] for index in indices), changed) for changed, indices in grouped]
