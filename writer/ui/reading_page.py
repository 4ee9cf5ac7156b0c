"""A page with a text to read: the guide, what is new, what Writer is made of."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMargins, Qt, QUrl, Signal
from PySide6.QtGui import (
    QFont,
    QGuiApplication,
    QPalette,
    QResizeEvent,
    QShowEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QTextBrowser, QWidget

from writer.ui import theme as themes
from writer.ui.desk_page import DeskPage
from writer.ui.links import color_links
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_WIDTH = 620
_POINT_SIZE = 12.5
_HEADINGS = {1: 24.0, 2: 16.0, 3: 12.5}  # points
_LINE_HEIGHT_PERCENT = 132
_TABLE_SHARES = (34, 66)  # percent of the width


class ReadingPage(DeskPage):
    """Shows a text in Markdown, read when the page is first seen. Links lead nowhere by themselves."""

    def __init__(self, name: str, heading: str, read: Callable[[], str], parent: QWidget | None = None) -> None:
        """name -- of the view, for the style sheet and for tests"""
        super().__init__(heading, "Back", "Back to your text", parent)
        self._read = read
        self._is_read = False
        self.text = ReadingText(name, heading)
        self.body.addWidget(self.text, 1)
        self.setFocusProxy(self.text)  # so that the arrow keys scroll at once

    def read_again(self) -> None:
        """What the text tells may be another by now."""
        self._is_read = True
        self.text.set_markdown(self._read())

    @reported(nothing)
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_read:
            self.read_again()


class ReadingText(QTextBrowser):
    """A text in a column that stays in the middle."""

    link_pressed = Signal(str)

    def __init__(self, name: str, accessible_name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "reading")
        self.setAccessibleName(accessible_name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.anchorClicked.connect(
            lambda url: self.link_pressed.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDefaultFont(themes.page_font(_POINT_SIZE))
        self.document().setIndentWidth(SPACE.xl)

    def set_markdown(self, text: str) -> None:
        self.setMarkdown(text)
        root = self.document().rootFrame()
        frame = root.frameFormat()
        frame.setTopMargin(SPACE.xl)
        frame.setBottomMargin(SPACE.xxl)
        root.setFrameFormat(frame)
        for child in root.childFrames():
            if isinstance(child, QTextTable):
                self._lay_out(child)
        self._set_type()
        self._color_links()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _set_type(self) -> None:
        """Sizes and room of the page: Qt's defaults for Markdown suit a web page."""
        cursor = QTextCursor(self.document())
        block = self.document().begin()
        while block.isValid():
            level = block.blockFormat().headingLevel()
            layout = block.blockFormat()
            layout.setLineHeight(_LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            table: QTextTable | None = QTextCursor(block).currentTable()
            if table is None:
                layout.setTopMargin(_room_above(level))
                layout.setBottomMargin(SPACE.s)
            cursor.setPosition(block.position())
            cursor.setBlockFormat(layout)
            if level:
                letters = QTextCharFormat()
                letters.setFontPointSize(_HEADINGS[min(level, 3)])
                letters.setFontWeight(QFont.Weight.Normal if level == 1 else QFont.Weight.DemiBold)
                cursor.setPosition(block.position() + block.length() - 1, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(letters)
            block = block.next()

    def _lay_out(self, table: QTextTable) -> None:
        first_row = [table.cellAt(0, column).firstCursorPosition().block().text() for column in range(table.columns())]
        if not any(first_row):  # Markdown has no table without headings
            table.removeRows(0, 1)
        form = table.format()
        form.setBorder(0)
        form.setCellPadding(0)
        form.setCellSpacing(0)
        percentage = QTextLength.Type.PercentageLength
        form.setWidth(QTextLength(percentage, 100))
        form.setColumnWidthConstraints([QTextLength(percentage, share) for share in _TABLE_SHARES])
        table.setFormat(form)

    def _color_links(self) -> None:
        color_links(self.document(), QGuiApplication.palette().color(QPalette.ColorRole.Link))

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.viewportMargins() != (margins := column_margins(self, _WIDTH)):
            self.setViewportMargins(margins)
        super().resizeEvent(event)

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._color_links()


def column_margins(view: QAbstractScrollArea, width: int) -> QMargins:
    """Room beside a column in the middle of `view`, whose scroll bar stays at its edge."""
    bar = view.verticalScrollBar().sizeHint().width()
    side = max(SPACE.xl, (view.width() - bar - width) // 2)
    return QMargins(side, 0, side, 0)


def _room_above(level: int) -> int:
    return {0: 0, 1: 0, 2: SPACE.xl}.get(level, SPACE.l)
