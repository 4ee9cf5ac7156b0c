"""One earlier take as a whole: its words, its place, what can be done with it, and its relations."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from writer.document.takes.take_record import TakeRecord
from writer.ui.icons import IconButton
from writer.ui.labels import plain_label
from writer.ui.option_rows import Question, link
from writer.ui.overrides import nothing, reported
from writer.ui.take_words import FATES, last_words, made, short_made
from writer.ui.takes_tree import TakesTree, TreeRow
from writer.ui.theme import SPACE, page_font

_POINT_SIZE = 11.5
_LEAST_LINES, _MOST_LINES = 2, 7
_PLACE_LENGTH = 34  # code points
_ICON_BUTTON = 24
_TEXT_MARGINS = 12  # the document's own, and the frame


class TakeDetail(QFrame):
    """Shows a take below the list. It does nothing itself."""

    insert_requested = Signal(str)
    pin_toggled = Signal(str, bool)
    erase_requested = Signal(str)
    take_chosen = Signal(str)  # in the tree
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("takeDetail")
        self._record: TakeRecord | None = None
        self._n_relations = 0
        self._summary = _Line("takeSummary")
        self._place = _Line("takePlace")
        self.close_button = IconButton("close", "Close this take", size=14)
        self.close_button.setProperty("role", "quiet-icon")
        self.close_button.setFixedSize(_ICON_BUTTON, _ICON_BUTTON)
        self.close_button.clicked.connect(self.close_requested)
        self.text = QPlainTextEdit()
        self.text.setObjectName("preview")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.setFont(page_font(_POINT_SIZE))
        self.insert = QPushButton("Put it in")
        self.insert.setObjectName("insert")
        self.insert.setToolTip("Put this take in your text, at the caret; Ctrl+Z takes it out again.")
        self.insert.clicked.connect(self._on_insert_clicked)
        self.pin = QPushButton("Pin")
        self.pin.setObjectName("pin")
        self.pin.setCheckable(True)
        self.pin.setToolTip("Keep it at the top of the list.")
        self.pin.clicked.connect(self._on_pin_clicked)
        self.erase = link("eraseTake", "Erase", "Take it out of the drawer and off the disk, for good.")
        self.erase.clicked.connect(self.ask_erasing)
        words = "Erase this take? Nothing brings it back. What you used of it stays in your text."
        self._question = Question("eraseTake", words, "Erase", "Take it off the disk for good.")
        self._question.confirmed.connect(self._on_erasing_confirmed)
        self._question.declined.connect(self._take_question_away)
        self._question.hide()
        self.tree = TakesTree()
        self.tree.take_chosen.connect(self.take_chosen)
        self._tree_title = plain_label("treeTitle", "strong")
        self._tree_title.setText("How it grew")
        self._tree_title.setWordWrap(False)  # what wraps would not let the text above give way

        top = QHBoxLayout()
        top.setSpacing(SPACE.s)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self._summary)
        lines.addWidget(self._place)
        top.addLayout(lines, 1)
        top.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._buttons = QWidget()
        buttons = QHBoxLayout(self._buttons)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(SPACE.s)
        buttons.addWidget(self.insert)
        buttons.addWidget(self.pin)
        buttons.addStretch(1)
        buttons.addWidget(self.erase)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.l, SPACE.s, SPACE.l, SPACE.m)
        column.setSpacing(SPACE.s)
        column.addLayout(top)
        column.addWidget(self.text, 2)
        column.addWidget(self._buttons)
        column.addWidget(self._question)
        column.addWidget(self._tree_title)
        column.addWidget(self.tree, 1)

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the Tab key stops at."""
        asked = (self._question.yes, self._question.no)
        return (self.text, self.insert, self.pin, self.erase, *asked, self.tree, self.close_button)

    @property
    def record(self) -> TakeRecord | None:
        """The take that shows."""
        return self._record

    def show_take(self, record: TakeRecord, relations: Sequence[TreeRow], now: datetime) -> None:
        """relations -- of Ancestry.around; now -- with a timezone, that of the writer's clock"""
        is_another = self._record is None or record.id != self._record.id or record.text != self._record.text
        self._record = record
        if is_another:
            self._take_question_away()
        self._summary.set_text(" · ".join(part for part in (FATES[record.fate], short_made(record, now)) if part))
        place = last_words(record.before, _PLACE_LENGTH)
        self._place.set_text(f"After “{place}”" if place else "At the beginning of the text")
        if is_another:
            self.text.setPlainText(record.text.strip())
            self._fit_text()
        self.text.setAccessibleName(f"The take {made(record, now)}")
        self.pin.setChecked(record.is_pinned)
        self.pin.setText("Pinned" if record.is_pinned else "Pin")
        self.tree.show_rows(relations, record.id)
        self._n_relations = len(relations)
        self._arrange()

    def ask_erasing(self) -> None:
        """Ask whether the take that shows is to go."""
        self._question.show()
        self._question.no.setFocus()  # before the button vanishes: Qt would pass the focus on by chance
        self._arrange()

    def _take_question_away(self) -> None:
        had_focus = self._question.yes.hasFocus() or self._question.no.hasFocus()
        self._buttons.show()
        if had_focus:
            self.erase.setFocus()
        self._question.hide()
        self._arrange()

    def _arrange(self) -> None:
        asks = not self._question.isHidden()
        self._buttons.setVisible(not asks)
        self._tree_title.setVisible(self._n_relations > 0 and not asks)
        self.tree.setVisible(self._n_relations > 0 and not asks)

    def _on_erasing_confirmed(self) -> None:
        self._take_question_away()
        if self._record is not None:
            self.erase_requested.emit(self._record.id)

    def _on_insert_clicked(self) -> None:
        if self._record is not None:
            self.insert_requested.emit(self._record.id)

    def _on_pin_clicked(self, is_checked: bool) -> None:
        if self._record is not None:
            self.pin_toggled.emit(self._record.id, is_checked)

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._fit_text()

    def _fit_text(self) -> None:
        """As high as the text needs, within bounds: what is longer scrolls."""
        metrics = self.text.fontMetrics()
        room = max(1, self.width() - 2 * SPACE.l - 2 * SPACE.m - 16)  # less the frame and a scroll bar
        flags = int(Qt.TextFlag.TextWordWrap)
        height = metrics.boundingRect(0, 0, room, 1 << 20, flags, self.text.toPlainText()).height()
        lines = -(-height // metrics.lineSpacing())
        shown = min(max(lines, _LEAST_LINES), _MOST_LINES)
        frame = 2 * SPACE.s + _TEXT_MARGINS
        self.text.setMinimumHeight(_LEAST_LINES * metrics.lineSpacing() + frame)
        self.text.setMaximumHeight(shown * metrics.lineSpacing() + frame)


class _Line(QLabel):
    """One line of plain text, cut where there is no more room."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "muted")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._full_text = ""

    def set_text(self, text: str) -> None:
        self._full_text = text
        self.setAccessibleName(text)
        self._elide()

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._full_text, Qt.TextElideMode.ElideRight, self.width()))

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()
