"""The lines of one paragraph of the page: where they stand, and which place in the text a point is at."""

from PySide6.QtCore import QPointF
from PySide6.QtGui import QTextBlock, QTextOption

from writer.ui.changed_rows import Rows, is_in_order
from writer.ui.page_metrics import PageMetrics


def lay_lines(block: QTextBlock, option: QTextOption, page: PageMetrics) -> Rows:
    """Break the paragraph into lines of the column, in rows of one height."""
    layout = block.layout()
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    layout.beginLayout()
    breaks: list[tuple[int, int]] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(page.width)
        # A taller fallback face (emoji) must not move the baseline: lines keep their distance.
        line.setPosition(QPointF(0, len(breaks) * page.line_height + page.baseline - line.ascent()))
        breaks.append((line.textStart(), line.textLength()))
    layout.endLayout()
    return Rows(tuple(breaks), is_in_order(block.text()))


def place_at(block: QTextBlock, point: QPointF, page: PageMetrics, *, is_exact: bool) -> int:
    """The place in a laid-out paragraph that is nearest to `point`, UTF-16 units from its beginning; -1 when the point
    has to be on text exactly, and is not.

    point -- from the paragraph's upper left corner
    """
    layout = block.layout()
    row = max(int(point.y() // page.line_height), 0)
    line = layout.lineAt(min(row, layout.lineCount() - 1))
    if is_exact:
        inside = line.naturalTextRect()
        is_in_rows = 0 <= point.y() < layout.lineCount() * page.line_height
        if not (is_in_rows and inside.left() <= point.x() <= inside.right()):
            return -1
    place = line.xToCursor(point.x())
    if preedit := layout.preeditAreaText():  # positions after the text being composed count without it
        at = layout.preeditAreaPosition()
        n_units = len(preedit.encode("utf-16-le")) // 2
        place = min(place, at) if place <= at + n_units else place - n_units
    return place
