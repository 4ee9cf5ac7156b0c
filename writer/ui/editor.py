"""The page: the text, the suggestion after its caret, and what its margins show. Offsets outside are code points."""

from dataclasses import dataclass
from html import escape
from time import perf_counter

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QWidget

from writer.document.change import Change
from writer.document.document import Document
from writer.ui.announcer import Announcer
from writer.ui.document_edit import DocumentEdit
from writer.ui.mirror import displayed
from writer.ui.overrides import nothing, reported
from writer.ui.page_margin import PageMargin, PageMark
from writer.ui.page_metrics import MARGIN_TOP
from writer.ui.suggestion_key import SuggestionKey, SuggestionKeysFirst, suggestion_key
from writer.ui.theme import Theme

PLACEHOLDER = "Begin with a sentence or two. Then press Ctrl+Return, and the model goes on from where you are."
_ROWS_BELOW_CARET = 2  # kept in sight while the writer types


@dataclass(frozen=True)
class _ShownGhost:
    """What is suggested, and for which caret (UTF-16) in which revision of the document."""

    text: str
    position: int
    revision: int


class Editor(DocumentEdit):
    """A page over one Document, with ghost text, and marks in its margins."""

    suggestion_key = Signal(object)  # a SuggestionKey was pressed while a ghost is shown
    composing_changed = Signal(bool)  # an input method has begun to compose text, or has ended
    key_ended = Signal()  # a key or composition has been handled: the widget is done with it
    click_in_page = Signal()  # the left button was pressed in the text
    mark_clicked = Signal(str)  # id of the mark
    painted = Signal()  # the page was painted; all that was typed before is in sight

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        self.key_began: float | None = None  # perf_counter at the key or composition that is being handled
        self._ghost: _ShownGhost | None = None
        self._is_layout_behind = False  # Qt tells of a change before the layout knows of it
        self._was_composing = False
        super().__init__(document, theme, parent)
        self._announcer = Announcer(self)
        self._keys_first = SuggestionKeysFirst(self)
        self.viewport().setMouseTracking(True)

    def set_document(self, document: Document) -> None:
        """Show another document, with the caret at its beginning, no ghost and no marks."""
        self.hide_ghost()
        super().set_document(document)
        self.document().contentsChanged.connect(self._on_contents_settled)
        self._margin = PageMargin(self._layout, self._map)
        self._tell_composing()

    # -- ghost text ----------------------------------------------------------------------------------------------

    @property
    def ghost(self) -> str:
        """The suggestion that is shown after the caret; empty if none."""
        return self._ghost.text if self._ghost is not None and self._is_current(self._ghost) else ""

    def show_ghost(self, text: str) -> None:
        """Show `text` in grey after the caret, in place of any ghost before it. It is nowhere in the document.

        Nothing is shown while something is selected or composed, or with more than white space to the right of the
        caret in its paragraph. When the text or the caret changes, the ghost goes, unless it is shown again in the same
        event.
        """
        cursor = self.textCursor()
        if not text or cursor.hasSelection() or self.isReadOnly() or self.is_composing or _has_text_after(cursor):
            self.hide_ghost()
            return
        before = self._ghost
        if before is None:
            self.installEventFilter(self._keys_first)
        self._ghost = _ShownGhost(text, cursor.position(), self._text_document.revision)
        self._draw_ghost()
        if before is None or not before.text.endswith(text):  # the rest of what was told is no news
            self._announcer.announce(f"Suggestion: {text}")

    def hide_ghost(self) -> None:
        if self._ghost is None:
            return
        self._ghost = None
        self.removeEventFilter(self._keys_first)
        self._announcer.cancel()
        self._draw_ghost()

    def _draw_ghost(self) -> None:
        """Bring the layout up to what is shown. One that may still be replaced in this event keeps its room."""
        if self._is_layout_behind:
            return
        if self._ghost is None:
            self._layout.clear_ghost()
        elif self._is_current(self._ghost):
            self._layout.set_ghost(self._ghost.position, displayed(self._ghost.text))
        if not len(self._text_document):
            self.viewport().update()  # with the placeholder or without it

    def _is_current(self, ghost: _ShownGhost) -> bool:
        cursor = self.textCursor()
        is_there = cursor.position() == ghost.position and not cursor.hasSelection()
        return is_there and ghost.revision == self._text_document.revision

    def _settle_ghost(self) -> None:
        """A ghost that is not for this caret and this text goes; in the middle of a key it may still be replaced."""
        if self._ghost is not None and self.key_began is None and not self._is_current(self._ghost):
            self.hide_ghost()

    @property
    def is_composing(self) -> bool:
        """Whether an input method holds text that is not in the document yet."""
        return bool(self.textCursor().block().layout().preeditAreaText())

    def _tell_composing(self) -> None:
        if (now := self.is_composing) != self._was_composing:
            self._was_composing = now
            self.composing_changed.emit(now)

    # -- margins -------------------------------------------------------------------------------------------------

    @property
    def horizon(self) -> int | None:
        """Where the model's memory begins; it follows the text."""
        return self._margin.horizon

    def set_horizon(self, index: int | None) -> None:
        """Draw in the left margin where the model's memory begins. None, or 0 (it holds all): nowhere."""
        if index != self._margin.horizon:
            self._margin.horizon = index
            self._update_margins()

    @property
    def marks(self) -> tuple[PageMark, ...]:
        """The marks in the order of their places, which follow the text."""
        return self._margin.marks

    def set_marks(self, marks: tuple[PageMark, ...]) -> None:
        """Show a sign in the right margin for each of them, and no others."""
        if marks != self._margin.marks:
            self._margin.set_marks(marks)
            self._update_margins()

    def _update_margins(self) -> None:
        viewport, page = self.viewport(), self._layout.metrics
        right = page.left + page.width
        viewport.update(0, 0, page.left, viewport.height())
        viewport.update(right, 0, viewport.width() - right, viewport.height())

    def _on_page(self, point: QPoint) -> QPoint:
        """A point of the viewport in the page's pixels."""
        return point + QPoint(0, self.verticalScrollBar().value())

    # -- what happens to the document and the caret --------------------------------------------------------------

    def _on_contents_changed(self, position: int, removed: int, added: int) -> None:
        self._is_layout_behind = True
        super()._on_contents_changed(position, removed, added)

    def _on_contents_settled(self) -> None:
        self._is_layout_behind = False
        self._draw_ghost()

    def _on_document_changed(self, change: Change) -> None:
        super()._on_document_changed(change)
        self._margin.follow(change)
        self._settle_ghost()

    def _tell_selection(self) -> None:  # the caret's too
        super()._tell_selection()
        self._settle_ghost()

    def set_point_size(self, size: float) -> None:
        super().set_point_size(size)
        self._draw_ghost()  # its lines are of another width now

    # -- Qt's events ---------------------------------------------------------------------------------------------

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        revision = self._begin_key()
        try:
            key = suggestion_key(event) if self._ghost is not None and self.ghost else None
            if key is None:
                super().keyPressEvent(event)
                return
            event.accept()
            self.suggestion_key.emit(key)
            if key is SuggestionKey.DISMISS:
                self.hide_ghost()
        finally:
            self._end_key(revision)

    @reported(nothing)
    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        revision = self._begin_key()
        try:
            if event.preeditString():
                self.hide_ghost()
            super().inputMethodEvent(event)
        finally:
            self._end_key(revision)
        self._tell_composing()

    def _begin_key(self) -> int:
        self.key_began = perf_counter()
        return self._text_document.revision

    def _end_key(self, revision: int) -> None:
        """No ghost is left that is not for the caret and the text there are now."""
        self.key_began = None
        self.key_ended.emit()
        self._settle_ghost()
        if self._text_document.revision != revision:
            self._keep_rows_below_caret()

    @reported(nothing)
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._tell_composing()  # Qt gives up what was being composed

    @reported(nothing)
    def mousePressEvent(self, event: QMouseEvent) -> None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        mark = self._margin.mark_at(self._on_page(event.position().toPoint())) if is_left else None
        if mark is not None:
            self.mark_clicked.emit(mark.id)
            return
        super().mousePressEvent(event)
        self._tell_composing()
        if is_left:
            self.click_in_page.emit()

    @reported(nothing)
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._margin.mark_at(self._on_page(event.position().toPoint())) is None:
            super().mouseDoubleClickEvent(event)

    @reported(nothing)
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self._margin.is_empty and not self._margin.hovered:
            return
        mark, tooltip = None, ""
        if event.buttons() == Qt.MouseButton.NoButton:
            point = self._on_page(event.position().toPoint())
            mark, tooltip = self._margin.mark_at(point), self._margin.tooltip_at(point)
        hovered = mark.id if mark is not None else ""
        self.viewport().setToolTip(_wrapped(tooltip))
        if hovered != self._margin.hovered:
            self._margin.hovered = hovered
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hovered else Qt.CursorShape.IBeamCursor)
            self._update_margins()

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw_ghost()  # its lines are of another width now

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        page = self._layout.metrics
        if not self._margin.is_empty:
            area = event.rect()
            if area.left() < page.left or area.right() >= page.left + page.width:
                top = self.verticalScrollBar().value()
                painter = QPainter(self.viewport())
                painter.translate(0, -top)
                self._margin.draw(painter, area.translated(0, top), self._theme)
                painter.end()
        if not len(self._text_document) and self._ghost is None and not self.is_composing:
            painter = QPainter(self.viewport())
            painter.setFont(self.document().defaultFont())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            area = QRect(page.left, MARGIN_TOP, page.width, self.viewport().height())
            painter.drawText(area, Qt.TextFlag.TextWordWrap, PLACEHOLDER)
            painter.end()
        self.painted.emit()

    def _keep_rows_below_caret(self) -> None:
        """A suggestion that goes on in the next rows is in sight without the page having to move for it."""
        caret, height = self.cursorRect(), self.viewport().height()
        row = self._layout.metrics.line_height
        missing = caret.bottom() + _ROWS_BELOW_CARET * row - height
        is_tall = height > 3 * _ROWS_BELOW_CARET * row
        if missing > 0 and is_tall and self._is_visible(caret):
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + missing)


def _has_text_after(cursor: QTextCursor) -> bool:
    """Whether more than white space follows in the cursor's paragraph."""
    block, rest = cursor.block(), QTextCursor(cursor)
    rest.setPosition(block.position() + block.length() - 1, QTextCursor.MoveMode.KeepAnchor)
    return bool(rest.selectedText().strip())


def _wrapped(text: str) -> str:
    """Plain text as a tooltip that wraps."""
    return text and "<qt>" + escape(text, quote=False).replace("\n", "<br>") + "</qt>"
