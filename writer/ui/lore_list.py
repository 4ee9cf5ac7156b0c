"""The lore entries of a document, one below the other; one can be opened in its place."""

import dataclasses
import uuid
from itertools import islice

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from writer.assist.context_notes import LoreEntry
from writer.ui.labels import plain_label
from writer.ui.lore_editor import LoreEditor, fault_of, keys_text
from writer.ui.option_rows import Question, caption, link
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_PORTION = 40  # entries that are shown at once
_NEW_AT_ONCE = 2
_NONE_YET = (
    "None yet. Note a person, a place or a rule of your world: the model is told of it whenever its words come up in"
    " the text."
)


class LoreRow(QWidget):
    """One entry: whether it counts, what it is called, and what calls it up."""

    entry_changed = Signal(object)  # LoreEntry
    remove_requested = Signal()

    def __init__(self, entry: LoreEntry) -> None:
        super().__init__()
        self._entry = entry
        self._editor: LoreEditor | None = None
        self._question: Question | None = None
        self._enabled = QCheckBox()
        self._enabled.setObjectName("loreEnabled")
        self._enabled.setToolTip("Whether the model is told of this entry.")
        self._enabled.toggled.connect(self._on_enabled_toggled)
        self._title = plain_label("loreRowTitle")
        self._keys = plain_label("loreRowKeys", "muted")
        self._fault = plain_label("loreRowFault", "danger")
        self.edit = link("loreEdit", "Edit", "Open this entry.")
        self.edit.clicked.connect(self.open)
        self._remove = link("loreRemove", "Remove", "Take this entry away.")
        self._remove.clicked.connect(self._ask_removal)
        self._head = QWidget()
        top = QHBoxLayout()
        top.setSpacing(SPACE.s)
        top.addWidget(self._enabled, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        self._links = QWidget()
        links = QHBoxLayout(self._links)
        links.setContentsMargins(0, 0, 0, 0)
        links.setSpacing(SPACE.s)
        links.addWidget(self.edit)
        links.addWidget(self._remove)
        links.addStretch(1)
        for widget in (self._title, self._keys, self._fault, self._links):
            words.addWidget(widget)
        top.addLayout(words, 1)
        self._head.setLayout(top)
        top.setContentsMargins(0, 0, 0, 0)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, SPACE.xs)
        self._column.setSpacing(SPACE.xs)
        self._column.addWidget(self._head)
        self._show()

    @property
    def entry(self) -> LoreEntry:
        return self._entry

    def set_entry(self, entry: LoreEntry) -> None:
        if entry != self._entry:
            self._entry = entry
            if self._editor is not None:
                self._editor.set_entry(entry)
            self._show()

    def _show(self) -> None:
        entry = self._entry
        title = entry.title or keys_text(entry) or "Without a title"
        with QSignalBlocker(self._enabled):
            self._enabled.setChecked(entry.enabled)
        self._title.setText(title)
        self._title.setEnabled(entry.enabled)
        self._keys.setText(keys_text(entry))
        self._keys.setVisible(bool(entry.title and entry.keys))
        fault = fault_of(entry) or ("" if entry.keys else "Nothing calls it up yet.")
        self._fault.setText(fault)
        self._fault.setVisible(bool(fault))
        for control, verb in ((self._enabled, "Use"), (self.edit, "Edit"), (self._remove, "Remove")):
            control.setAccessibleName(f"{verb}: {title}")

    def _on_enabled_toggled(self, is_on: bool) -> None:
        self._take(dataclasses.replace(self._entry, enabled=is_on))

    def _take(self, entry: LoreEntry) -> None:
        self._entry = entry
        self._show()
        self.entry_changed.emit(entry)

    # -- editing and removing ------------------------------------------------------------------------------------

    def open(self) -> None:
        """Show the fields in place of the words."""
        self._take_question_away()
        if self._editor is None:
            self._editor = LoreEditor(self._entry)
            self._editor.entry_changed.connect(self._take)
            self._editor.done.connect(self._close)
            self._column.addWidget(self._editor)
            self._editor.show()  # now: the layout would do so later, and the focus is waiting for it
        self._editor.begin()
        self._head.hide()

    def _close(self) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        self._head.show()
        if _holds_focus(editor):
            self.edit.setFocus()  # before the fields vanish: Qt would pass the focus on by chance
        editor.hide()
        editor.deleteLater()
        if is_blank(self._entry):
            self.remove_requested.emit()

    def _ask_removal(self) -> None:
        self._question = Question(
            "lore", "Remove this entry? Nothing brings it back.", "Remove", "Take it away for good."
        )
        self._question.confirmed.connect(self.remove_requested)
        self._question.declined.connect(self._take_question_away)
        self._column.addWidget(self._question)
        self._question.show()
        self._question.no.setFocus()
        self._links.hide()

    def _take_question_away(self) -> None:
        question, self._question = self._question, None
        if question is None:
            return
        self._links.show()
        if _holds_focus(question):
            self._remove.setFocus()
        question.hide()
        question.deleteLater()


