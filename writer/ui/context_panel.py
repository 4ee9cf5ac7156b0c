"""What the model shall keep in mind of the open document, beside the text before the caret."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton, QVBoxLayout, QWidget

from writer.assist.context_notes import ContextNotes
from writer.ui.growing_field import GrowingField
from writer.ui.lore_list import LoreList
from writer.ui.option_rows import NumberField, caption, heading
from writer.ui.overrides import nothing, reported
from writer.ui.pinned_list import PinnedList
from writer.ui.scroll_column import ScrollColumn
from writer.ui.theme import SPACE

_MOST_DEPTH = 100
_PAUSE_MS = 300  # keys of one burst are told together


class ContextPanel(QWidget):
    """Edits one ContextNotes. Before the notes are saved, or those of another document are set, call `flush`."""

    notes_changed = Signal(object)  # ContextNotes, for the writer's changes only, some 300 ms after them
    pin_requested = Signal()  # what is selected in the text
    view_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_being_set = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self._memory = GrowingField(
            "memory",
            "Memory",
            "Who tells the story, when, and in which tone: what the model must not forget.",
            "The model always sees this first, however long your text grows.",
        )
        self._note = GrowingField(
            "authorsNote",
            "Author's note",
            "What is to happen now, such as: The storm comes closer.",
            "Stands between the last paragraphs for the model alone. What is near the caret weighs more with it.",
        )
        self._depth = NumberField(
            "noteDepth",
            "Paragraphs above the caret",
            "How far above the caret the model finds the note. The nearer, the more it weighs.",
            1,
            _MOST_DEPTH,
        )
        self._lore, self._pins = LoreList(), PinnedList()
        self._memory.textChanged.connect(self._on_changed)
        self._note.textChanged.connect(self._on_changed)
        self._depth.value_changed.connect(self._on_changed)
        self._lore.entries_changed.connect(self._on_changed)
        self._pins.pins_changed.connect(self._on_changed)
        self._pins.pin_requested.connect(self.pin_requested)

        scroll = ScrollColumn()
        scroll.column.setSpacing(SPACE.s)
        for widget in (
            *(heading("Memory"), self._memory),
            *(heading("Author’s note"), self._note, self._depth),
            *(heading("Lore"), self._lore),
            *(heading("Pinned passages"), self._pins),
        ):
            scroll.column.addWidget(widget)
        scroll.column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addWidget(self._footer())
        self.set_notes(ContextNotes())

    def _footer(self) -> QWidget:
        self._budget = caption("budget")
        self._budget.setToolTip(
            "A token is a short word or a piece of a longer one. What you note here takes its room from the text"
            " that the model remembers."
        )
        self._meter = QProgressBar()
        self._meter.setObjectName("budgetMeter")
        self._meter.setProperty("role", "meter")
        self._meter.setTextVisible(False)
        self._meter.setToolTip(self._budget.toolTip())
        self._meter.setAccessibleName("How much the model has in sight")
        view = QPushButton("See exactly what the model sees")
        view.setObjectName("viewContext")
        view.setToolTip(
            "Show all that the model is given when it goes on at the caret, coloured by where it comes from."
        )
        view.clicked.connect(self.view_requested)
        rule = QFrame()
        rule.setProperty("role", "rule")
        rule.setFixedHeight(1)
        column = QVBoxLayout()
        column.setContentsMargins(SPACE.l, SPACE.s, SPACE.l, SPACE.m)
        column.setSpacing(SPACE.s)
        for widget in (self._budget, self._meter, view):
            column.addWidget(widget)
        footer = QWidget()
        whole = QVBoxLayout(footer)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(rule)
        whole.addLayout(column)
        self.set_budget(0, 0)
        return footer

    # -- values --------------------------------------------------------------------------------------------------

    @property
    def notes(self) -> ContextNotes:
        """As they are shown, with what has not been told yet."""
        return ContextNotes(
            memory=self._memory.text,
            authors_note=self._note.text,
            note_depth=self._depth.box.value(),
            lore=self._lore.entries,
            pins=self._pins.pins,
        )

    def set_notes(self, notes: ContextNotes) -> None:
        """Show `notes` in place of all that is shown; fields that hold the same keep their caret."""
        self._pause.stop()
        self._is_being_set = True
        self._memory.set_text(notes.memory)
        self._note.set_text(notes.authors_note)
        self._depth.set_value(notes.note_depth)
        self._lore.set_entries(notes.lore)
        self._pins.set_pins(notes.pins)
        self._is_being_set = False

    def set_can_pin(self, can_pin: bool) -> None:
        """Whether something is selected in the text."""
        self._pins.set_can_pin(can_pin)

    def set_budget(self, used: int, limit: int) -> None:
        """used -- tokens that the model has before it writes; limit -- how many it can see, 0 without a model"""
        self._meter.setRange(0, max(1, limit))
        self._meter.setValue(min(used, limit))
        self._budget.setText(
            f"About {used:,} tokens of {limit:,} in sight"
            if limit
            else "How much of this the model sees is shown once there is a model and a text to go on from."
        )

    def flush(self) -> None:
        """Tell at once what has changed and has not been told yet."""
        if self._pause.isActive():
            self._tell()

    def _on_changed(self) -> None:
        if not self._is_being_set and not self._pause.isActive():
            self._pause.start()  # not anew at each key: whoever types without a rest loses no more than this

    def _tell(self) -> None:
        self._pause.stop()
        self.notes_changed.emit(self.notes)

    @reported(nothing)
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.flush()
