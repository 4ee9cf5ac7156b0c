"""What a comparison shows of its rows: changes, what lies between them in folds, and paragraphs in pieces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from writer.document.comparison import Row, Side

_USUAL = 6_000  # code points of a paragraph that is shown whole
_AROUND = 600  # code points of an unchanged piece that a longer one shows beside a change
_LONGEST = 40_000  # code points shown of any
_VISIBLE = {" ": "·", "\t": "→", "\u00a0": "°"}  # white space that came or went
_PILCROW = "¶"
_GAP = " […] "
_CUT = " [… the rest of this paragraph is not shown]"


class Mark(Enum):
    """What a piece of text is to the comparison."""

    ALIKE = "alike"
    CHANGED = "changed"
    ASIDE = "aside"  # words of ours that stand for text which is left out


@dataclass(frozen=True)
class Piece:
    text: str
    mark: Mark


@dataclass(frozen=True)
class Change:
    """A paragraph that differs, with the empty lines that came or went with it.

    rows -- indices of its rows, neighbours of one another
    """

    rows: tuple[int, ...]


@dataclass(frozen=True)
class Stretch:
    """Rows that say the same, from index `first` up to `end`. n_paragraphs -- those of them that are not empty"""

    first: int
    end: int
    n_paragraphs: int


def arrange(rows: Sequence[Row]) -> list[Change | Stretch]:
    """Changes and what lies between them, from top to bottom; stretches of empty lines alone are left out."""
    items: list[Change | Stretch] = []
    for changed, group in groupby(range(len(rows)), key=lambda index: rows[index].changed):
        part = list(group)
        if changed:
            items += _changes(rows, part)
        elif n_paragraphs := sum(not is_blank(rows[index]) for index in part):
            items.append(Stretch(part[0], part[-1] + 1, n_paragraphs))
    return items


def is_blank(row: Row) -> bool:
    """Whether there is nothing to read on either side."""
    return not any(segment.text.strip() for side in (row.old, row.new) if side for segment in side.segments)


def _changes(rows: Sequence[Row], part: list[int]) -> Iterator[Change]:
    """Empty lines go with the paragraph above them; at the beginning with the one below."""
    begins = [index for index in part if not is_blank(rows[index])]
    begins[:1] = part[:1]
    for begin, end in zip(begins, [*begins[1:], part[-1] + 1], strict=True):
        yield Change(tuple(range(begin, end)))


def pieces(sides: Sequence[Side | None]) -> list[Piece]:
    """The paragraphs of one side of a change; long stretches that say the same are cut in the middle."""
    shown: list[Piece] = []
    for side in (side for side in sides if side is not None):
        if shown:
            shown.append(Piece("\n", Mark.ALIKE))
        is_long = side.end - side.start > _USUAL
        last = len(side.segments) - 1
        for place, segment in enumerate(side.segments):
            if segment.changed:
                shown.append(_changed(segment.text))
            elif is_long:
                shown += _shortened(segment.text, 0 if place == 0 else _AROUND, 0 if place == last else _AROUND)
            else:
                shown.append(Piece(segment.text, Mark.ALIKE))
        if not side.segments:
            shown.append(Piece(_PILCROW, Mark.CHANGED))
    return _at_most(shown, _LONGEST)


def whole(sides: Sequence[Side | None]) -> str:
    """The paragraphs of one side as they are."""
    return "\n".join("".join(segment.text for segment in side.segments) for side in sides if side is not None)


def _changed(text: str) -> Piece:
    """White space that stands alone is made visible."""
    is_hidden = not text.strip("".join(_VISIBLE))
    return Piece("".join(_VISIBLE[letter] for letter in text) if is_hidden else text, Mark.CHANGED)


def _shortened(text: str, head: int, tail: int) -> Iterator[Piece]:
    """A piece that says the same, of which only its ends beside changes are shown."""
    if len(text) <= max(head + tail, _AROUND) + len(_GAP):
        yield Piece(text, Mark.ALIKE)
        return
    if head:
        yield Piece(text[:head], Mark.ALIKE)
    yield Piece(_GAP, Mark.ASIDE)
    if tail:
        yield Piece(text[-tail:], Mark.ALIKE)


def _at_most(shown: list[Piece], length: int) -> list[Piece]:
    kept: list[Piece] = []
    for piece in shown:
        if len(piece.text) > length:
            return [*kept, Piece(piece.text[:length], piece.mark), Piece(_CUT, Mark.ASIDE)]
        kept.append(piece)
        length -= len(piece.text)
    return kept


def n_changed_words(sides: Iterator[Side | None]) -> int:
    """How many words of these paragraphs the other text has not."""
    return sum(len(segment.text.split()) for side in sides if side for segment in side.segments if segment.changed)