class LoreList(QWidget):
    """Edits all entries; blank ones are nobody's business."""

    entries_changed = Signal()  # for the writer's changes only

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, LoreEntry] = {}
        self._rows: dict[str, LoreRow] = {}
        self._n_shown = _PORTION
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.setInterval(0)
        self._filling.timeout.connect(self._fill)
        self._none_yet = caption("noLore", _NONE_YET)
        self._more = link("loreMore", "", "Show entries from further down.")
        self._more.clicked.connect(self._on_more_clicked)
        self.add = QPushButton("Add an entry")
        self.add.setObjectName("loreAdd")
        self.add.setToolTip("Note something that the model shall know when it comes up.")
        self.add.clicked.connect(self._on_add_clicked)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.s)
        self._column.addWidget(self._none_yet)
        self._column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._more.hide()

    @property
    def entries(self) -> tuple[LoreEntry, ...]:
        return tuple(entry for entry in self._entries.values() if not is_blank(entry))

    def set_entries(self, entries: tuple[LoreEntry, ...]) -> None:
        if entries != self.entries:
            self._entries = {entry.id: entry for entry in entries}
            self._n_shown = _PORTION
            self._arrange()

    def _arrange(self) -> None:
        """Drop rows of entries that are gone, and fill up from the top."""
        if not self.isVisible():
            return
        shown = self._shown()
        for key in self._rows.keys() - set(shown):
            row = self._rows.pop(key)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for key, row in self._rows.items():
            row.set_entry(self._entries[key])
        self._none_yet.setVisible(not shown)
        n_more = len(self._entries) - len(shown)
        self._more.setText(f"Show {n_more:,} more")
        self._more.setVisible(n_more > 0)
        self._fill()

    def _fill(self) -> None:
        """Put rows in their places. A new row takes some time, so only a few come before the next key or frame."""
        first = self._column.indexOf(self.add) + 1
        n_new = 0
        for place, key in enumerate(self._shown(), first):
            row = self._rows.get(key)
            if row is None:
                if n_new == _NEW_AT_ONCE:
                    self._filling.start()
                    return
                n_new += 1
                row = self._make_row(self._entries[key])
            if self._column.indexOf(row) != place:
                self._column.insertWidget(place, row)
                row.show()  # now: the layout would do so later, and the focus may be waiting for it

    def _shown(self) -> list[str]:
        """Ids of the entries that have rows, or are about to have."""
        return list(islice(self._entries, self._n_shown))

    @reported(nothing)
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._arrange()

    def _make_row(self, entry: LoreEntry) -> LoreRow:
        row = self._rows[entry.id] = LoreRow(entry)
        row.entry_changed.connect(self._on_entry_changed)
        row.remove_requested.connect(lambda: self._remove(entry.id))
        return row

    def _on_entry_changed(self, entry: LoreEntry) -> None:
        self._entries[entry.id] = entry
        self.entries_changed.emit()

    def _on_add_clicked(self) -> None:
        entry = LoreEntry(id=uuid.uuid4().hex, title="", keys=(), text="")
        self._entries = {entry.id: entry, **self._entries}  # on top, where it is seen
        self._arrange()
        self._rows[entry.id].open()

    def _on_more_clicked(self) -> None:
        first_new = list(self._entries)[self._n_shown]
        self._n_shown += _PORTION
        self._arrange()
        if (row := self._rows.get(first_new)) is not None:
            row.edit.setFocus()

    def _remove(self, key: str) -> None:
        place = list(self._entries).index(key)
        had_focus = _holds_focus(self._rows[key])
        was_noted = not is_blank(self._entries.pop(key))
        self._arrange()
        if had_focus:
            following = [self._rows[name] for name in self._entries if name in self._rows][place : place + 1]
            (following[0].edit if following else self.add).setFocus()
        if was_noted:
            self.entries_changed.emit()


def is_blank(entry: LoreEntry) -> bool:
    """Whether nothing has been noted in it yet."""
    return not (entry.title or entry.keys or entry.text.strip())


def _holds_focus(widget: QWidget) -> bool:
    focused = QApplication.focusWidget()
    return focused is not None and (widget is focused or widget.isAncestorOf(focused))
