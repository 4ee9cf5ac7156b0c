"""A paragraph in the page's face with marks on some of its words; it only shows, and can be copied."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from writer.ui.comparison_items import Mark, Piece
from writer.ui.line_breaking import break_lines, format_range, on_lines, wrapping_layout
from writer.ui.mirror import utf16_length
from writer.ui.overrides import nothing, reported
from writer.ui.theme import page_font

_POINT_SIZE = 13.0
_LEADING = 1.28  # of a line's own height
_WASH = 30  # of 255: how much colour lies behind changed words


class MarkedText(QWidget):
    """Pieces of text one after another. Changed ones are struck out, or underlined when the paragraph `is_newer`."""

    def __init__(self, pieces: Sequence[Piece], whole: str, *, is_newer: bool) -> None:
        """whole -- the text as it is, without what `pieces` leave out or put in its place, for copying"""
        super().__init__()
        self._pieces = [(on_lines(piece.text), piece.mark) for piece in pieces]
        self._is_newer = is_newer
        self.text_layout = wrapping_layout("".join(text for text, _ in self._pieces), page_font(_POINT_SIZE))
        self._laid_out = (-1, 0)  # for which width, and how high
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._set_marks()
        if whole:
            copy = QAction("Copy this paragraph", self)
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(whole))
            self.addAction(copy)
            self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _set_marks(self) -> None:
        ranges, at = [], 0
        formats = {mark: self._format(mark) for mark in Mark}
        for text, mark in self._pieces:
            length = utf16_length(text)
            if mark is not Mark.ALIKE:
                ranges.append(format_range(at, length, formats[mark]))
            at += length
        self.text_layout.setFormats(ranges)
        self._laid_out = (-1, 0)

    def _format(self, mark: Mark) -> QTextCharFormat:
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        result = QTextCharFormat()
        if mark is Mark.ASIDE:
            result.setForeground(palette.color(role.PlaceholderText))
            return result
        color = palette.color(role.Accent if self._is_newer else role.BrightText)
        wash = QColor(color)
        wash.setAlpha(_WASH)
        result.setBackground(wash)
        if self._is_newer:
            result.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
            result.setUnderlineColor(color)
        else:
            result.setForeground(color)
            result.setFontStrikeOut(True)
        return result

    def _lay_out(self, width: int) -> int:
        """Break lines for `width`; returns the height."""
        if self._laid_out[0] != width:
            self._laid_out = (width, round(break_lines(self.text_layout, width, _LEADING)))
        return self._laid_out[1]

    # -- what Qt asks --------------------------------------------------------------------------------------------

    @reported(lambda: True)
    def hasHeightForWidth(self) -> bool:
        return True

    @reported(lambda: 0)
    def heightForWidth(self, width: int) -> int:
        return self._lay_out(width)

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(self.width(), self._lay_out(self.width()))

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out(event.size().width())

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        self._lay_out(self.width())
        painter = QPainter(self)
        painter.setPen(QGuiApplication.palette().color(QPalette.ColorRole.WindowText))
        self.text_layout.draw(painter, QPointF(0, 0), [], event.rect().toRectF())
        painter.end()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_laid_out"):
            self._set_marks()
            self.update()
