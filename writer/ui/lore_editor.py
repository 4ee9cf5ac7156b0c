"""The fields of one lore entry. What is typed counts at once; there is nothing to save."""

import dataclasses
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QPushButton, QVBoxLayout

from writer.assist.context_notes import LoreEntry
from writer.assist.pattern import LONGEST_PATTERN, Pattern, PatternError
from writer.ui.growing_field import GrowingField
from writer.ui.labels import plain_label
from writer.ui.option_rows import NumberField, switch
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_LONGEST_TITLE = 120  # code points
_LONGEST_KEYS = 2_000
_PRIORITIES = (-99, 99)
_WORDS = ("Words that call it up", "Annie, old lighthouse", "Separated by commas. Found whole, in capitals or not.")
_PATTERN = ("Pattern that calls it up", "Ann(a|ie)", "A regular expression, searched in capitals or not.")


class LoreEditor(QFrame):
    """Edits one LoreEntry."""

    entry_changed = Signal(object)  # LoreEntry, for the writer's changes only
    done = Signal()

    def __init__(self, entry: LoreEntry) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.entry = entry
        self._title = QLineEdit()
        self._title.setObjectName("loreTitle")
        self._title.setAccessibleName("Title")
        self._title.setPlaceholderText("A title, for your list")
        self._title.setToolTip("Only you see it: the model is shown the text below.")
        self._title.setMaxLength(_LONGEST_TITLE)
        self._title.textEdited.connect(lambda text: self._change(title=text.strip()))
        self._keys_label = QLabel()
        self._keys = QLineEdit()
        self._keys.setObjectName("loreKeys")
        self._keys.textEdited.connect(self._on_keys_edited)
        self._keys_label.setBuddy(self._keys)
        self.fault = plain_label("loreFault", "danger")
        self.fault.hide()
        self._is_regex = switch(
            "loreRegex",
            "Regular expression",
            "For those who know them: one pattern in place of words, such as Ann(a|ie) or storms?.",
        )
        self._is_regex.toggled.connect(self._on_regex_toggled)
        self._text = GrowingField(
            "loreText",
            "What the model is told",
            "What the model is told, such as: Annie is the keeper’s daughter. She limps.",
            "Shown to the model when one of the words stands in the text that it sees.",
        )
        self._text.textChanged.connect(lambda: self._change(text=self._text.text))
        self._priority = NumberField(
            "lorePriority",
            "Priority",
            "When there is not room for all entries, those with a higher number are shown to the model.",
            *_PRIORITIES,
        )
        self._priority.value_changed.connect(lambda value: self._change(priority=value))
        done = QPushButton("Done")
        done.setObjectName("loreDone")
        done.setToolTip("Close the entry; everything is kept already. (Esc)")
        done.clicked.connect(self.done)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.m, SPACE.m, SPACE.m, SPACE.m)
        column.setSpacing(SPACE.s)
        for widget in (self._title, self._keys_label, self._keys, self.fault, self._is_regex, self._text):
            column.addWidget(widget)
        column.addWidget(self._priority)
        column.addWidget(done, 0, Qt.AlignmentFlag.AlignLeft)
        self.set_entry(entry)

    def set_entry(self, entry: LoreEntry) -> None:
        """Show `entry`; fields that hold the same already are left alone."""
        self.entry = entry
        if self._title.text().strip() != entry.title:
            self._title.setText(entry.title)
        with QSignalBlocker(self._is_regex):
            self._is_regex.setChecked(entry.is_regex)
        if keys_of(self._keys.text(), is_regex=entry.is_regex) != entry.keys:
            self._keys.setText(keys_text(entry))
        with QSignalBlocker(self._text):
            self._text.set_text(entry.text)
        self._priority.set_value(entry.priority)
        self._show_kind()

    def begin(self) -> None:
        """Put the focus where one begins."""
        self._title.setFocus()

    def _show_kind(self) -> None:
        title, example, tip = _PATTERN if self.entry.is_regex else _WORDS
        self._keys_label.setText(title)
        self._keys.setAccessibleName(title)
        self._keys.setPlaceholderText(example)
        self._keys.setToolTip(tip)
        self._keys.setMaxLength(LONGEST_PATTERN if self.entry.is_regex else _LONGEST_KEYS)
        fault = fault_of(self.entry)
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        self._keys.setAccessibleDescription(fault or tip)

    def _on_keys_edited(self, text: str) -> None:
        self._change(keys=keys_of(text, is_regex=self.entry.is_regex))

    def _on_regex_toggled(self, is_regex: bool) -> None:
        """Words become a pattern that finds any of them, and back."""
        keys = self.entry.keys
        keys = ("|".join(keys),) if is_regex and keys else keys_of(",".join(keys).replace("|", ","), is_regex=is_regex)
        self._change(is_regex=is_regex, keys=keys)
        self._show_kind()
        self._keys.setText(keys_text(self.entry))

    def _change(self, **values: Any) -> None:
        entry = dataclasses.replace(self.entry, **values)
        if entry != self.entry:
            self.entry = entry
            self._show_kind()
            self.entry_changed.emit(entry)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.done.emit()
        else:
            super().keyPressEvent(event)


def keys_of(text: str, *, is_regex: bool) -> tuple[str, ...]:
    """What a field with words or with one pattern holds."""
    if is_regex:
        return (text,) if text.strip() else ()
    return tuple(key.strip() for key in text.split(",") if key.strip())


def keys_text(entry: LoreEntry) -> str:
    """The entry's words or pattern on one line."""
    return "|".join(entry.keys) if entry.is_regex else ", ".join(entry.keys)


def fault_of(entry: LoreEntry) -> str:
    """What is wrong with the entry's pattern, in one sentence; "" when nothing is."""
    if not entry.is_regex:
        return ""
    try:
        for key in entry.keys:
            Pattern(key)
    except PatternError as error:
        return str(error)
    return ""
