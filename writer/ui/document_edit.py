"""The text of a page: shows a Document and reports what the writer does to it. Offsets outside are code points."""

import sys
from collections.abc import Callable

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QTextBlock, QTextCursor, QTextDocument
from PySide6.QtWidgets import QWidget

from writer.assist.ghost import Action
from writer.document.change import Change
from writer.document.document import Document
from writer.document.files.encoding import clean
from writer.document.files.text_file import LONGEST_LINE
from writer.document.provenance import Provenance, Run
from writer.ui.clipboard import ClipboardText, authorship_of
from writer.ui.mirror import Utf16Map, displayed, insertable, trim_common, typed
from writer.ui.overrides import nothing, reported
from writer.ui.page_filling import PageFilling
from writer.ui.page_ink import generated_ranges
from writer.ui.page_menu import page_menu
from writer.ui.page_view import PageView
from writer.ui.theme import Theme

_SCREENFUL = 4_000  # characters
_KEYS_FOR_THE_WHOLE = (
    QKeySequence.StandardKey.SelectAll,
    QKeySequence.StandardKey.MoveToEndOfDocument,
    QKeySequence.StandardKey.SelectEndOfDocument,
)


class DocumentEdit(PageView):
    """A text field over one Document. Undo belongs to the Document; Qt's own is off."""

    typing_begun = Signal()  # before the document takes what the writer did
    typed = Signal()  # the writer changed the text by key, paste, input method or drop
    unreadable_pasted = Signal(int)  # so many characters of the clipboard could not be read
    long_line_refused = Signal()  # the clipboard has a line that is too long to edit
    caret_moved = Signal(int)
    filling_progressed = Signal()  # more of a long text is in the page

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._applying = False  # the widget is being brought up to the document
        self._reporting = False  # the document is being brought up to the widget
        self._is_stepping = False  # an undo or redo is under way
        self._coming_in: tuple[int, Provenance] | None = None  # text from elsewhere: where to, and who wrote it
        self._seen_revision = self._seen_position = 0
        self.last_action = Action.OTHER  # of the writer; whoever inserts a suggestion says so here
        self._unsubscribe: Callable[[], None] = lambda: None
        self._filling: PageFilling  # of the page that is shown
        self.cursorPositionChanged.connect(self._on_cursor_moved)
        self.selectionChanged.connect(self._tell_selection)
        self.set_document(document)

    def set_document(self, document: Document) -> None:
        """Show another document, with the caret at its beginning."""
        self._unsubscribe()
        self._text_document = document
        text = document.text
        self._map = Utf16Map(text)
        if self._page is not None:
            self._filling.stop()
        self._unsubscribe = document.subscribe(self._on_document_changed)
        self._seen_revision, self._seen_position = document.revision, 0
        page = self.new_page()
        self._filling = PageFilling(text, lambda part: self._append(page, part), page)
        self._filling.progressed.connect(self.filling_progressed)
        page.contentsChange.connect(self._on_contents_changed)
        self.turn_to(page)
        self.set_caret(0)
        self.last_action = Action.OTHER

    def _append(self, page: QTextDocument, part: str) -> None:
        """Put the next part of the document's text into its page; the caret stays where it is."""
        cursor, caret = QTextCursor(page), self.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        anchor, position, end = caret.anchor(), caret.position(), cursor.position()
        self._applying = True
        were_blocked = self.blockSignals(True)
        try:
            cursor.insertText(insertable(part))
            if page is self._page and end in (anchor, position):  # where Qt moves it on with the text
                caret.setPosition(anchor)
                caret.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
                self.setTextCursor(caret)
        finally:
            self._applying = False
            self.blockSignals(were_blocked)

    def _fill_up_to(self, index: int) -> None:
        """Have everything before character `index` in the page."""
        self._filling.go_on(index - (len(self._text_document) - self._filling.n_left))

    @property
    def filled(self) -> float:
        """How much of the document is in the page, 0 to 1: a long one comes in parts."""
        return self._filling.share

    @property
    def caret(self) -> int:
        return self._map.to_code_point(self.textCursor().position())

    def set_caret(self, index: int) -> None:
        """Put the caret before character `index` and bring it into view."""
        self.select(index, index)

    def select(self, anchor: int, position: int) -> None:
        """Select from `anchor` to `position`, where the caret goes, and bring it into view."""
        self._fill_up_to(max(anchor, position))
        cursor = self.textCursor()
        cursor.setPosition(self._map.to_utf16(anchor))
        cursor.setPosition(self._map.to_utf16(position), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    @property
    def top(self) -> int:
        """The character at the upper edge of the view."""
        return self._map.to_code_point(self.top_position)

    def set_top(self, index: int) -> None:
        """Scroll until the row of character `index` is the first in view, as far as there is text below it."""
        self._fill_up_to(index)
        position = self._map.to_utf16(index)
        self.scroll_to(position)
        while self.top_position < position and self._filling.n_left:
            self._filling.go_on(_SCREENFUL)
            self.scroll_to(position)

    @property
    def selection(self) -> tuple[int, int]:
        """(start, end); equal when nothing is selected."""
        cursor = self.textCursor()
        return self._map.to_code_point(cursor.selectionStart()), self._map.to_code_point(cursor.selectionEnd())

    def selectAll(self) -> None:
        """All of the document, whatever of it is in the page."""
        self._filling.finish()
        super().selectAll()

    def undo(self) -> None:
        """Take back one step of the document, and show where."""
        self._step(self._text_document.undo)

    def redo(self) -> None:
        self._step(self._text_document.redo)

    def _step(self, step: Callable[[], list[Change]]) -> None:
        self._is_stepping = True
        try:
            if changes := step():
                self.last_action = Action.UNDONE
                anchor, position = self._text_document.selection or (changes[-1].inserted_end,) * 2
                self.select(anchor, position)
        finally:
            self._is_stepping = False

    # -- between widget and document -----------------------------------------------------------------------------

    def _on_contents_changed(self, position: int, removed: int, added: int) -> None:
        """The widget's text changed, at most within these bounds: find out how, and tell the document."""
        if self._applying:
            return
        old_length = self._map.to_utf16(len(self._text_document) - self._filling.n_left)
        new_length = self.document().characterCount() - 1
        start, end, position, new_end = self._map.changed_range(position, removed, added, old_length, new_length)
        cursor = QTextCursor(self.document())
        cursor.setPosition(position)
        cursor.setPosition(new_end, QTextCursor.MoveMode.KeepAnchor)
        old = displayed(self._text_document.slice(start, end))
        n_same, old_rest, new_rest = trim_common(old, cursor.selectedText())
        if not (old_rest or new_rest):
            return
        start += n_same
        runs, text = None, typed(new_rest)
        if self._coming_in is None:
            self.last_action = Action.TYPED if text else Action.DELETED
        else:
            self.last_action = Action.OTHER
            place, authorship = self._coming_in
            if place <= start and start + len(text) <= place + len(authorship):
                runs = authorship.runs(start - place, start - place + len(text))
        self.typing_begun.emit()
        self._reporting = True
        try:
            self._text_document.replace(start, start + len(old_rest), text, runs=runs)
        finally:
            self._reporting = False
        self.typed.emit()

    def _on_document_changed(self, change: Change) -> None:
        position = self._map.to_utf16(change.start)
        end = self._map.to_utf16(change.start + len(change.removed))
        self._map.replace(change.start, len(change.removed), change.inserted)
        if self._reporting:
            return
        self._fill_up_to(change.inserted_end)  # as if it were made already
        self.last_action = Action.UNDONE if self._is_stepping else Action.OTHER
        follow = self.textCursor().position() == position and self._is_visible(self.cursorRect())
        cursor = QTextCursor(self.document())
        cursor.setPosition(position)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self._applying = True
        try:
            cursor.insertText(insertable(change.inserted))
        finally:
            self._applying = False
        if follow:
            self.ensureCursorVisible()

    def _on_cursor_moved(self) -> None:
        revision, position = self._text_document.revision, self.textCursor().position()
        # After a composition Qt tells of the caret twice.
        if revision == self._seen_revision and position != self._seen_position:
            self._text_document.close_typing_group()
            if not self._is_stepping:
                self.last_action = Action.MOVED
        self._seen_revision, self._seen_position = revision, position
        self._tell_selection()
        self.caret_moved.emit(self.caret)

    def _tell_selection(self) -> None:
        cursor = self.textCursor()
        self._text_document.selection = (
            self._map.to_code_point(cursor.anchor()),
            self._map.to_code_point(cursor.position()),
        )

    def _generated_ranges(self, block: QTextBlock) -> list[tuple[int, int]]:
        return generated_ranges(self._text_document, self._map, block)

    def createMimeDataFromSelection(self) -> QMimeData:
        """The document's own characters, which the widget may only stand in for, and who wrote them."""
        start, end = self.selection
        return ClipboardText(self._text_document.slice(start, end), self._text_document.runs(start, end))

    @reported(nothing)
    def insertFromMimeData(self, source: QMimeData) -> None:
        if source.hasText():
            text, _ = clean(source.text().replace("\r\n", "\n").replace("\r", "\n"))
            if max(map(len, text.split("\n"))) > LONGEST_LINE:
                self.long_line_refused.emit()
                return
            self._text_document.close_typing_group()
            self._coming_in = self.selection[0], Provenance(map(self._known, authorship_of(source, text)))
            try:
                self.textCursor().insertText(insertable(text))
            finally:
                self._coming_in = None
            self.ensureCursorVisible()
            # Half characters and bytes that are none, which Qt and `clean` have put this sign in the place of.
            if n_unreadable := text.count("\ufffd"):
                self.unreadable_pasted.emit(n_unreadable)

    def _known(self, run: Run) -> Run:
        """As it is in this document, which may not be the one that it comes from."""
        return run if run.generation in self._text_document.generations else run._replace(generation=None)

    # -- Qt's events ---------------------------------------------------------------------------------------------

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._filling.n_left and any(map(event.matches, _KEYS_FOR_THE_WHOLE)):
            self._filling.finish()
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo()
        elif _is_command(event):  # Qt would type its letter
            event.ignore()
        else:
            super().keyPressEvent(event)

    @reported(nothing)
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = page_menu(self, self._text_document)
        menu.exec(event.globalPos())
        menu.deleteLater()


def _is_command(event: QKeyEvent) -> bool:
    """Whether Alt is held with a letter or sign. On a Mac that key is there to type others."""
    return (
        sys.platform != "darwin" and event.modifiers() == Qt.KeyboardModifier.AltModifier and event.text().isprintable()
    )
