"""The page: one centred column, laid out paragraph by paragraph when a paragraph is first seen.

A `QTextDocument` with this layout keeps Qt's cursors, input methods, selection and accessibility, and costs per key
what one paragraph costs, however long the text is. Heights of paragraphs not seen yet are estimates; a correction moves
what is below it, and `shifted` tells the view, which keeps its place.

All heights are whole pixels, so that scroll bars (integers) and tops agree exactly.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFontInfo,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPalette,
    QTextBlock,
    QTextCharFormat,
    QTextDocument,
    QTextFrame,
    QTextLayout,
    QTextOption,
)

from writer.ui.overrides import nothing, reported

MEASURE_CHARS = 66  # Bringhurst's classic line length for a single column of serif text
LEADING = 1.55  # line height in ems
PARAGRAPH_GAP = 0.3  # in line heights
MARGIN_TOP = 56
MARGIN_BOTTOM = 120
MARGIN_SIDE = 28  # least space between the column and the viewport's edge
_SAMPLE = "the quick brown fox jumps over a lazy dog and never once looks back at it "

TintProvider = Callable[[QTextBlock], Sequence[tuple[int, int]]]
"""(start, length) of a block's generated text, in UTF-16 units from the block's start."""


class PageLayout(QAbstractTextDocumentLayout):
    """Lays out and draws a plain-text QTextDocument as one column."""

    shifted = Signal(int, int)
    """(y, delta) in pixels: everything from `y` down moved by `delta`."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._tint_ranges: TintProvider | None = None
        self._tint = QTextCharFormat()
        self._lengths: NDArray[np.int64] = np.ones(1, dtype=np.int64)  # UTF-16 units per block, for estimates
        self._heights: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._tops: NDArray[np.int64] = np.zeros(2, dtype=np.int64)
        self._laid: NDArray[np.bool_] = np.zeros(1, dtype=np.bool_)
        self._style: tuple[object, ...] = ()
        self._measure_font()
        self._rebuild()

    # -- geometry ------------------------------------------------------------------------------------------------

    @property
    def column(self) -> tuple[int, int]:
        """(left, width) of the text column in the document's coordinates."""
        return self._left, self._width

    @property
    def line_height(self) -> int:
        """Distance of two baselines, pixels."""
        return self._line_height

    def set_tint(self, ranges: TintProvider | None, color: QColor) -> None:
        """Draw what `ranges` answers for a block in `color`; None tints nothing."""
        self._tint_ranges = ranges
        self._tint = QTextCharFormat()
        self._tint.setForeground(color)
        self._repaint(self._everything())

    def lay_out(self, top: int, bottom: int) -> bool:
        """Lay out the paragraphs between `top` and `bottom` and a neighbour each side; True if any height changed."""
        first = max(0, self._block_at(top) - 1)
        block = self.document().findBlockByNumber(first)
        changed = False
        index = first
        while block.isValid():
            begins_below = self._tops[index] > bottom
            changed |= self._lay(block, index)
            if begins_below:
                break
            block = block.next()
            index += 1
        return changed

    def _measure_font(self) -> None:
        font = self.document().defaultFont()
        metrics = QFontMetricsF(font)
        self._char_width = max(1.0, metrics.horizontalAdvance(_SAMPLE) / len(_SAMPLE))
        self._line_height = max(1, round(max(QFontInfo(font).pixelSize() * LEADING, metrics.height())))
        self._gap = round(self._line_height * PARAGRAPH_GAP)
        self._baseline = (self._line_height - metrics.height()) / 2 + metrics.ascent()
        page_width = self.document().pageSize().width()
        self._page_width = int(page_width) if page_width > 0 else 800
        available = max(40, self._page_width - 2 * MARGIN_SIDE)
        self._width = min(available, math.ceil(MEASURE_CHARS * self._char_width))
        self._left = (self._page_width - self._width) // 2
        self._option = QTextOption()
        self._option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._option.setTabStopDistance(4 * self._char_width)
        self._style = (font.key(), self._page_width)

    def _estimates(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        chars_per_line = max(1.0, self._width / self._char_width - 2.5)  # a ragged edge wastes about half a word
        n_lines = np.maximum(1, np.ceil((lengths - 1) / chars_per_line)).astype(np.int64)
        return n_lines * self._line_height + self._gap

    def _rebuild(self) -> None:
        """Forget all layouts: the text is new, or its width or face."""
        paragraphs = self.document().toRawText().split("\u2029")
        self._lengths = np.fromiter((len(p) + 1 for p in paragraphs), dtype=np.int64, count=len(paragraphs))
        self._reestimate()

    def _reestimate(self) -> None:
        self._heights = self._estimates(self._lengths)
        self._laid = np.zeros(len(self._heights), dtype=np.bool_)
        self._sum_heights()

    def _sum_heights(self) -> None:
        self._tops = np.empty(len(self._heights) + 1, dtype=np.int64)
        self._tops[0] = MARGIN_TOP
        np.cumsum(self._heights, out=self._tops[1:])
        self._tops[1:] += MARGIN_TOP

    def _block_at(self, y: float) -> int:
        index = int(self._tops.searchsorted(y, side="right")) - 1
        return min(max(index, 0), len(self._heights) - 1)

    def _repaint(self, area: QRectF) -> None:
        self.update["QRectF"].emit(area)  # type: ignore[index]  # the stubs do not know overloaded signals

    def _everything(self) -> QRectF:
        return QRectF(0, 0, self._page_width, float(self._tops[-1]) + MARGIN_BOTTOM)

    # -- one paragraph -------------------------------------------------------------------------------------------

    def _lay(self, block: QTextBlock, index: int) -> bool:
        """Lay out one paragraph if it is not; True if its height changed."""
        layout = block.layout()
        if self._laid[index] and layout.lineCount():
            return False
        layout.setTextOption(self._option)
        layout.setCacheEnabled(True)
        layout.beginLayout()
        n_lines = 0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(self._width)
            # A taller fallback face (emoji) must not move the baseline: lines keep their distance.
            line.setPosition(QPointF(0, n_lines * self._line_height + self._baseline - line.ascent()))
            n_lines += 1
        layout.endLayout()
        self._laid[index] = True
        delta = max(1, n_lines) * self._line_height + self._gap - int(self._heights[index])
        if not delta:
            return False
        old_bottom = int(self._tops[index + 1])
        self._heights[index] += delta
        self._tops[index + 1 :] += delta
        self.documentSizeChanged.emit(self.documentSize())
        self.shifted.emit(old_bottom, delta)
        return True

    # -- changes -------------------------------------------------------------------------------------------------

    @reported(nothing)
    def documentChanged(self, position: int, removed: int, added: int) -> None:
        document = self.document()
        if (document.defaultFont().key(), int(document.pageSize().width())) != self._style:
            self._measure_font()
            if document.blockCount() == len(self._lengths):
                self._reestimate()
            else:
                self._rebuild()
            self._announce()
        elif removed == 0 and added >= document.characterCount():
            self._rebuild()
            self._announce()
        else:
            self._change(position, added)

    def _announce(self) -> None:
        self.documentSizeChanged.emit(self.documentSize())
        self._repaint(self._everything())

    def _change(self, position: int, added: int) -> None:
        document = self.document()
        first_block = document.findBlock(position)
        last_block = document.findBlock(position + added)
        if not last_block.isValid():
            last_block = document.lastBlock()
        first, last = first_block.blockNumber(), last_block.blockNumber()
        n_old = last - first + 1 - (document.blockCount() - len(self._heights))
        if n_old < 1 or first + n_old > len(self._heights):
            self._rebuild()
            self._announce()
            return
        old_bottom, old_end = int(self._tops[first + n_old]), int(self._tops[-1])
        lengths = []
        block = first_block
        for _ in range(first, last + 1):
            block.layout().clearLayout()
            lengths.append(block.length())
            block = block.next()
        if n_old == 1 and first == last:
            self._lengths[first] = lengths[0]
            self._laid[first] = False
        else:
            new = np.array(lengths, dtype=np.int64)
            replaced = slice(first, first + n_old)
            estimates = self._estimates(new)
            self._lengths = np.concatenate([self._lengths[:first], new, self._lengths[replaced.stop :]])
            self._heights = np.concatenate([self._heights[:first], estimates, self._heights[replaced.stop :]])
            unseen = np.zeros(len(new), dtype=np.bool_)
            self._laid = np.concatenate([self._laid[:first], unseen, self._laid[replaced.stop :]])
            self._sum_heights()
            if delta := int(self._tops[-1]) - old_end:
                self.documentSizeChanged.emit(self.documentSize())
                self.shifted.emit(old_bottom, delta)
        self._lay(first_block, first)
        if last != first:
            self._lay(last_block, last)
        moved = int(self._tops[-1]) != old_end
        bottom = self._everything().bottom() if moved else float(self._tops[last + 1])
        top = float(self._tops[first])
        self._repaint(QRectF(0, top, self._page_width, max(bottom, float(old_end)) - top if moved else bottom - top))

    # -- Qt's questions ------------------------------------------------------------------------------------------

    @reported(lambda: QRectF())
    def blockBoundingRect(self, block: QTextBlock) -> QRectF:
        index = block.blockNumber() if block.isValid() else -1
        if not 0 <= index < len(self._heights):
            return QRectF()
        self._lay(block, index)
        return QRectF(self._left, float(self._tops[index]), self._width, float(self._heights[index]))

    @reported(lambda: QRectF())
    def frameBoundingRect(self, frame: QTextFrame) -> QRectF:
        return self._everything()

    @reported(lambda: QSizeF(1, 1))
    def documentSize(self) -> QSizeF:
        return self._everything().size()

    @reported(lambda: 1)
    def pageCount(self) -> int:
        return 1

    @reported(lambda: -1)
    def hitTest(self, point: QPointF | QPoint | QPainterPath.Element, accuracy: Qt.HitTestAccuracy) -> int:
        assert isinstance(point, QPointF)  # as in Qt's own declaration; the binding's allows for conversions
        index = self._block_at(point.y())
        block = self.document().findBlockByNumber(index)
        self._lay(block, index)
        layout = block.layout()
        y = point.y() - float(self._tops[index])
        line = layout.lineAt(min(max(int(y // self._line_height), 0), layout.lineCount() - 1))
        x = point.x() - self._left
        if accuracy == Qt.HitTestAccuracy.ExactHit:
            inside = line.naturalTextRect()
            if not (inside.left() <= x <= inside.right() and 0 <= y < layout.lineCount() * self._line_height):
                return -1
        in_layout = line.xToCursor(x)
        if preedit := layout.preeditAreaText():  # positions after the text being composed count without it
            at = layout.preeditAreaPosition()
            n_units = len(preedit.encode("utf-16-le")) // 2
            in_layout = min(in_layout, at) if in_layout <= at + n_units else in_layout - n_units
        return block.position() + in_layout

    @reported(nothing)
    def draw(self, painter: QPainter, context: QAbstractTextDocumentLayout.PaintContext) -> None:
        clip = context.clip if context.clip.isValid() else self._everything()
        index = self._block_at(clip.top())
        block = self.document().findBlockByNumber(index)
        painter.setPen(context.palette.color(QPalette.ColorRole.Text))
        width = self.property("cursorWidth")
        caret_width = width if isinstance(width, int) and width > 0 else 1
        while block.isValid() and self._tops[index] < clip.bottom():
            self._lay(block, index)
            layout = block.layout()
            origin = QPointF(self._left, float(self._tops[index]))
            layout.draw(painter, origin, self._formats(block, context), clip)
            self._draw_caret(painter, context.cursorPosition, block, origin, caret_width)
            block = block.next()
            index += 1

    def _formats(
        self, block: QTextBlock, context: QAbstractTextDocumentLayout.PaintContext
    ) -> list[QTextLayout.FormatRange]:
        """What is drawn over a block's plain ink, in order: tint, then selections."""
        layout, position, length = block.layout(), block.position(), block.length()
        preedit = layout.preeditAreaText()
        preedit_at = layout.preeditAreaPosition() if preedit else 0
        n_preedit = len(preedit.encode("utf-16-le")) // 2
        ranges: list[QTextLayout.FormatRange] = []
        for start, count in self._tint_ranges(block) if self._tint_ranges else ():
            parts = [(start, count)]
            if n_preedit:  # text being composed is the writer's own, also in the middle of generated text
                before = max(0, min(count, preedit_at - start))
                parts = [(start, before), (start + before + n_preedit, count - before)]
            ranges.extend(_format_range(s, n, self._tint) for s, n in parts if n > 0)
        for selection in context.selections:
            start = max(0, selection.cursor.selectionStart() - position)
            end = min(length, selection.cursor.selectionEnd() - position)
            if start < end:
                ranges.append(_format_range(start, end - start, selection.format))
        return ranges

    def _draw_caret(self, painter: QPainter, position: int, block: QTextBlock, origin: QPointF, width: int) -> None:
        layout = block.layout()
        if position < -1 and layout.preeditAreaText():  # Qt's code for "inside the text being composed"
            layout.drawCursor(painter, origin, layout.preeditAreaPosition() - (position + 2), width)
        elif block.position() <= position < block.position() + block.length():
            layout.drawCursor(painter, origin, position - block.position(), width)


def _format_range(start: int, length: int, style: QTextCharFormat) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start, result.length, result.format = start, length, style
    return result
