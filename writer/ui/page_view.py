"""A text field that is a page: its layout, its face and size, its colours, and what stays in view."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextBlock, QTextCursor, QTextDocument, QWheelEvent
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from writer.ui.overrides import nothing, reported
from writer.ui.page_layout import PageLayout
from writer.ui.theme import PAGE_POINT_SIZE, Theme, page_font

MIN_POINT_SIZE, MAX_POINT_SIZE = 8.0, 48.0
_CARET_WIDTH = 2


class PageView(QTextEdit):
    """Shows a plain QTextDocument. Positions here are Qt's, UTF-16 units."""

    point_size_changed = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAccessibleName("Page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptRichText(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # or all that lies under it is painted too
        self._theme = theme
        self._point_size = PAGE_POINT_SIZE
        self._page: QTextDocument | None = None
        self._is_picture_right = False  # the scroll bar follows text that has moved: in view all is where it was

    # -- the page ------------------------------------------------------------------------------------------------

    def new_page(self) -> QTextDocument:
        """An empty page, to be filled and then turned to. The view's layout is the new one's from here on."""
        page = QTextDocument(self)
        page.setUndoRedoEnabled(False)
        page.setDefaultFont(page_font(self._point_size))
        # The layout comes before the editor sees the page: Qt's own would lay out the whole text first.
        self._layout = PageLayout(page)
        page.setDocumentLayout(self._layout)
        self._color_layout()
        self._layout.shifted.connect(self._on_layout_shifted)
        return page

    def turn_to(self, page: QTextDocument) -> None:
        """Show a page of `new_page`; the one before it is deleted."""
        previous, self._page = self._page, page
        self.setDocument(page)
        self.setCursorWidth(_CARET_WIDTH)
        if previous is not None:
            previous.deleteLater()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._color_layout()
        self.viewport().update()

    def _color_layout(self) -> None:
        self._layout.set_tint(self._generated_ranges, self._theme.color("tint"))
        self._layout.set_ghost_color(self._theme.color("ghost"))

    def _generated_ranges(self, block: QTextBlock) -> Sequence[tuple[int, int]]:
        """(start, length) of what is tinted in a paragraph, from its beginning."""
        return ()

    @property
    def point_size(self) -> float:
        return self._point_size

    def set_point_size(self, size: float) -> None:
        """Size of the page's face in points, held within sensible bounds."""
        self._point_size = min(MAX_POINT_SIZE, max(MIN_POINT_SIZE, size))
        self.document().setDefaultFont(page_font(self._point_size))
        self.ensureCursorVisible()
        self.viewport().update()
        self.point_size_changed.emit(self._point_size)

    # -- what is in view -----------------------------------------------------------------------------------------

    @property
    def top_position(self) -> int:
        """Where the row at the upper edge of the view begins; 0 at the very top."""
        if not self.verticalScrollBar().value():
            return 0
        return self.cursorForPosition(self.viewport().rect().topLeft()).position()

    def scroll_to(self, position: int) -> None:
        """Bring the row of `position` to the upper edge of the view, as far as there is text below it."""
        cursor, bar = QTextCursor(self.document()), self.verticalScrollBar()
        cursor.setPosition(min(position, self.document().characterCount() - 1))
        bar.setValue(bar.value() + self.cursorRect(cursor).top() if position else 0)

    def _is_visible(self, rect: QRect) -> bool:
        return self.viewport().rect().intersects(rect)

    def ensureCursorVisible(self) -> None:
        """Bring the caret's row into view: until it stays there, as what comes in with it is measured and moves it."""
        bar, place = self.verticalScrollBar(), -1
        while place != (now := self.cursorRect().top() + bar.value()):
            place = now
            super().ensureCursorVisible()
            self._settle()

    def _settle(self) -> None:
        """Lay out what is in view, which may move the view: until it stays."""
        bar, top = self.verticalScrollBar(), -1
        while top != bar.value():
            top = bar.value()
            self._layout.lay_out(top, top + self.viewport().height())

    def _on_layout_shifted(self, y: int, delta: int) -> None:
        bar = self.verticalScrollBar()
        top = bar.value()
        if y > top:
            self._repaint_from(min(y, y + delta) - top)
            return
        self._is_picture_right = True
        bar.setValue(top + delta)
        self._is_picture_right = False
        if bar.value() != top + delta:  # at an end of its range
            self._repaint_from(0)

    def _repaint_from(self, y: int) -> None:
        viewport = self.viewport()
        y -= self._layout.metrics.reach
        if y < viewport.height():
            viewport.update(0, y, viewport.width(), viewport.height() - y)

    # -- Qt's events ---------------------------------------------------------------------------------------------

    @reported(nothing)
    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_point_size(self._point_size + (1 if event.angleDelta().y() > 0 else -1))
            event.accept()
        else:
            super().wheelEvent(event)

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        old, top = event.oldSize(), self.top_position
        caret = self.cursorRect()
        was_in_sight = caret.top() >= 0 and caret.bottom() < old.height()
        super().resizeEvent(event)
        if top and event.size().width() != old.width():  # lines break elsewhere: keep the same words at the top
            self.scroll_to(top)
        if was_in_sight:
            self._settle()
            caret, bar = self.cursorRect(), self.verticalScrollBar()
            bar.setValue(bar.value() + min(caret.top(), max(0, caret.bottom() + 1 - self.viewport().height())))

    @reported(nothing)
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        if self._is_picture_right:
            return
        super().scrollContentsBy(dx, dy)
        # Qt has moved the picture by so much and paints only what came in. Heights are settled now, so that what they
        # move is painted with it.
        self._settle()

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        # Heights are settled before painting: a correction in the middle of it would move what is drawn already.
        self._settle()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self._theme.color("ground"))
        painter.end()
        super().paintEvent(event)
