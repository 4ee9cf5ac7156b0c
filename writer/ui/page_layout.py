"""The page: one centred column, laid out paragraph by paragraph when a paragraph is first seen.

A `QTextDocument` with this layout keeps Qt's cursors, input methods, selection and accessibility, and costs per key
what one paragraph costs, however long the text is. Heights of paragraphs not seen yet are estimates; a correction moves
what is below it, and `shifted` tells the view, which keeps its place. Ghost text after the caret is drawn here too.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QPainter,
    QPainterPath,
    QPalette,
    QTextBlock,
    QTextCharFormat,
    QTextDocument,
    QTextFrame,
    QTextOption,
)

from writer.ui.changed_rows import Rows, changed_rows
from writer.ui.ghost_text import GhostText
from writer.ui.mirror import PARAGRAPH_SEPARATOR
from writer.ui.overrides import nothing, reported
from writer.ui.page_ink import draw_caret, formats_over
from writer.ui.page_metrics import MARGIN_BOTTOM, MARGIN_TOP, PageMetrics, measure_page
from writer.ui.paragraph_heights import ParagraphHeights
from writer.ui.paragraph_lines import lay_lines, place_at

TintProvider = Callable[[QTextBlock], Sequence[tuple[int, int]]]
"""(start, length) of a block's generated text, in UTF-16 units from the block's start."""

_NO_ROWS = Rows((), is_in_order=True)
_AHEAD = 240
"""Pixels above the view that are laid out with it: what a wheel brings in next moves nothing in sight."""


class PageLayout(QAbstractTextDocumentLayout):
    """Lays out and draws a plain-text QTextDocument as one column."""

    shifted = Signal(int, int)
    """(y, delta) in pixels: everything from `y` down moved by `delta`."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._tint_ranges: TintProvider | None = None
        self._tint = QTextCharFormat()
        self._heights = ParagraphHeights(MARGIN_TOP)
        self._ghost: GhostText | None = None
        self._ghost_room = 0  # pixels that it adds to its paragraph
        self._ghost_color = QColor()
        self._settled: tuple[int, int] | None = None  # between which `lay_out` has nothing to do
        self._laid_last = (-1, _NO_ROWS)  # a paragraph as QTextBlock.fragmentIndex tells it, and its rows
        self._option = QTextOption()
        self._option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._page = self._measure()
        self._rebuild()

    # -- geometry ------------------------------------------------------------------------------------------------

    @property
    def metrics(self) -> PageMetrics:
        """The page's measures as they are now."""
        return self._page

    def positions_between(self, top: int, bottom: int) -> tuple[int, int]:
        """(first, last) position of the paragraphs that `top` and `bottom` are in."""
        document = self.document()
        last = document.findBlockByNumber(self._heights.at(bottom))
        return document.findBlockByNumber(self._heights.at(top)).position(), last.position() + last.length() - 1

    def row_top(self, position: int) -> int:
        """Upper edge of the row that holds `position`. Lays its paragraph out."""
        block = self.document().findBlock(position)
        index = block.blockNumber()
        self._lay(block, index)
        line = block.layout().lineForTextPosition(position - block.position())
        return self._heights.top(index) + max(0, line.lineNumber()) * self._page.line_height

    def set_tint(self, ranges: TintProvider | None, color: QColor) -> None:
        """Draw what `ranges` answers for a block in `color`; None tints nothing."""
        self._tint_ranges = ranges
        self._tint = QTextCharFormat()
        self._tint.setForeground(color)
        self._repaint(self._everything())

    def set_ghost_color(self, color: QColor) -> None:
        self._ghost_color = color
        self._repaint(self._everything())

    def set_ghost(self, position: int, text: str) -> None:
        """Draw `text` after `position` in place of any ghost before it; both as the document would hold them.

        Only white space may follow in that paragraph. A change of the paragraph's text hides the ghost, and it keeps
        its room until the next call, so that one that goes on with the text moves nothing.
        """
        block = self.document().findBlock(position)
        index = block.blockNumber()
        if self._ghost is not None and self._ghost.index != index:
            self.clear_ghost()
        self._lay(block, index)
        old, old_end = self._ghost, self._heights.end
        ghost = GhostText(text, self.document().defaultFont(), index, position - block.position())
        self._ghost = ghost
        self._set_rows(block, index)
        self._repaint_rows(ghost, old or ghost, old_end)

    def clear_ghost(self) -> None:
        """Draw no ghost, and give its room back."""
        ghost, self._ghost = self._ghost, None
        if ghost is None:
            return
        old_end = self._heights.end
        block = self.document().findBlockByNumber(ghost.index)
        self._set_rows(block, ghost.index)
        self._repaint_rows(ghost, ghost, old_end)

    def _repaint_rows(self, ghost: GhostText, old: GhostText, old_end: int) -> None:
        """Repaint where two ghosts of a paragraph are, and what is below if it moved."""
        page, top = self._page, self._heights.top(ghost.index)
        first = top + min(ghost.first_row, old.first_row) * page.line_height
        end = top + max(ghost.end_row, old.end_row) * page.line_height
        reach = page.reach
        self._repaint(QRectF(page.left - reach, first - reach, page.width + 2 * reach, end - first + 2 * reach))
        if self._heights.end != old_end:
            below = self._everything()
            below.setTop(first + page.line_height)
            below.setBottom(max(below.bottom(), old_end + MARGIN_BOTTOM))
            self._repaint(below)

    def lay_out(self, top: int, bottom: int) -> None:
        """Lay out the paragraphs between `top` and `bottom`, a neighbour each side, and what is close above."""
        if self._settled == (top, bottom):
            return
        index = max(0, self._heights.at(top - _AHEAD) - 1)
        block = self.document().findBlockByNumber(index)
        while block.isValid():
            begins_below = self._heights.top(index) > bottom
            self._lay(block, index)
            if begins_below:
                break
            block = block.next()
            index += 1
        self._settled = (top, bottom)

    def _measure(self) -> PageMetrics:
        page = measure_page(self.document().defaultFont(), self._document_width())
        self._option.setTabStopDistance(4 * page.char_width)
        self._heights.set_estimate(page.chars_per_line, page.line_height, page.gap)
        return page

    def _document_width(self) -> int:
        width = self.document().pageSize().width()
        return int(width) if width > 0 else 800

    def _rebuild(self) -> None:
        """Forget all layouts and read all paragraphs: the text is new."""
        paragraphs = self.document().toRawText().split(PARAGRAPH_SEPARATOR)
        self._forget(np.fromiter(map(len, paragraphs), dtype=np.int64, count=len(paragraphs)) + 1)

    def _forget(self, lengths: NDArray[np.int64] | None = None) -> None:
        """Forget all layouts; the paragraphs are of other `lengths` or as they were."""
        self._ghost, self._ghost_room = None, 0
        self._settled = None
        self._heights.reset(lengths)
        self.documentSizeChanged.emit(self.documentSize())
        self._repaint(self._everything())

    def _repaint(self, area: QRectF) -> None:
        self.update["QRectF"].emit(area)  # type: ignore[index]  # the stubs do not know overloaded signals

    @property
    def _caret_width(self) -> int:
        width = self.property("cursorWidth")  # where QTextEdit puts it
        return width if isinstance(width, int) and width > 0 else 1

    def _everything(self) -> QRectF:
        return QRectF(0, 0, self._page.page_width, self._heights.end + MARGIN_BOTTOM)

    def _text_size(self) -> QSizeF:
        """The page without the ghost, which the lower margin makes room for: it must not bring a scroll bar."""
        return QSizeF(self._page.page_width, self._heights.end - self._ghost_room + MARGIN_BOTTOM)

    # -- one paragraph -------------------------------------------------------------------------------------------

    def _lay(self, block: QTextBlock, index: int) -> None:
        """Lay out one paragraph if it is not."""
        layout = block.layout()
        if self._heights.is_measured(index) and layout.lineCount():
            return
        self._laid_last = (block.fragmentIndex(), lay_lines(block, self._option, self._page))
        self._set_rows(block, index)

    def _set_rows(self, block: QTextBlock, index: int) -> None:
        """Measure a paragraph that is laid out, with the ghost after it."""
        n_rows = max(1, block.layout().lineCount())
        size = self._text_size()
        ghost = self._ghost
        if ghost is not None and ghost.index == index:
            if not ghost.is_stale:
                ghost.lay_out(block, self._page)
            n_more = max(0, ghost.end_row - n_rows)
            n_rows += n_more
            self._ghost_room = n_more * self._page.line_height
        elif ghost is None:
            self._ghost_room = 0
        old_bottom = self._heights.top(index + 1)
        delta = self._heights.measure(index, n_rows * self._page.line_height + self._page.gap)
        if not delta:
            return
        self._settled = None
        self._tell_shift(old_bottom, delta, is_resized=self._text_size() != size)

    def _tell_shift(self, y: int, delta: int, *, is_resized: bool) -> None:
        """Everything from `y` down moved by `delta`. The page's size is told while both places are within it: a scroll
        bar at its end would follow a shorter page by itself, and then once more."""
        if is_resized and delta > 0:
            self.documentSizeChanged.emit(self._text_size())
        self.shifted.emit(y, delta)
        if is_resized and delta < 0:
            self.documentSizeChanged.emit(self._text_size())

    # -- changes -------------------------------------------------------------------------------------------------

    @reported(nothing)
    def documentChanged(self, position: int, removed: int, added: int) -> None:
        document = self.document()
        measures = (self._page.font_key, self._page.page_width)
        n_old, n_now = len(self._heights), document.blockCount()
        if (document.defaultFont().key(), self._document_width()) != measures:
            self._page = self._measure()
        elif removed or added < document.characterCount() - (n_old < n_now):
            # Not all of it, with the end of the last paragraph or, into an empty page, without.
            self._change(position, removed, added)
            return
        if n_old == n_now:
            self._forget()
        else:
            self._rebuild()

    def _change(self, position: int, removed: int, added: int) -> None:
        document = self.document()
        first_block = document.findBlock(position)
        last_block = document.findBlock(position + added)
        if not last_block.isValid():
            last_block = document.lastBlock()
        first, last = first_block.blockNumber(), last_block.blockNumber()
        n_old = last - first + 1 - (document.blockCount() - len(self._heights))
        if n_old < 1 or first + n_old > len(self._heights):
            self._rebuild()
            return
        heights = self._heights
        old_bottom, old_end = heights.top(first + n_old), heights.end
        before = self._rows_of(first_block)
        top = heights.top(first)
        if n_old == 1 and first == last:
            heights.forget(first, first_block.length())
            if self._ghost is not None and self._ghost.index == first:
                self._ghost.is_stale = True
        else:
            self._settled = None
            if self._ghost is not None and self._ghost.index >= first:
                top = min(top, self._drop_ghost())
            lengths, block = [], first_block
            for _ in range(first, last + 1):
                lengths.append(block.length())
                block = block.next()
            is_above_others = first + n_old < len(heights)
            heights.replace(first, n_old, lengths)
            if delta := heights.end - old_end:
                if is_above_others:
                    self._tell_shift(old_bottom, delta, is_resized=True)
                else:
                    self.documentSizeChanged.emit(self.documentSize())
        self._lay(first_block, first)
        if last != first:
            self._lay(last_block, last)
        bottom = heights.top(last + 1)
        if heights.end != old_end:
            bottom = max(heights.end, old_end) + MARGIN_BOTTOM
        elif n_old == 1 and first == last:
            at = position - first_block.position()
            first_row, end_row = changed_rows(before, self._rows_of(first_block), at, removed, added)
            page = self._page
            bottom = min(bottom, top + end_row * page.line_height + page.reach)
            top += first_row * page.line_height - page.reach
        self._repaint(QRectF(0, top, self._page.page_width, bottom - top))

    def _rows_of(self, block: QTextBlock) -> Rows:
        """The rows of the paragraph that was laid out last, where most edits are; none of any other, nor of one that an
        input method composes in, or has: Qt has forgotten its lines."""
        laid, rows = self._laid_last
        is_known = laid == block.fragmentIndex() and block.layout().lineCount() == len(rows.breaks)
        return rows if is_known else _NO_ROWS

    def _drop_ghost(self) -> int:
        """Forget the ghost while paragraphs come or go; where its paragraph begins, or the end if there is none."""
        ghost, self._ghost = self._ghost, None
        if ghost is None:
            return self._heights.end
        index = ghost.index
        self._heights.measure(index, self._heights.height(index) - self._ghost_room)
        self._ghost_room = 0
        return self._heights.top(index)

    # -- Qt's questions ------------------------------------------------------------------------------------------

    @reported(lambda: QRectF())
    def blockBoundingRect(self, block: QTextBlock) -> QRectF:
        index = block.blockNumber() if block.isValid() else -1
        if not 0 <= index < len(self._heights):
            return QRectF()
        self._lay(block, index)
        return QRectF(self._page.left, self._heights.top(index), self._page.width, self._heights.height(index))

    @reported(lambda: QRectF())
    def frameBoundingRect(self, frame: QTextFrame) -> QRectF:
        return QRectF(QPointF(0, 0), self._text_size())

    @reported(lambda: QSizeF(1, 1))
    def documentSize(self) -> QSizeF:
        return self._text_size()

    @reported(lambda: 1)
    def pageCount(self) -> int:
        return 1

    @reported(lambda: -1)
    def hitTest(self, point: QPointF | QPoint | QPainterPath.Element, accuracy: Qt.HitTestAccuracy) -> int:
        assert isinstance(point, QPointF)  # as in Qt's own declaration; the binding's allows for conversions
        index = self._heights.at(point.y())
        block = self.document().findBlockByNumber(index)
        self._lay(block, index)
        inside = QPointF(point.x() - self._page.left, point.y() - self._heights.top(index))
        is_exact = accuracy == Qt.HitTestAccuracy.ExactHit
        is_below = inside.y() >= block.layout().lineCount() * self._page.line_height
        if is_below and self._ghost is not None and self._ghost.index == index:
            return -1 if is_exact else block.position() + block.length() - 1
        place = place_at(block, inside, self._page, is_exact=is_exact)
        return -1 if place < 0 else block.position() + place

    @reported(nothing)
    def draw(self, painter: QPainter, context: QAbstractTextDocumentLayout.PaintContext) -> None:
        clip = context.clip if context.clip.isValid() else self._everything()
        index = self._heights.at(clip.top())
        block = self.document().findBlockByNumber(index)
        painter.setPen(context.palette.color(QPalette.ColorRole.Text))
        while block.isValid() and self._heights.top(index) < clip.bottom():
            self._lay(block, index)
            layout = block.layout()
            origin = QPointF(self._page.left, self._heights.top(index))
            tints = self._tint_ranges(block) if self._tint_ranges else ()
            layout.draw(painter, origin, formats_over(block, tints, self._tint, context.selections), clip)
            if self._ghost is not None and self._ghost.index == index:
                self._ghost.draw(painter, origin, self._ghost_color)
                origin -= QPointF(self._caret_width / 2, 0)  # the caret stands between two letters, and covers neither
            draw_caret(painter, context.cursorPosition, block, origin, self._caret_width)
            block = block.next()
            index += 1
