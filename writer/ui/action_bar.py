"""Below the page: the one button that matters."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from writer.ui.theme import SPACE

_HEIGHT = 56
_BUTTON_WIDTH = 148


class ActionBar(QFrame):
    """Continue while the model is at rest, Stop while it is at work, in the same place."""

    continue_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self._running = False
        self.button = QPushButton()
        self.button.setProperty("role", "primary")
        self.button.setMinimumWidth(_BUTTON_WIDTH)
        # The page keeps the focus: who presses the button wants to go on writing.
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self._on_clicked)
        self._key = QLabel()
        self._key.setProperty("role", "muted")
        balance = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.l, 0, SPACE.l, SPACE.s)
        layout.setSpacing(SPACE.m)
        layout.addWidget(balance, 1)
        layout.addWidget(self.button)
        layout.addWidget(self._key, 1)
        self.set_running(running=False)

    def set_running(self, *, running: bool) -> None:
        self._running = running
        self.button.setText("Stop" if running else "Continue")
        self.button.setToolTip("Stop writing; what is there stays" if running else "Let the model go on at the caret")
        self._key.setText("Esc, or just type" if running else "Ctrl+Return")

    def set_ready(self, *, ready: bool) -> None:
        """Whether there is a model to go on with."""
        self.button.setEnabled(ready)

    def _on_clicked(self) -> None:
        (self.stop_requested if self._running else self.continue_requested).emit()
