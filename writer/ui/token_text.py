"""The tokens of a context as one text, told apart by their shades; each part has a colour and a heading."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QEvent, QMargins, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QToolTip, QWidget

from writer.assist.context import Origin
from writer.ui import theme as themes
from writer.ui.mirror import displayed, utf16_length
from writer.ui.origins import TITLES, origin_color
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_WIDTH = 660
_POINT_SIZE = 12.5
_HEADING_PIXELS = 12
_LINE_HEIGHT_PERCENT = 136
_SHADES = (22, 50)  # of 255: how much colour lies behind one token and the next
_BAR = 3
# Where white space would hide; in tokens that are nothing else, spaces have one too.
_MARKS = {"\n": "↵", "\r": "←", "\t": "→", "\u00a0": "°", "\u2028": "¶", "\u2029": "¶"}
_HIDING = re.compile(f"([{''.join(_MARKS)}])")


@dataclass(frozen=True)
class ShownPart:
    """tokens -- the text of each; "" for one that only begins a character, which the next one completes"""

    origin: Origin
    title: str
    tokens: tuple[str, ...]
    is_shortened: bool = False

    @property
    def heading(self) -> str:
        """Such as "Lore: Annie"."""
        name = TITLES[self.origin]
        return f"{name}: {self.title}" if self.title and self.title != name else name


class TokenText(QTextEdit):
    """Shows parts; it only shows, and can be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("contextTokens")
        self.setAccessibleName("What the model sees")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # the column keeps its width
        self._parts: tuple[ShownPart, ...] = ()
        self._heads: list[int] = []  # number of the block that each part's heading is
        self._starts: list[int] = []  # where each token begins in the widget's text, in UTF-16
        self._told: list[str] = []  # of each token: what its tooltip says

    def show_parts(self, parts: Sequence[ShownPart]) -> None:
        """In place of what was shown; the same part of it stays in view."""
        self._parts = tuple(parts)
        place = self.verticalScrollBar().value()
        self._heads, self._starts, self._told = [], [], []
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        n_before = 0
        for number, part in enumerate(self._parts):
            self._insert_heading(cursor, part, is_first=number == 0)
            self._insert_tokens(cursor, part, n_before)
            n_before += len(part.tokens)
        self._set_root_margins()  # within the block: the text is laid out once
        cursor.endEditBlock()
        self.setTextCursor(QTextCursor(self.document()))  # at the beginning: Qt keeps its own caret in view
        self.verticalScrollBar().setValue(place)

    def show_origin(self, origin: Origin) -> None:
        """Bring the first part of that origin to the top of the view."""
        for part, head in zip(self._parts, self._heads, strict=True):
            if part.origin is origin:
                block = self.document().findBlockByNumber(head)
                top = self.document().documentLayout().blockBoundingRect(block).top()
                self.verticalScrollBar().setValue(round(top) - SPACE.s)
                self.setTextCursor(QTextCursor(block))
                return

    # -- the text ------------------------------------------------------------------------------------------------

    def _insert_heading(self, cursor: QTextCursor, part: ShownPart, *, is_first: bool) -> None:
        layout = QTextBlockFormat()
        layout.setTopMargin(0 if is_first else SPACE.l)
        layout.setBottomMargin(SPACE.xs)
        letters = QTextCharFormat()
        letters.setFont(themes.interface_font())
        letters.setProperty(QTextCharFormat.Property.FontPixelSize, _HEADING_PIXELS)
        letters.setFontWeight(QFont.Weight.DemiBold)
        letters.setForeground(origin_color(part.origin))
        if is_first:
            cursor.setBlockFormat(layout)
        else:
            cursor.insertBlock(layout)
        self._heads.append(cursor.blockNumber())
        cursor.insertText(" ".join(displayed(part.heading).split()), letters)
        n = len(part.tokens)
        letters.setFontWeight(QFont.Weight.Normal)
        letters.setForeground(_color(QPalette.ColorRole.PlaceholderText))
        shortened = ", shortened" if part.is_shortened else ""
        cursor.insertText(f"  ·  {n:,} token{'s' if n != 1 else ''}{shortened}", letters)

    def _insert_tokens(self, cursor: QTextCursor, part: ShownPart, n_before: int) -> None:
        layout = QTextBlockFormat()
        layout.setLineHeight(_LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        letters = QTextCharFormat()
        letters.setFont(themes.page_font(_POINT_SIZE))
        formats = _formats(origin_color(part.origin))
        for line in _lines(part, n_before):
            cursor.insertBlock(layout, letters)
            position = cursor.position()
            cursor.insertText(line.text)
            self._starts += [position + start for start in line.starts]
            self._told += line.told
            # A layout's own formats, as a highlighter has them: a thousand pieces of text would take far longer.
            cursor.block().layout().setFormats([_range(run, formats) for run in line.runs])

    # -- room and painting ---------------------------------------------------------------------------------------

    def _set_root_margins(self) -> None:
        root = self.document().rootFrame()
        frame = root.frameFormat()
        frame.setTopMargin(SPACE.l)
        frame.setBottomMargin(SPACE.xxl)
        frame.setLeftMargin(SPACE.l)
        root.setFrameFormat(frame)

    def _set_margins(self) -> None:
        bar = self.verticalScrollBar().sizeHint().width()
        side = max(SPACE.l, (self.width() - bar - _WIDTH) // 2)
        margins = QMargins(side, 0, side, 0)
        if self.viewportMargins() != margins:
            self.setViewportMargins(margins)

    def _part_rects(self) -> list[QRectF]:
        """Where each part stands in the viewport."""
        layout, document = self.document().documentLayout(), self.document()
        offset = self.verticalScrollBar().value()
        heads = [document.findBlockByNumber(head) for head in self._heads]
        rects = []
        for head, following in pairwise([*heads, QTextBlock()]):
            last = following.previous() if following.isValid() else document.lastBlock()
            top = layout.blockBoundingRect(head).top()
            bottom = layout.blockBoundingRect(last).bottom()
            rects.append(QRectF(0, top - offset, self.viewport().width(), bottom - top))
        return rects

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_margins()
        super().resizeEvent(event)

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        for part, rect in zip(self._parts, self._part_rects(), strict=True):
            if rect.intersects(QRectF(event.rect())):
                painter.fillRect(QRectF(0, rect.top(), _BAR, rect.height()), origin_color(part.origin))
        painter.end()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_told"):
            self.show_parts(self._parts)

    # -- pointing ------------------------------------------------------------------------------------------------

    @reported(lambda: False)
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._told_at(self.cursorForPosition(event.pos()).position()), self)
            return True
        return super().viewportEvent(event)

    def _told_at(self, position: int) -> str:
        """What is to be said of the token at `position`; "" over a heading."""
        if self.document().findBlock(position).blockNumber() in self._heads:
            return ""
        index = bisect_right(self._starts, position) - 1
        return self._told[index] if index >= 0 else ""


class _Line:
    """A line of text, up to where it breaks, in UTF-16.

    starts, told -- of each token that begins in it: where, and what its tooltip says
    runs -- start, length, shade, and whether it is a mark
    """

    def __init__(self) -> None:
        self.text = ""
        self.is_over = False
        self.starts: list[int] = []
        self.told: list[str] = []
        self.runs: list[tuple[int, int, int, bool]] = []
        self.length = 0

    def add(self, text: str, shade: int, *, is_mark: bool) -> None:
        length = utf16_length(text)
        self.runs.append((self.length, length, shade, is_mark))
        self.text += text
        self.length += length


def _lines(part: ShownPart, n_before: int) -> list[_Line]:
    lines = [_Line()]
    first = shade = 0  # first -- of the tokens that make up what is shown next
    for number, token in enumerate(part.tokens):
        if not token:
            continue
        if lines[-1].is_over:
            lines.append(_Line())
        low, high = n_before + first + 1, n_before + number + 1
        which = f"Token {high:,}" if low == high else f"Tokens {low:,} to {high:,}"
        lines[-1].starts.append(lines[-1].length)
        lines[-1].told.append(f"{which}. {part.heading}")
        marks = _MARKS if token.strip() else _MARKS | {" ": "·"}
        for piece in _HIDING.split(token) if token.strip() else token:
            if not piece:
                continue
            if lines[-1].is_over:
                lines.append(_Line())
            mark = marks.get(piece, "")
            lines[-1].add(mark or displayed(piece), shade, is_mark=bool(mark))
            lines[-1].is_over = piece == "\n"
        first, shade = number + 1, 1 - shade
    return lines


def _range(run: tuple[int, int, int, bool], formats: Sequence[QTextCharFormat]) -> QTextLayout.FormatRange:
    start, length, shade, is_mark = run
    marked = QTextLayout.FormatRange()
    marked.start, marked.length, marked.format = start, length, formats[2 * is_mark + shade]
    return marked


def _formats(color: QColor) -> list[QTextCharFormat]:
    """Both shades behind words, then both behind marks."""
    formats = []
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText):
        for shade in _SHADES:
            letters = QTextCharFormat()
            letters.setForeground(_color(role))
            wash = QColor(color)
            wash.setAlpha(shade)
            letters.setBackground(wash)
            formats.append(letters)
    return formats


def _color(role: QPalette.ColorRole) -> QColor:
    return QGuiApplication.palette().color(role)
