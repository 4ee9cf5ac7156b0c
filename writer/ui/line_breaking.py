"""Text in a QTextLayout of its own: how its lines are broken and spaced, and parts of it formatted."""

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QTextCharFormat, QTextLayout, QTextOption

from writer.ui.mirror import PARAGRAPH_SEPARATOR, displayed

LINE_SEPARATOR = "\u2028"  # the only one that a QTextLayout breaks a line at


def on_lines(text: str) -> str:
    """As a QTextLayout shows it: with its own line breaks where the text has them."""
    return displayed(text).replace(PARAGRAPH_SEPARATOR, LINE_SEPARATOR)


def wrapping_layout(text: str, font: QFont) -> QTextLayout:
    """Lines break between words, and within one that is longer than a line."""
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    return layout


def break_lines(layout: QTextLayout, width: int, leading: float) -> float:
    """Break all of the text for `width`; returns the height. `leading`: of a line, as a multiple of its own height."""
    height = 0.0
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1, width))
        line.setPosition(QPointF(0, height + line.height() * (leading - 1) / 2))
        height += line.height() * leading
    layout.endLayout()
    return height


def format_range(start: int, length: int, form: QTextCharFormat) -> QTextLayout.FormatRange:
    """A part of a layout's text, in UTF-16 units, and how it looks."""
    part = QTextLayout.FormatRange()
    part.start, part.length, part.format = start, length, form
    return part
