"""Under the page: up to five words that may come next, each in a place of its own."""

from html import escape

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFont,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QWidget

from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

N_SLOTS = 5
HOLD_MS = 600  # so long a press means "never again"
_HEIGHT = 36
_SLOT_WIDTH = 152  # at most: words far apart are hard to take in at a glance
_NUMBER_PIXELS = 10
_HOLD_SHOWN = 0.25  # of the hold: a plain click shows nothing of it
_LESSON = "Words that may come next appear here as you write: Alt+1 to Alt+5 put them in."


class WordStrip(QFrame):
    """Shows words and says which one was chosen. Numbers of words are from 0; the writer sees them from 1."""

    word_chosen = Signal(int)
    never_requested = Signal(int)  # by holding it, Ctrl+click or its menu

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Next words")
        self._words: tuple[str, ...] = ()
        self._had_words = False
        self._slots = tuple(WordSlot(number) for number in range(N_SLOTS))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.l, SPACE.xs, SPACE.l, SPACE.xs)
        layout.setSpacing(SPACE.xs)
        layout.addStretch(1)
        for slot in self._slots:
            slot.chosen.connect(self.word_chosen)
            slot.never.connect(self.never_requested)
            slot.released.connect(self._show_words)
            layout.addWidget(slot, 100)
        layout.addStretch(1)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that show. While one is pressed they stay as they are."""
        return tuple(slot.word for slot in self._slots if slot.word)

    def set_words(self, words: tuple[str, ...]) -> None:
        """Show the first five of `words`, the likeliest first."""
        self._words = words[:N_SLOTS]
        if not any(slot.is_held for slot in self._slots):  # else another word would be chosen than was pressed
            self._show_words()

    def _show_words(self) -> None:
        for slot, word in zip(self._slots, (*self._words, *[""] * N_SLOTS), strict=False):
            slot.set_word(word)
        if self._words and not self._had_words:
            self._had_words = True
            self.update()

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._had_words:
            return
        painter = QPainter(self)
        painter.setPen(QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        room = self.rect().adjusted(SPACE.l, 0, -SPACE.l, 0)
        text = painter.fontMetrics().elidedText(_LESSON, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


class WordSlot(QWidget):
    """One place in the strip. It keeps its width whatever stands in it, and never takes the focus."""

    chosen = Signal(int)
    never = Signal(int)
    released = Signal()  # after any press, whatever came of it

    def __init__(self, number: int) -> None:
        super().__init__()
        self.setObjectName(f"word-{number + 1}")
        self._number = number
        self.word = ""
        self._is_pressed = False
        self._is_asking = False
        self._is_hovered = False
        self._hold = QVariantAnimation(self)
        self._hold.setStartValue(0.0)
        self._hold.setEndValue(1.0)
        self._hold.setDuration(HOLD_MS)
        self._hold.valueChanged.connect(lambda _value: self.update())
        self._hold.finished.connect(self._on_held)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMaximumWidth(_SLOT_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.set_word("")

    @property
    def is_held(self) -> bool:
        """Whether the writer is at it with the mouse, so that its word must stay."""
        return self._is_pressed or self._is_asking

    def set_word(self, word: str) -> None:
        if word == self.word and self.accessibleName():
            return
        self.word = word
        self.setEnabled(bool(word))
        key = f"Alt+{self._number + 1}"
        self.setAccessibleName(f"Word {self._number + 1}: {word}" if word else f"Word {self._number + 1}: none")
        self.setAccessibleDescription(f"{key} puts it in." if word else "")
        self.setToolTip(
            f"<b>{escape(word)}</b><br>Click, or {key}: put it in.<br>Hold, or Ctrl+click: never suggest it again."
            if word
            else ""
        )
        self.update()

    def _on_held(self) -> None:
        self._release()
        self.never.emit(self._number)

    def _release(self) -> None:
        self._hold.stop()
        self._is_pressed = False
        self.update()

    # -- what Qt asks --------------------------------------------------------------------------------------------

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(_SLOT_WIDTH, _HEIGHT - 2 * SPACE.xs)

    @reported(nothing)
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.word:
            return
        self._is_pressed = True
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._hold.start()
        self.update()

    @reported(nothing)
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._is_pressed and not self.rect().contains(event.position().toPoint()):
            self._release()
            self.released.emit()

    @reported(nothing)
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._is_pressed:
            self._release()
            is_never = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            (self.never if is_never else self.chosen).emit(self._number)
        self.released.emit()

    @reported(nothing)
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.word:
            self.open_menu().popup(event.globalPos())

    def open_menu(self) -> QMenu:
        """What can be done with the word. It stays until the menu is gone."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = self.word.replace("&", "&&")
        menu.addAction(f"Put in “{name}”", lambda: self.chosen.emit(self._number))
        menu.addAction(f"Never suggest “{name}” again", lambda: self.never.emit(self._number))
        self._is_asking = True
        # Qt says what was chosen only after the menu has gone.
        menu.aboutToHide.connect(lambda: QTimer.singleShot(0, self, self._on_menu_gone))
        return menu

    def _on_menu_gone(self) -> None:
        self._is_asking = False
        self.released.emit()

    @reported(nothing)
    def enterEvent(self, event: QEnterEvent) -> None:
        self._is_hovered = True
        self.update()

    @reported(nothing)
    def leaveEvent(self, event: QEvent) -> None:
        self._is_hovered = False
        self.update()

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.word:
            return
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = role.Mid if self._is_pressed else role.Light if self._is_hovered else role.Button
        painter.setPen(palette.color(role.Mid))
        painter.setBrush(palette.color(ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), SPACE.radius, SPACE.radius)
        if (held := self._hold.currentValue() if self._is_pressed else 0.0) > _HOLD_SHOWN:
            room = self.width() - 2 * SPACE.radius
            share = (held - _HOLD_SHOWN) / (1 - _HOLD_SHOWN)
            line = QRectF(SPACE.radius, self.height() - 3, room * share, 2)
            painter.fillRect(line, palette.color(role.BrightText))
        self._paint_words(painter, palette)
        painter.end()

    def _paint_words(self, painter: QPainter, palette: QPalette) -> None:
        font = QFont(self.font())
        font.setPixelSize(_NUMBER_PIXELS)
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        rect = self.rect().adjusted(SPACE.s, 0, -SPACE.s, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect, middle | Qt.AlignmentFlag.AlignLeft, str(self._number + 1))
        painter.setFont(self.font())
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        room = rect.adjusted(SPACE.m, 0, -SPACE.m, 0)
        if painter.fontMetrics().horizontalAdvance(self.word) > room.width():
            room.setRight(rect.right())  # rather than in the middle between the number and nothing
        word = painter.fontMetrics().elidedText(self.word, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignHCenter, word)
