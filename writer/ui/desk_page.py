"""What fills the desk in place of the text: a bar with the way back, a heading and buttons, and a view below it."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from writer.ui.icons import icon
from writer.ui.labels import plain_label
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_ICON = 16


class DeskPage(QWidget):
    """A page with the way back at its top left, and on Esc. Views go into `body`, buttons of the bar into `bar`."""

    closed = Signal()

    def __init__(self, heading: str, back: str, back_tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(heading)
        self.back = QPushButton(back)
        self.back.setObjectName("back")
        self.back.setProperty("role", "quiet")
        self.back.setToolTip(f"{back_tip} (Esc)")
        self.back.setIconSize(QSize(_ICON, _ICON))
        self.back.clicked.connect(self.closed)
        self.heading = plain_label("pageHeading", "title")
        self.heading.setWordWrap(False)
        self.heading.setText(heading)

        frame = QFrame()
        frame.setProperty("role", "pagebar")
        self.bar = QHBoxLayout(frame)
        self.bar.setContentsMargins(SPACE.s, SPACE.s, SPACE.l, SPACE.s)
        self.bar.setSpacing(SPACE.s)
        self.bar.addWidget(self.back)
        self.bar.addWidget(self.heading)
        self.bar.addStretch(1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self.body.addWidget(frame)
        self._draw_icon()

    def _draw_icon(self) -> None:
        self.back.setIcon(icon("back", _ICON))

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "body"):
            self._draw_icon()
