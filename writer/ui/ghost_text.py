"""Ghost text: a suggestion set after the caret in the page's own face, without being in the text.

It has a layout of its own that begins where the caret stands and goes on in rows of the column. The paragraph's layout
never hears of it, so that positions, selections, input methods and screen readers meet the writer's text alone, and no
word before the caret moves when a suggestion comes or goes.
"""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextBlock, QTextLayout, QTextLine, QTextOption

from writer.ui.mirror import PARAGRAPH_SEPARATOR
from writer.ui.page_metrics import PageMetrics

_LINE_SEPARATOR = "\u2028"


class GhostText:
    """The lines of one suggestion, in the coordinates of the paragraph that it follows."""

    def __init__(self, text: str, font: QFont, index: int, position: int) -> None:
        """text -- as a QTextDocument would hold it; index -- of its paragraph; position -- there, UTF-16 units"""
        self.index = index
        self.is_stale = False  # its paragraph has another text: it keeps its room and is not drawn
        self._position = position
        self._text = text.replace(PARAGRAPH_SEPARATOR, _LINE_SEPARATOR)
        self._layout = QTextLayout(self._text, font)
        self._layout.setCacheEnabled(True)
        self._option = QTextOption()
        self._first_row = self._end_row = 0

    @property
    def first_row(self) -> int:
        """The paragraph's row that the first line is in."""
        return self._first_row

    @property
    def end_row(self) -> int:
        """The row after the last line's."""
        return self._end_row

    def lay_out(self, block: QTextBlock, page: PageMetrics) -> None:
        """Set the lines from its place in `block`, which is laid out.

        A word that does not fit into the rest of that row begins in the next one.
        """
        line = block.layout().lineForTextPosition(self._position)
        x = _x_of(line, self._position)
        row, direction = line.lineNumber(), block.textDirection()
        is_leftward = direction == Qt.LayoutDirection.RightToLeft
        room = x if is_leftward else page.width - x
        self._option.setTextDirection(direction)
        self._option.setTabStopDistance(block.layout().textOption().tabStopDistance())
        self._layout.setText(self._text)
        if room < 1 or not self._set_lines(page, row, 0 if is_leftward else x, room):
            self._layout.setText(self._text.lstrip(" "))  # a space between words is none at the beginning of a row
            self._set_lines(page, row + 1, 0, page.width)

    def _set_lines(self, page: PageMetrics, row: int, x: float, room: float) -> bool:
        """Set the first line into `room`, the others into whole rows; False if a word did not fit into its line."""
        wrap = QTextOption.WrapMode
        self._option.setWrapMode(wrap.WordWrap if room < page.width else wrap.WrapAtWordBoundaryOrAnywhere)
        layout = self._layout
        layout.setTextOption(self._option)
        self._first_row = row
        fits = True
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(room)
            fits = fits and line.naturalTextWidth() <= room
            line.setPosition(QPointF(x, row * page.line_height + page.baseline - line.ascent()))
            x, room, row = 0, page.width, row + 1
        layout.endLayout()
        self._end_row = row
        return fits

    def draw(self, painter: QPainter, origin: QPointF, color: QColor) -> None:
        if self.is_stale:
            return
        painter.save()
        painter.setPen(color)
        self._layout.draw(painter, origin)
        painter.restore()


def _x_of(line: QTextLine, position: int) -> float:
    found = line.cursorToX(position)
    assert isinstance(found, tuple)  # the position comes back too, where it was corrected to
    return float(found[0])
