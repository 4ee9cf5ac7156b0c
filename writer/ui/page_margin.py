"""What stands in the page's margins: where the model's memory begins, and signs at places of the text."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from writer.document.change import Change
from writer.ui.mirror import Utf16Map
from writer.ui.page_layout import PageLayout
from writer.ui.theme import Theme, interface_font

HORIZON_LABEL = "The model remembers from here"
HORIZON_TOOLTIP = (
    "When the model writes where the caret is, it sees the text from this line on. What stands before it no longer "
    "fits into the model's memory."
)
_LABEL_PIXEL_SIZE = 11
_SPACE = 10  # between the column and what is beside it
_SIGN = 7  # diameter of a sign
_STEP = 15  # from one sign of a line to the next, where there is room


@dataclass(frozen=True)
class PageMark:
    """A sign in the right margin beside character `place` (code points)."""

    id: str
    place: int
    tooltip: str


class PageMargin:
    """The marks and the horizon of one document. Pixels are those of the page, code points those of the document."""

    def __init__(self, layout: PageLayout, positions: Utf16Map) -> None:
        self._layout, self._map = layout, positions
        self._marks: tuple[PageMark, ...] = ()
        self._places: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.horizon: int | None = None
        self.hovered = ""  # the mark under the mouse

    @property
    def is_empty(self) -> bool:
        return not self._marks and not self.horizon

    @property
    def marks(self) -> tuple[PageMark, ...]:
        """In the order of their places, which follow the text."""
        return tuple(replace(m, place=int(place)) for m, place in zip(self._marks, self._places, strict=True))

    def set_marks(self, marks: tuple[PageMark, ...]) -> None:
        self._marks = tuple(sorted(marks, key=lambda mark: mark.place))
        self._places = np.fromiter((m.place for m in self._marks), dtype=np.int64, count=len(self._marks))

    def follow(self, change: Change) -> None:
        """Keep every place beside the text it was beside."""
        grown = len(change.inserted) - len(change.removed)
        if self._marks:
            first = int(self._places.searchsorted(change.start, side="right"))
            last = max(first, int(self._places.searchsorted(change.removed_end)))
            self._places[first:last] = change.start
            self._places[last:] += grown
        if self.horizon and self.horizon > change.start:
            self.horizon = self.horizon + grown if self.horizon >= change.removed_end else change.start

    # -- where things are ----------------------------------------------------------------------------------------

    def mark_at(self, point: QPoint) -> PageMark | None:
        """The mark whose sign is at `point`, with a little room around it."""
        reach = (_STEP - _SIGN) // 2
        for mark, area in self._signs(point.y(), point.y()):
            if area.adjusted(-reach, -reach, reach, reach).contains(point):
                return mark
        return None

    def tooltip_at(self, point: QPoint) -> str:
        """What there is to say about `point`; empty if nothing."""
        if (mark := self.mark_at(point)) is not None:
            return mark.tooltip
        row = self._horizon_row(point.y(), point.y())
        return HORIZON_TOOLTIP if row is not None and row.contains(point) else ""

    def _signs(self, top: int, bottom: int) -> Iterator[tuple[PageMark, QRect]]:
        """Marks of the paragraphs between `top` and `bottom`, and where their signs are."""
        if not self._marks:
            return
        begin, end = self._layout.positions_between(top, bottom)
        places = (self._map.to_code_point(begin), self._map.to_code_point(end))
        first, last = self._places.searchsorted(places[0], "left"), self._places.searchsorted(places[1], "right")
        page = self._layout.metrics
        x, height = page.left + page.width + _SPACE, page.line_height
        room = page.page_width - x - _SIGN - 1

        def row_top(index: int) -> int:
            return self._layout.row_top(self._map.to_utf16(int(self._places[index])))

        for y, row in groupby(range(int(first), int(last)), key=row_top):
            indices = list(row)
            step = min(_STEP, room / max(1, len(indices) - 1))
            for n, index in enumerate(indices):
                yield self._marks[index], QRect(round(x + n * step), y + (height - _SIGN) // 2, _SIGN, _SIGN)

    def _horizon_row(self, top: int, bottom: int) -> QRect | None:
        """The left margin beside the row in which the memory begins, if that is in a paragraph of those shown."""
        if not self.horizon:
            return None
        begin, end = self._layout.positions_between(top, bottom)
        position = self._map.to_utf16(min(self.horizon, self._map.to_code_point(len(self._map))))
        if not begin <= position <= end:
            return None
        page = self._layout.metrics
        return QRect(0, self._layout.row_top(position), page.left - _SPACE, page.line_height)

    # -- drawing -------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter, area: QRect, theme: Theme) -> None:
        """Draw what is in `area`."""
        column = self._layout.metrics
        if area.left() < column.left:
            row = self._horizon_row(area.top(), area.bottom())
            if row is not None and row.intersects(area):
                self._draw_horizon(painter, row, theme)
        if area.right() >= column.left + column.width:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for mark, sign in self._signs(area.top(), area.bottom()):
                if sign.adjusted(-2, -2, 2, 2).intersects(area):
                    self._draw_sign(painter, mark, sign, theme)

    def _draw_horizon(self, painter: QPainter, row: QRect, theme: Theme) -> None:
        pen = QPen(theme.color("muted"))
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(row.left(), row.top(), row.right(), row.top())
        font = interface_font()
        font.setPixelSize(_LABEL_PIXEL_SIZE)
        metrics = QFontMetrics(font)
        # The label stays in its row, in as many lines as that holds, so that it is painted when its row is.
        room = row.adjusted(_SPACE, 1, 0, 0)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        if room.contains(metrics.boundingRect(room, flags, HORIZON_LABEL)):
            painter.setFont(font)
            painter.drawText(room, flags, HORIZON_LABEL)

    def _draw_sign(self, painter: QPainter, mark: PageMark, sign: QRect, theme: Theme) -> None:
        is_hovered = mark.id == self.hovered
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.setBrush(theme.color("accent") if is_hovered else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(sign).center() + QPointF(0, 0), _SIGN / 2, _SIGN / 2)
