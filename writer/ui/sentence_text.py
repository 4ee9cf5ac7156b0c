"""A text whose sentences can be chosen one by one, with the mouse or the keyboard, while it still grows."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import cast

from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
    QTextLine,
)
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from writer.ui.line_breaking import LINE_SEPARATOR, break_lines, format_range, on_lines, wrapping_layout
from writer.ui.mirror import utf16_length
from writer.ui.overrides import nothing, reported
from writer.ui.theme import page_font

_POINT_SIZE = 11.5
_LEADING = 1.12  # of a line's own height
_GROWTH_MS = 120
_LEAST_LINES = 2  # there is room for these before the first word
_CORNER = 3.0
_PILCROW = "¶\N{NO-BREAK SPACE}"  # before the first word of a text that begins a paragraph
_BACK = (Qt.Key.Key_Left, Qt.Key.Key_Up)
_ON = (Qt.Key.Key_Right, Qt.Key.Key_Down)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class SentenceText(QWidget):
    """Numbers of sentences are those of the pieces given, from 0. Its height follows the text smoothly, and does not
    fall while the text grows."""

    sentence_chosen = Signal(int)
    pointed_at = Signal(int)  # the sentence under the pointer or the keyboard, -1 for none

    def __init__(self, name: str) -> None:
        """name -- what it is to those who hear it, such as "Take 1" """
        super().__init__()
        self._name = name
        self._pieces: tuple[str, ...] = ()
        self._mark = ""  # before the first of them
        self._bodies: tuple[str, ...] = ()
        self._starts: list[int] = []  # in UTF-16 units of the layout's text
        self._n_finished = 0
        self._chosen: frozenset[int] = frozenset()
        self._hovered = -1
        self._current = -1
        self._is_growing = False
        self._layout = wrapping_layout("", page_font(_POINT_SIZE))
        self._growth = QVariantAnimation(self)
        self._growth.setDuration(_GROWTH_MS)
        self._growth.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._growth.valueChanged.connect(self.setFixedHeight)
        self._target = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._lay_out(self.width())
        self._tell()

    def clear(self) -> None:
        """Make room for another text, whose height begins anew."""
        self.set_chosen(())
        self.set_pieces((), 0, is_growing=True)
        self.setFixedHeight(self._target)

    def set_pieces(self, pieces: Sequence[str], n_finished: int, *, is_growing: bool) -> None:
        """Show `pieces`, which join to the text; the first `n_finished` of them can be chosen."""
        self._pieces, self._n_finished, self._is_growing = tuple(pieces), n_finished, is_growing
        self._bodies = tuple(on_lines(piece.strip()) for piece in pieces)
        text = "".join(pieces)
        self._mark = _PILCROW if "\n" in text[: len(text) - len(text.lstrip())] else ""
        shown, self._starts, at = [self._mark], [], len(self._mark)
        for piece, body in zip(pieces, self._bodies, strict=True):
            self._starts.append(at)
            is_line_end = "\n" in piece[len(piece.rstrip()) :]
            shown.append(body + (LINE_SEPARATOR if is_line_end else " ") if body else "")
            at += utf16_length(shown[-1])
        self._layout.setText("".join(shown).rstrip(f" {LINE_SEPARATOR}"))
        if not self._can_choose(self._current) and (self.hasFocus() or self._current >= 0):
            self._current = self._first()
        if not self._can_choose(self._hovered):
            self._set_hovered(-1)
        self._show_chosen()
        self._lay_out(self.width())
        self._grow()
        self._tell()
        self.update()

    def set_chosen(self, chosen: Collection[int]) -> None:
        """These are in the writer's text already."""
        self._chosen = frozenset(chosen)
        self._show_chosen()
        self._tell()
        self.update()

    @property
    def shown_text(self) -> str:
        """What is seen, lines as they were broken by the text itself."""
        return self._layout.text().replace(LINE_SEPARATOR, "\n")

    @property
    def _spoken_name(self) -> str:
        return f"{self._name}, a new paragraph" if self._mark else self._name

    def rect_of(self, sentence: int) -> QRectF:
        """Where the first line of a sentence is, in this widget's coordinates."""
        return next(iter(self._rects(sentence)), QRectF())

    # -- laying out ----------------------------------------------------------------------------------------------

    def _lay_out(self, width: int) -> None:
        height = break_lines(self._layout, width, _LEADING)
        least = self._layout.lineAt(0).height() * _LEADING * _LEAST_LINES if self._layout.lineCount() else 0
        self._target = round(max(height, least))

    def _grow(self) -> None:
        """Let the height follow the text."""
        goal = max(self._target, self.height()) if self._is_growing else self._target
        self._growth.stop()
        style = self.style()
        if not self.isVisible() or not style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self):
            self.setFixedHeight(goal)
        elif goal != self.height():
            self._growth.setStartValue(self.height())
            self._growth.setEndValue(goal)
            self._growth.start()

    def _show_chosen(self) -> None:
        faded = QTextCharFormat()
        faded.setForeground(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        shown = filter(self._can_choose, self._chosen)
        ranges = [format_range(self._starts[one], utf16_length(self._bodies[one]), faded) for one in shown]
        self._layout.setFormats([format_range(0, len(self._mark), faded), *ranges])
        self._lay_out(self.width())

    def _rects(self, sentence: int) -> list[QRectF]:
        """What to paint behind a sentence, one for each line that it stands on."""
        if not self._can_choose(sentence):
            return []
        start = self._starts[sentence]
        end = start + utf16_length(self._bodies[sentence])
        found = []
        for number in range(self._layout.lineCount()):
            line = self._layout.lineAt(number)
            first, last = line.textStart(), line.textStart() + line.textLength()
            if first < end and start < last:
                left = _x(line, max(first, start))
                right = min(_x(line, min(last, end)), line.naturalTextWidth())
                pad = line.height() * (_LEADING - 1) / 2
                found.append(QRectF(left - 2, line.y() - pad, right - left + 4, line.height() + 2 * pad))
        return found

    def _sentence_at(self, point: QPointF) -> int:
        for number in range(self._layout.lineCount()):
            line = self._layout.lineAt(number)
            if line.y() <= point.y() < line.y() + line.height() * _LEADING:
                if not 0 <= point.x() <= line.naturalTextWidth():
                    return -1
                character = line.xToCursor(point.x(), QTextLine.CursorPosition.CursorOnCharacter)
                sentence = bisect_right(self._starts, character) - 1
                return sentence if self._can_choose(sentence) else -1
        return -1

    # -- choosing ------------------------------------------------------------------------------------------------

    def _can_choose(self, sentence: int) -> bool:
        return 0 <= sentence < self._n_finished and bool(self._bodies[sentence])

    def _first(self) -> int:
        return next((number for number in range(self._n_finished) if self._can_choose(number)), -1)

    def _step(self, by: int) -> None:
        sentence = self._current + by
        while 0 <= sentence < self._n_finished and not self._can_choose(sentence):
            sentence += by
        if self._can_choose(sentence):
            self._set_current(sentence)

    def _set_current(self, sentence: int) -> None:
        self._current = sentence
        self.pointed_at.emit(sentence)
        self._tell()
        self.update()

    def _set_hovered(self, sentence: int) -> None:
        if sentence == self._hovered:
            return
        self._hovered = sentence
        self.setCursor(Qt.CursorShape.PointingHandCursor if sentence >= 0 else Qt.CursorShape.ArrowCursor)
        self.pointed_at.emit(sentence)
        self.update()

    def _tell(self) -> None:
        """For those who hear it."""
        if self.hasFocus() and self._can_choose(self._current):
            added = ", added" if self._current in self._chosen else ""
            place = f"sentence {self._current + 1} of {self._n_finished}{added}"
            name = f"{self._spoken_name}, {place}: {self._bodies[self._current].replace(LINE_SEPARATOR, ' ')}"
        else:
            # A name that changed with every word would be read out with every word.
            text = self.shown_text.removeprefix(self._mark)
            is_silent = self._is_growing or not self._pieces
            name = self._spoken_name if is_silent else f"{self._spoken_name}: {text}"
        if name != self.accessibleName():
            self.setAccessibleName(name)

    # -- what Qt asks --------------------------------------------------------------------------------------------

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(self.width(), self._target)

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._lay_out(event.size().width())
            self._growth.stop()
            self.setFixedHeight(self._target)

    @reported(nothing)
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_hovered(self._sentence_at(event.position()))

    @reported(nothing)
    def leaveEvent(self, event: QEvent) -> None:
        self._set_hovered(-1)

    @reported(nothing)
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        sentence = self._sentence_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and sentence >= 0:
            self.sentence_chosen.emit(sentence)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _BACK:
            self._step(-1)
        elif event.key() in _ON:
            self._step(1)
        elif event.key() in _ENTER and self._can_choose(self._current):
            self.sentence_chosen.emit(self._current)
        else:
            super().keyPressEvent(event)

    @reported(nothing)
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._set_current(self._current if self._can_choose(self._current) else self._first())

    @reported(nothing)
    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.pointed_at.emit(-1)
        self._tell()
        self.update()

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(role.Highlight))
        for rect in self._rects(self._hovered):
            painter.drawRoundedRect(rect, _CORNER, _CORNER)
        if self.hasFocus():
            accent = palette.color(role.Accent)
            for rect in self._rects(self._current):
                painter.setBrush(QColor(palette.color(role.Highlight)))
                painter.drawRoundedRect(rect, _CORNER, _CORNER)
                painter.fillRect(QRectF(rect.left(), rect.bottom() - 2, rect.width(), 2), accent)
        painter.setPen(palette.color(role.WindowText))
        self._layout.draw(painter, QPointF(0, 0), [], event.rect().toRectF())
        painter.end()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_target"):
            self._show_chosen()
            self.update()


def _x(line: QTextLine, character: int) -> float:
    x, _ = cast(tuple[float, int], line.cursorToX(character))  # as PySide6 returns it, whatever its types say
    return x
