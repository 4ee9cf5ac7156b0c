"""Text that was not saved when Writer ended: what was found, and what is to become of it."""

from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from writer.document.drafts.recovery import DraftFound
from writer.ui import theme as themes
from writer.ui.desk_page import DeskPage
from writer.ui.draft_card import DraftCard
from writer.ui.labels import plain_label
from writer.ui.mirror import displayed
from writer.ui.overrides import nothing, reported
from writer.ui.scroll_column import ScrollColumn
from writer.ui.theme import SPACE

_LIST_WIDTH = 300
_NARROW = 640  # below this width the list stands above the preview
_LIST_HEIGHT = 200  # there
_ANY = 16_777_215  # Qt's own largest size
_PREVIEW_CHARS = 4_000
_POINT_SIZE = 13.0
_PROMISE = "Writer found text that no file holds yet. Nothing here is deleted by itself."
_NONE = "No text from before is waiting."
_TRASH = "What you throw away stays in the trash of the recovery folder for 30 days."
_THROW, _REALLY_THROW = "Throw away", "Really throw away"


class RecoveryPage(DeskPage):
    """Shows the drafts that were found and says what the writer wants with them. It does nothing itself."""

    chosen = Signal(object)  # DraftFound: its text is wanted, by `set_preview`
    open_requested = Signal(object)  # DraftFound
    compare_requested = Signal(object)  # DraftFound
    discard_requested = Signal(object)  # DraftFound

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Text from before", "Decide later", "Leave everything as it is", parent)
        self._cards = QButtonGroup(self)
        self._cards.buttonToggled.connect(self._on_card_toggled)
        self._chosen: DraftFound | None = None
        self._is_armed = False
        self._promise = plain_label("promise")
        scroll = ScrollColumn()
        scroll.column.setContentsMargins(0, 0, SPACE.l, 0)
        scroll.column.setSpacing(SPACE.s)
        scroll.column.addStretch(1)
        self._list, self._column = scroll, scroll.column
        self._details = self._make_details()
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(SPACE.s)
        self._sides.addWidget(self._list)
        self._sides.addWidget(self._details, 1)
        column = QVBoxLayout()
        column.setContentsMargins(SPACE.l, SPACE.m, SPACE.l, SPACE.l)
        column.setSpacing(SPACE.m)
        column.addWidget(self._promise)
        column.addLayout(self._sides, 1)
        self.body.addLayout(column, 1)
        self._double_click = QTimer(self)  # its second press is no answer
        self._double_click.setSingleShot(True)
        self._double_click.setInterval(QApplication.doubleClickInterval())
        self._to_end = QTimer(self)  # the text's last lines have their place only when the layout has been made
        self._to_end.setSingleShot(True)
        self._to_end.timeout.connect(lambda: self._preview.moveCursor(QTextCursor.MoveOperation.End))
        self._show_whether_any(is_any=False)

    def _make_details(self) -> QWidget:
        self._problem = plain_label("previewProblem", "danger")
        self._preview = QPlainTextEdit()
        self._preview.setObjectName("preview")
        self._preview.setAccessibleName("The last lines of the text")
        self._preview.setReadOnly(True)
        self._preview.setTabChangesFocus(True)
        self._preview.setFont(themes.page_font(_POINT_SIZE))
        self._preview.setPlaceholderText("Reading…")
        self.open = _button("open", "Open it", "Go on with this text; it is kept until you have saved it.")
        self.open.setProperty("role", "primary")
        self.open.clicked.connect(lambda: self.open_requested.emit(self._chosen))
        self.compare = _button("compare", "Compare with the file", "See word by word what the file has not.")
        self.compare.clicked.connect(lambda: self.compare_requested.emit(self._chosen))
        self.throw = _button("throw", _THROW, "")
        self.throw.clicked.connect(self._on_throw_clicked)
        self.throw.installEventFilter(self)
        self._trash = plain_label("trashNote", "muted")
        self._trash.setText(_TRASH)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.s)
        for button in (self.open, self.compare):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.throw)
        details = QWidget()
        column = QVBoxLayout(details)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.s)
        column.addWidget(self._problem)
        column.addWidget(self._preview, 1)
        column.addLayout(buttons)
        column.addWidget(self._trash)
        return details

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_drafts(self, drafts: tuple[DraftFound, ...], now: datetime) -> None:
        """drafts -- newest first; the one that was chosen stays so, else what stands in its place is chosen"""
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self.isAncestorOf(focused)
        before = [card.found.journal for card in self._draft_cards()]
        place = before.index(self._chosen.journal) if self._chosen is not None else 0
        for card in self._draft_cards():
            self._cards.removeButton(card)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        chosen, self._chosen = self._chosen, None
        self._show_whether_any(is_any=bool(drafts))
        for number, found in enumerate(drafts):
            card = DraftCard(found, now)
            card.open_requested.connect(self.open.click)  # does nothing where it cannot be opened
            self._cards.addButton(card)
            self._column.insertWidget(number, card)
            card.show()  # now: the layout would do so later, and the focus may be waiting for it
            if chosen is not None and found.journal == chosen.journal:
                place = number
        cards = self._draft_cards()
        for before_stop, after_stop in pairwise([*cards, *self._stops]):
            QWidget.setTabOrder(before_stop, after_stop)
        if cards:
            cards[min(place, len(cards) - 1)].setChecked(True)
        if had_focus:
            self.setFocus()

    def set_preview(self, found: DraftFound, text: str, problem: str = "") -> None:
        """The text of a draft, if that is still the chosen one; of a long text the end is shown.

        problem -- what is missing in it, or why there is none"""
        if found != self._chosen:
            return
        shown = displayed(text[-_PREVIEW_CHARS:])
        self._preview.setPlainText(f"…{shown}" if len(text) > _PREVIEW_CHARS else shown)
        self._preview.setPlaceholderText("There is no text.")
        self._show_problem(problem if problem != found.problem else "")  # the card tells that one
        self._to_end.start(0)

    def _show_problem(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def _show_whether_any(self, *, is_any: bool) -> None:
        self._promise.setText(_PROMISE if is_any else _NONE)
        self.back.setText("Decide later" if is_any else "Back")
        self._list.setVisible(is_any)
        self._details.setVisible(is_any)
        self.setFocusProxy(self.back)

    def _draft_cards(self) -> list[DraftCard]:
        return [card for card in self._cards.buttons() if isinstance(card, DraftCard)]

    @property
    def _stops(self) -> tuple[QWidget, ...]:
        return (self._preview, self.open, self.compare, self.throw)

    def _on_card_toggled(self, card: QAbstractButton, is_chosen: bool) -> None:
        if not is_chosen or not isinstance(card, DraftCard):
            return
        found = self._chosen = card.found
        self.setFocusProxy(card)
        self._show_problem("")
        self._preview.clear()
        self._preview.setPlaceholderText("Reading…")
        self.open.setEnabled(found.recoverable)
        self.compare.setEnabled(found.recoverable)
        self.compare.setVisible(found.path is not None)
        self.throw.setEnabled(not found.in_use)
        self._arm(is_armed=False)
        self.chosen.emit(found)

    # -- throwing away -------------------------------------------------------------------------------------------

    def _on_throw_clicked(self) -> None:
        if self._double_click.isActive():
            return
        if not self._is_armed:
            self._arm(is_armed=True)
            self._double_click.start()
            return
        self._arm(is_armed=False)
        self.discard_requested.emit(self._chosen)

    def _arm(self, *, is_armed: bool) -> None:
        """Whether the next press on the button throws away."""
        self._is_armed = is_armed
        self.throw.setText(_REALLY_THROW if is_armed else _THROW)
        self.throw.setToolTip("Press once more to throw it away." if is_armed else "Asks once more.")
        self.throw.setProperty("role", "danger" if is_armed else None)
        self.throw.style().unpolish(self.throw)  # the style sheet looks at properties only when it polishes
        self.throw.style().polish(self.throw)

    @reported(lambda: False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Who turns to something else does not throw away."""
        if watched is self.throw and event.type() == QEvent.Type.FocusOut and self._is_armed:
            self._arm(is_armed=False)
        return super().eventFilter(watched, event)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._is_armed:
            self._arm(is_armed=False)
        else:
            super().keyPressEvent(event)

    @reported(nothing)
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._to_end.start(0)

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW
        direction = QBoxLayout.Direction
        self._sides.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)
        self._list.setMaximumSize(*((_ANY, _LIST_HEIGHT) if is_narrow else (_LIST_WIDTH, _ANY)))
        self._list.setMinimumWidth(0 if is_narrow else _LIST_WIDTH)


def _button(name: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    return button
