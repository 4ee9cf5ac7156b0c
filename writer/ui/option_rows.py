"""Parts of panels in which a writer sets things: headings, captions, switches, numbers, one choice of a few."""

import html
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from writer.ui.labels import plain_label
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_BOX_WIDTH = 64
_LONGEST_TIP = 600  # code points


def heading(text: str) -> QLabel:
    """What a section of a panel is called."""
    label = plain_label("section", "section")
    label.setText(text)
    label.setIndent(0)
    return label


def caption(name: str, text: str = "") -> QLabel:
    """A quiet line or two below a control."""
    label = plain_label(name, "muted")
    label.setText(text)
    return label


def switch(name: str, text: str, tip: str) -> QCheckBox:
    """A box to tick."""
    box = QCheckBox(text)
    box.setObjectName(name)
    box.setToolTip(tip)
    return box


def link(name: str, text: str, tip: str) -> QPushButton:
    """A button that looks like a link, its words in line with those above and below."""
    button = QPushButton(text)
    button.setObjectName(name)
    button.setProperty("role", "link")
    button.setProperty("place", "margin")
    button.setToolTip(tip)
    return button


def literal_tip(text: str) -> str:
    """A tooltip that shows the beginning of `text` as it is, never as markup."""
    shown = text if len(text) <= _LONGEST_TIP else f"{text[:_LONGEST_TIP]}…"
    return f'<p style="white-space: pre-wrap">{html.escape(shown)}</p>'


class NumberField(QWidget):
    """A label at the left and a whole number at the right."""

    value_changed = Signal(int)  # for the writer's changes only

    def __init__(self, name: str, text: str, tip: str, low: int, high: int) -> None:
        super().__init__()
        self.setToolTip(tip)
        self.label = QLabel(text)
        self.box = QSpinBox()
        self.box.setObjectName(name)
        self.box.setAccessibleName(text)
        self.box.setAccessibleDescription(tip)
        self.box.setRange(low, high)
        self.box.setGroupSeparatorShown(True)
        self.box.setFixedWidth(_BOX_WIDTH)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setKeyboardTracking(False)  # half-typed numbers are no settings
        self.box.lineEdit().setTextMargins(0, 0, SPACE.xs, 0)  # a spin box drops the style sheet's right padding
        self.box.valueChanged.connect(self.value_changed)
        self.label.setBuddy(self.box)
        pass_wheel_by(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.s)
        row.addWidget(self.label, 1)
        row.addWidget(self.box)

    def set_value(self, value: int) -> None:
        with QSignalBlocker(self.box):
            self.box.setValue(value)


class Choice(QWidget):
    """One of a few, as buttons in a row."""

    chosen = Signal(str)  # a key, for the writer's changes only

    def __init__(self, name: str, title: str, choices: Sequence[tuple[str, str, str]]) -> None:
        """choices -- each one's key, text and tooltip; two at least"""
        super().__init__()
        self.setAccessibleName(title)
        self._buttons: dict[str, QPushButton] = {}
        self._key = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        last = len(choices) - 1
        for place, (key, text, tip) in enumerate(choices):
            button = QPushButton(text)
            button.setObjectName(f"{name}-{key}")
            button.setProperty("role", "segment")
            button.setProperty("place", {0: "first", last: "last"}.get(place, "middle"))
            button.setCheckable(True)
            button.setAccessibleName(f"{title}: {text}")
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked, chosen=key: self._on_clicked(chosen))
            row.addWidget(button, 1)
            self._buttons[key] = button

    def set_key(self, key: str) -> None:
        self._key = key
        for name, button in self._buttons.items():
            button.setChecked(name == key)

    def _on_clicked(self, key: str) -> None:
        is_new = key != self._key
        self.set_key(key)  # in any case: a second press unchecks the button
        if is_new:
            self.chosen.emit(key)


class Question(QWidget):
    """Asks in its place before something is done that nothing brings back. Esc leaves things as they are, and so does
    leaving the panel that it is in."""

    confirmed = Signal()
    declined = Signal()

    def __init__(self, name: str, words: str, answer: str, tip: str) -> None:
        """answer, tip -- text and tooltip of the button that does it"""
        super().__init__()
        self.setObjectName(f"{name}Question")
        label = plain_label(f"{name}Words")
        label.setText(words)
        self.yes, self.no = QPushButton(answer), QPushButton("Keep it")
        self.yes.setObjectName(f"{name}Yes")
        self.yes.setProperty("role", "danger")
        self.yes.setToolTip(tip)
        self.yes.clicked.connect(self.confirmed)
        self.no.setObjectName(f"{name}No")
        self.no.setToolTip("Leave everything as it is. (Esc)")
        self.no.clicked.connect(self.declined)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.s)
        buttons.addWidget(self.yes)
        buttons.addWidget(self.no)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE.xs, 0, SPACE.xs)
        column.setSpacing(SPACE.s)
        column.addWidget(label)
        column.addLayout(buttons)

    @reported(nothing)
    def hideEvent(self, event: QHideEvent) -> None:
        if not (self.isHidden() or event.spontaneous()):  # what it is in was left, and not only the window made small
            self.declined.emit()

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.declined.emit()
        else:
            super().keyPressEvent(event)


class _WheelGuard(QObject):
    """The wheel scrolls the panel over a control that has not the focus, instead of changing its value."""

    @reported(lambda: False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def drop_down(name: str, title: str, tip: str) -> QComboBox:
    """A list to choose from that is seen while it is open."""
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.setAccessibleDescription(tip)
    box.setToolTip(tip)
    box.setView(QListView())  # one that takes the style sheet's rows
    pass_wheel_by(box)
    return box


def pass_wheel_by(control: QWidget) -> None:
    """Let `control` take the wheel only while it has the focus, which the wheel does not give it."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_WheelGuard(control))
