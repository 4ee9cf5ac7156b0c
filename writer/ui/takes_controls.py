"""How many takes are wanted, and the button that asks for them or stops them."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from writer.ui.theme import SPACE

LEAST_TAKES, MOST_TAKES = 2, 4
_NUMBER_WIDTH = 34
_NO_MODEL = "There is no model to write them yet: get one in the panel of models."


class TakesControls(QWidget):
    """A number to choose, and one button, which stops while takes are written."""

    takes_requested = Signal(int)
    stop_requested = Signal()
    n_takes_changed = Signal(int)  # by the writer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_running = self._is_ready = False
        self._numbers: dict[int, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.l, SPACE.xs, SPACE.l, SPACE.s)
        row.setSpacing(0)
        for n, place in zip(range(LEAST_TAKES, MOST_TAKES + 1), ("first", "middle", "last"), strict=True):
            button = QPushButton(str(n))
            button.setObjectName(f"takes-{n}")
            button.setProperty("role", "segment")
            button.setProperty("place", place)
            button.setCheckable(True)
            button.setFixedWidth(_NUMBER_WIDTH)
            button.setToolTip(f"{n} takes side by side")
            button.setAccessibleName(f"{n} takes side by side")
            button.clicked.connect(lambda _checked, chosen=n: self._on_number_clicked(chosen))
            row.addWidget(button)
            self._numbers[n] = button
        row.addSpacing(SPACE.s)
        self.write = QPushButton()
        self.write.setObjectName("write")
        self.write.clicked.connect(self._on_write_clicked)
        row.addWidget(self.write, 1)
        self.set_n_takes(LEAST_TAKES + 1)

    @property
    def n_takes(self) -> int:
        return next(n for n, button in self._numbers.items() if button.isChecked())

    def set_n_takes(self, n: int) -> None:
        """The nearest of the numbers there are."""
        n = min(max(n, LEAST_TAKES), MOST_TAKES)
        for number, button in self._numbers.items():
            button.setChecked(number == n)
        self._show()

    def set_state(self, *, is_running: bool, is_ready: bool) -> None:
        """is_ready -- whether there is a model"""
        self._is_running, self._is_ready = is_running, is_ready
        self._show()

    def _show(self) -> None:
        self.write.setText("Stop" if self._is_running else f"Write {self.n_takes} takes")
        self.write.setEnabled(self._is_running or self._is_ready)
        tip = "Write that many at the caret, side by side." if self._is_ready else _NO_MODEL
        self.write.setToolTip("Stop writing; what is there stays." if self._is_running else tip)

    def _on_number_clicked(self, n: int) -> None:
        self.set_n_takes(n)
        self.n_takes_changed.emit(n)

    def _on_write_clicked(self) -> None:
        if self._is_running:
            self.stop_requested.emit()
        else:
            self.takes_requested.emit(self.n_takes)
