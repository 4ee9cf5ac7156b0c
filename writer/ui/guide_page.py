"""The guide: what Writer does, what it promises for the text, and the keys."""

from PySide6.QtCore import QMargins, Qt
from PySide6.QtGui import (
    QFont,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from writer.paths import resources_dir
from writer.ui import theme as themes
from writer.ui.desk_page import DeskPage
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_WIDTH = 620
_POINT_SIZE = 12.5
_HEADINGS = {1: 24.0, 2: 16.0}  # points
_LINE_HEIGHT_PERCENT = 132
_TABLE_SHARES = (34, 66)  # percent of the width


class GuidePage(DeskPage):
    """Shows `resources/guide/guide.md`. Links lead nowhere outside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Guide", "Back", "Back to your text", parent)
        self._text = _GuideText()
        self.body.addWidget(self._text, 1)
        self.setFocusProxy(self._text)  # so that the arrow keys scroll at once


class _GuideText(QTextBrowser):
    """The guide's text in a column that stays in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("guide")
        self.setAccessibleName("Guide")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDefaultFont(themes.page_font(_POINT_SIZE))
        self.setMarkdown((resources_dir() / "guide" / "guide.md").read_text(encoding="utf-8"))
        root = self.document().rootFrame()
        frame = root.frameFormat()
        frame.setTopMargin(SPACE.xl)
        frame.setBottomMargin(SPACE.xxl)
        root.setFrameFormat(frame)
        self._set_type()

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
                layout.setTopMargin(SPACE.xl if level > 1 else 0)
                layout.setBottomMargin(SPACE.s)
            elif block == table.firstCursorPosition().block():
                self._lay_out(table)
            cursor.setPosition(block.position())
            cursor.setBlockFormat(layout)
            if level:
                letters = QTextCharFormat()
                letters.setFontPointSize(_HEADINGS[min(level, 2)])
                letters.setFontWeight(QFont.Weight.Normal if level == 1 else QFont.Weight.DemiBold)
                cursor.setPosition(block.position() + block.length() - 1, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(letters)
            block = block.next()

    def _lay_out(self, table: QTextTable) -> None:
        form = table.format()
        form.setBorder(0)
        form.setCellPadding(0)
        form.setCellSpacing(0)
        percentage = QTextLength.Type.PercentageLength
        form.setWidth(QTextLength(percentage, 100))
        form.setColumnWidthConstraints([QTextLength(percentage, share) for share in _TABLE_SHARES])
        table.setFormat(form)

    def _set_margins(self) -> None:
        """Room beside the column; the scroll bar stays at the window's edge."""
        bar = self.verticalScrollBar().sizeHint().width()
        side = max(SPACE.xl, (self.width() - bar - _WIDTH) // 2)
        margins = QMargins(side, 0, side, 0)
        if self.viewportMargins() != margins:
            self.setViewportMargins(margins)

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_margins()
        super().resizeEvent(event)
