"""One take that is being written, or waits to be used: its number, its sentences, and the button that uses it."""

from collections.abc import Collection

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from writer.engine.sentences import split_sentences
from writer.ui.labels import plain_label
from writer.ui.overrides import nothing, reported
from writer.ui.sentence_text import SentenceText
from writer.ui.theme import SPACE

_BADGE = 28
_BADGE_PIXELS = 16
_WRITING = "Writing…"
_ADD = "Add this sentence"
_ADD_AGAIN = "Add it once more"


class TakeCard(QFrame):
    """Shows a take. `number` is from 0; the writer sees it, and presses its key, from 1."""

    use_requested = Signal(int)
    sentence_requested = Signal(int, int)  # number of the take, and of the sentence as `split_sentences` counts

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self._title = f"Take {number + 1}"
        self._written = ""
        self._note = ""
        self._is_finished = False
        self._chosen: frozenset[int] = frozenset()
        self.setObjectName(f"take-{number + 1}")
        self.setProperty("role", "card")
        self.badge = NumberBadge(number + 1)
        self._note_label = plain_label("takeNote", "muted")
        self._note_label.setWordWrap(False)
        self._note_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # it may be cut
        self.use = QPushButton("Use")
        self.use.setObjectName("use")
        self.use.setToolTip(f"Put all of it in your text ({number + 1})")
        self.use.clicked.connect(lambda: self.use_requested.emit(self.number))
        self.text = SentenceText(self._title)
        self.text.setObjectName("sentences")
        self.text.sentence_chosen.connect(lambda sentence: self.sentence_requested.emit(self.number, sentence))
        self.text.pointed_at.connect(self._on_pointed_at)

        top = QHBoxLayout()
        top.setSpacing(SPACE.s)
        top.addWidget(self.badge)
        top.addWidget(self._note_label, 1)
        top.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.m, SPACE.s, SPACE.s, SPACE.m)
        column.setSpacing(SPACE.s)
        column.addLayout(top)
        column.addWidget(self.text)
        self.begin()

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the Tab key stops at."""
        return (self.text, self.use)

    @property
    def written(self) -> str:
        """The take's text as it was last shown."""
        return self._written

    def begin(self) -> None:
        """Make room for a new take."""
        self._written, self._note, self._is_finished, self._chosen = "", _WRITING, False, frozenset()
        self.text.clear()
        self.badge.set_busy(is_busy=True)
        self._show()

    def set_text(self, text: str) -> None:
        """Show the text as it is by now. Sentences that have ended can be chosen, the last one only when the take is
        finished."""
        if text != self._written:
            self._written = text
            self._show()

    def set_finished(self, note: str) -> None:
        """No more comes. `note` says in a word or two how it ended; "" for as it should."""
        self._is_finished, self._note = True, note
        self.badge.set_busy(is_busy=False)
        self._show()

    def set_chosen(self, sentences: Collection[int]) -> None:
        """These sentences are in the writer's text already."""
        self._chosen = frozenset(sentences)
        self.text.set_chosen(self._chosen)

    def _show(self) -> None:
        pieces = split_sentences(self._written)
        self.text.set_pieces(
            pieces, len(pieces) if self._is_finished else max(0, len(pieces) - 1), is_growing=not self._is_finished
        )
        self.use.setEnabled(bool(self._written.strip()))
        self.use.setAccessibleName(f"Use {self._title.lower()}")
        self.setAccessibleName(f"{self._title}: {self._note}" if self._note else self._title)
        self._show_note(self._note)

    def _show_note(self, note: str) -> None:
        self._note_label.setText(note)
        self._note_label.setToolTip(note if note == self._note else "")

    def _on_pointed_at(self, sentence: int) -> None:
        if sentence < 0:
            self._show_note(self._note)
        else:
            self._show_note(_ADD_AGAIN if sentence in self._chosen else _ADD)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.use.isEnabled():
            self.use_requested.emit(self.number)
        else:
            super().keyPressEvent(event)


class NumberBadge(QWidget):
    """A large number: the key that uses the take."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._is_busy = False
        self.setFixedSize(_BADGE, _BADGE)
        self.setToolTip(f"Press {number} to use it")

    def set_busy(self, *, is_busy: bool) -> None:
        """Quieter while the take is being written."""
        if is_busy != self._is_busy:
            self._is_busy = is_busy
            self.update()

    @reported(QSize)
    def sizeHint(self) -> QSize:
        return QSize(_BADGE, _BADGE)

    @reported(nothing)
    def paintEvent(self, event: QPaintEvent) -> None:
        palette, role = QGuiApplication.palette(), QPalette.ColorRole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(role.Light if self._is_busy else role.Accent))
        painter.drawRoundedRect(QRectF(self.rect()), SPACE.radius, SPACE.radius)
        font = QFont(self.font())
        font.setPixelSize(_BADGE_PIXELS)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(palette.color(role.WindowText if self._is_busy else role.Base))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._number))
        painter.end()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
