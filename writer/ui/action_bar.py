"""Below the page: the one button that matters, and two beside it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from writer.ui.theme import SPACE

_HEIGHT = 56
_BUTTON_WIDTH = 148
_SIDE_WIDTH = 84


class ActionBar(QFrame):
    """Continue while the model is at rest, Stop while it is at work, in the same place."""

    continue_requested = Signal()
    stop_requested = Signal()
    again_requested = Signal()
    takes_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self._running = self._ready = self._can_repeat = False
        self.button = QPushButton()
        self.button.setProperty("role", "primary")
        self.button.setMinimumWidth(_BUTTON_WIDTH)
        # The page keeps the focus: who presses the button wants to go on writing.
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self._on_clicked)
        self.takes = self._quiet("Takes", "Several ways to go on at once, beside the page (Ctrl+Shift+Return)")
        self.takes.clicked.connect(self.takes_requested)
        self.again = self._quiet("Again", "Another continuation in the place of the last one (Ctrl+R)")
        self.again.clicked.connect(self.again_requested)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.l, 0, SPACE.l, SPACE.s)
        layout.setSpacing(SPACE.m)
        layout.addStretch(1)
        layout.addWidget(self.takes)
        layout.addWidget(self.button)
        layout.addWidget(self.again)
        layout.addStretch(1)
        self.set_running(running=False)

    def set_running(self, *, running: bool) -> None:
        self._running = running
        self.button.setText("Stop" if running else "Continue")
        self.button.setToolTip(
            "Stop writing; what is there stays (Esc, or just type)"
            if running
            else "Let the model go on at the caret (Ctrl+Return)"
        )
        self._show_choices()

    def set_ready(self, *, ready: bool) -> None:
        """Whether there is a model to go on with."""
        self.button.setEnabled(ready)
        self._ready = ready
        self._show_choices()

    def set_can_repeat(self, can_repeat: bool) -> None:
        """Whether there is a continuation that another could take the place of."""
        self._can_repeat = can_repeat
        self._show_choices()

    def _show_choices(self) -> None:
        self.takes.setEnabled(self._ready and not self._running)
        self.again.setEnabled(self._ready and self._can_repeat and not self._running)

    @staticmethod
    def _quiet(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "quiet")
        button.setToolTip(tip)
        button.setFixedWidth(_SIDE_WIDTH)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _on_clicked(self) -> None:
        (self.stop_requested if self._running else self.continue_requested).emit()
