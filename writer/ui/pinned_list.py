"""The pinned passages of a document."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from writer.assist.context_notes import Pin
from writer.ui.icons import IconButton
from writer.ui.labels import plain_label
from writer.ui.option_rows import caption, literal_tip
from writer.ui.theme import SPACE

_ICON, _BUTTON = 12, 22
_SHOWN = 110  # code points of a passage
_MOST_SHOWN = 30  # passages: far more than there is room for in a model's sight
_NONE_YET = (
    "None yet. Select a passage in your text and pin it: the model keeps it in mind, however far back it stands."
)
_CAN_PIN = "Keep the passage that is selected in your text in the model's sight."
_CANNOT_PIN = "Select a passage in your text first."


class PinnedList(QWidget):
    """Shows pins, and takes them away. The controller pins what is selected."""

    pins_changed = Signal()  # for the writer's changes only
    pin_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._pins: tuple[Pin, ...] = ()
        self._rows: list[QWidget] = []
        self._none_yet = caption("noPins", _NONE_YET)
        self._further = caption("furtherPins")
        self._further.hide()
        self.pin = QPushButton("Pin the selection")
        self.pin.setObjectName("pinSelection")
        self.pin.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the page keeps the focus, and shows what is selected
        self.pin.clicked.connect(self.pin_requested)
        self.set_can_pin(False)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.s)
        self._column.addWidget(self._none_yet)
        self._column.addWidget(self.pin, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self._further)

    def set_can_pin(self, can_pin: bool) -> None:
        """Whether something is selected in the text."""
        self.pin.setEnabled(can_pin)
        self.pin.setToolTip(_CAN_PIN if can_pin else _CANNOT_PIN)

    @property
    def pins(self) -> tuple[Pin, ...]:
        return self._pins

    def set_pins(self, pins: tuple[Pin, ...]) -> None:
        if pins == self._pins:
            return
        self._pins = pins
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [self._row(place, pin) for place, pin in enumerate(pins[:_MOST_SHOWN])]
        for row in self._rows:
            self._column.addWidget(row)
            row.show()  # now: the layout would do so later, and the focus may be waiting for it
        self._column.addWidget(self._further)
        self._further.setText(f"and {len(pins) - _MOST_SHOWN:,} more")
        self._further.setVisible(len(pins) > _MOST_SHOWN)
        self._none_yet.setVisible(not pins)

    def _row(self, place: int, pin: Pin) -> QWidget:
        row = QWidget()
        words = " ".join(pin.text.split())
        label = plain_label("pinText")
        label.setText(words if len(words) <= _SHOWN else f"{words[:_SHOWN].rstrip()}…")
        row.setToolTip(literal_tip(pin.text))
        remove = IconButton("close", "Take this passage off", size=_ICON)
        remove.setObjectName("unpin")
        remove.setProperty("role", "quiet-icon")
        remove.setFixedSize(_BUTTON, _BUTTON)
        remove.setAccessibleName(f"Take this passage off: {label.text()}")
        remove.clicked.connect(lambda: self._remove(place))
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE.s)
        line.addWidget(label, 1)
        line.addWidget(remove, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _remove(self, place: int) -> None:
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self._rows[place].isAncestorOf(focused)
        self.set_pins(self._pins[:place] + self._pins[place + 1 :])
        if had_focus:
            following = self._rows[min(place, len(self._rows) - 1)].findChild(IconButton) if self._rows else self.pin
            assert following is not None
            following.setFocus()  # where nothing can be pinned, Qt has passed the focus on to the page
        self.pins_changed.emit()
