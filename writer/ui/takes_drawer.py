"""The drawer of earlier takes: every one that was ever made for this text, found again by its words."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from writer.document.takes.take_record import TakeRecord
from writer.ui.icons import IconButton
from writer.ui.labels import plain_label
from writer.ui.option_rows import Question
from writer.ui.overrides import nothing, reported
from writer.ui.search_field import SearchField
from writer.ui.take_detail import TakeDetail
from writer.ui.take_list import TakeList
from writer.ui.take_rows import RECORD, TakeDelegate, TakeModel
from writer.ui.takes_search import TakesSearch
from writer.ui.takes_tree import Ancestry
from writer.ui.theme import SPACE

_TYPING_MS = 40  # between a key in the search field and the search: keys come in bursts
_LEAST_HEIGHT = 252  # of a take shown whole
_BOTH_HEIGHT = 400  # of the list and a take below it
_ICON_BUTTON = 24
_ERASE_ALL = (
    "Erase all takes of this text, the pinned ones too? Nothing brings them back. What you used stays in your text."
)
_LESSON = (
    "Every take ever made for this text will stay here, also those you do not use, and also after a restart. "
    "Search them by their words, and pin the lines you do not want to lose sight of."
)


class TakesDrawer(QWidget):
    """Shows records and says what the writer wants of them. It does nothing itself."""

    pin_toggled = Signal(str, bool)
    insert_requested = Signal(str)
    parent_requested = Signal(str)  # the writer went from a take to this one, a relation of it
    erase_requested = Signal(str)
    erase_all_requested = Signal()
    left = Signal()

    def __init__(self, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._records: tuple[TakeRecord, ...] = ()
        self._search_in = TakesSearch()
        self._ancestry: Ancestry | None = None
        self._is_stale = self._asks = False
        self._searching: Iterator[list[TakeRecord] | None] | None = None
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._search)
        self.search_field = SearchField("Search the takes")
        self.search_field.setObjectName("searchTakes")
        self.search_field.setToolTip("All words must stand in it; capitals and accents do not matter.")
        self.search_field.textChanged.connect(lambda _text: self._typing.start())
        self.search_field.results_requested.connect(self._on_list_requested)
        self.search_field.left.connect(self.left)
        self._empty = plain_label("noTakes", "muted")
        self._empty.setContentsMargins(SPACE.l, 0, SPACE.l, SPACE.l)
        self._model = TakeModel(self)
        self.list = TakeList()
        self._delegate = TakeDelegate(self._model, self)
        self._delegate.pin_clicked.connect(lambda record: self.pin_toggled.emit(record.id, not record.is_pinned))
        self.list.setModel(self._model)
        self.list.setItemDelegate(self._delegate)
        self.list.insert_requested.connect(self.insert_requested)
        self.list.erase_requested.connect(self._ask_erasing)
        self.list.customContextMenuRequested.connect(self._on_menu_requested)
        self.list.selectionModel().currentChanged.connect(self._on_current_changed)
        self.detail = TakeDetail()
        self.detail.insert_requested.connect(self.insert_requested)
        self.detail.pin_toggled.connect(self.pin_toggled)
        self.detail.erase_requested.connect(self.erase_requested)
        self.detail.take_chosen.connect(self._on_relation_chosen)
        self.detail.close_requested.connect(self._on_close_requested)
        self.detail.hide()

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.s)
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(SPACE.l, 0, SPACE.l, 0)
        head.setSpacing(SPACE.s)
        head.addWidget(self.search_field, 1)
        head.addWidget(self._make_more())
        self._question = self._make_question()
        column.addWidget(self._head)
        column.addWidget(self._question)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addWidget(self.detail)
        column.addStretch(0)
        self.setMinimumHeight(_LEAST_HEIGHT)  # less than the parts ask for: in a low window some of them give way
        for before, after in pairwise(self.stops):
            QWidget.setTabOrder(before, after)
        self._show_found([])

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the Tab key stops at."""
        return (self.search_field, self.more, self._question.yes, self._question.no, self.list, *self.detail.stops)

    @property
    def shown(self) -> Sequence[TakeRecord]:
        """The records that are listed, from the top down."""
        return self._model.records

    @property
    def is_searching(self) -> bool:
        """Whether the list is not yet what the search field asks for."""
        return self._searching is not None or self._typing.isActive()

    def set_records(self, records: Sequence[TakeRecord]) -> None:
        """records -- all of this text, the oldest first"""
        self._records = tuple(records)
        self._search_in = TakesSearch(self._records)
        self._ancestry, self._searching = None, None
        self._is_stale = True
        if self.isVisible():  # a list that nobody looks at would only take time
            self._search()

    def show_record(self, id_: str) -> bool:
        """Bring a take into view and show it whole; what was searched for gives way. False if there is none such."""
        self._search_to_the_end()
        if self._model.row_of(id_) is None and self.search_field.text():
            self.search_field.clear()
            self._search_to_the_end()
        row = self._model.row_of(id_)
        if row is None:
            return False
        index = self._model.index(row, 0)
        self.list.setCurrentIndex(index)
        self._show_detail(index.data(RECORD))
        return True

    def _scroll_to_current(self) -> None:
        self.list.scrollTo(self.list.currentIndex(), QAbstractItemView.ScrollHint.EnsureVisible)

    # -- searching -----------------------------------------------------------------------------------------------

    def _search(self) -> None:
        self._typing.stop()
        self._is_stale = False
        self._searching = self._search_in.find(self.search_field.text().strip())
        self._search_on()

    def _search_on(self) -> None:
        """One portion; the next when the window has seen to everything else."""
        searching = self._searching
        if searching is None:
            return
        found = next(searching)
        if found is None:
            QTimer.singleShot(0, self, self._search_on)
        else:
            self._searching = None
            self._show_found(found)

    def _search_to_the_end(self) -> None:
        """Have the list right now."""
        if self._is_stale or self._typing.isActive():
            self._search()
        while self._searching is not None:
            self._search_on()

    def _show_found(self, found: list[TakeRecord]) -> None:
        shown = self.detail.record if not self.detail.isHidden() else None
        scrolled = self.list.verticalScrollBar().value()
        query = self.search_field.text().strip()
        self._model.show_records(found, tuple(query.lower().split()), self._clock())
        row = self._model.row_of(shown.id) if shown else None
        if row is not None:
            index = self._model.index(row, 0)
            self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self._show_detail(index.data(RECORD))
        elif shown is not None:
            self._close_detail()
        self.list.verticalScrollBar().setValue(scrolled)
        self._arrange()
        self._empty.setVisible(not found)
        self._empty.setText(f"No take has “{query}” in it." if self._records else _LESSON)
        count = f"{len(found):,} take{'s' if len(found) != 1 else ''}"
        self.list.setAccessibleName(f"Earlier takes: {count}{' found' if query else ''}")

    def _arrange(self) -> None:
        """In a low window a take that is shown whole stands in place of the list."""
        has_room = self.detail.isHidden() or self.height() >= _BOTH_HEIGHT
        self.list.setVisible(has_room and bool(self.shown))
        self._head.setVisible(has_room and bool(self._records) and not self._asks)
        self._question.setVisible(self._asks)

    # -- one of them ---------------------------------------------------------------------------------------------

    def _on_current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        record = index.data(RECORD)
        if record is not None:
            self._show_detail(record)

    def _show_detail(self, record: TakeRecord) -> None:
        if self._ancestry is None:
            self._ancestry = Ancestry(self._records)
        self.detail.show()
        self._arrange()
        self.detail.show_take(record, self._ancestry.around(record.id), self._clock())
        QTimer.singleShot(0, self, self._scroll_to_current)  # the list has its new height by then

    def _on_relation_chosen(self, id_: str) -> None:
        if self.show_record(id_):
            self.parent_requested.emit(id_)

    def _on_close_requested(self) -> None:
        self._close_detail()
        self.list.setFocus()

    def _close_detail(self) -> None:
        self.detail.hide()
        self.list.selectionModel().clear()
        self._arrange()

    def _on_list_requested(self) -> None:
        self._search_to_the_end()
        if self._model.rowCount():
            self.list.setFocus()
            if not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self._model.index(0, 0))

    def _on_menu_requested(self, point: QPoint) -> None:
        index = self.list.indexAt(point)
        if index.isValid():
            self.menu_of(index.data(RECORD)).popup(self.list.viewport().mapToGlobal(point))

    def menu_of(self, record: TakeRecord) -> QMenu:
        """What can be done with a take of the list."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Put it in at the caret", lambda: self.insert_requested.emit(record.id))
        pinned = "Unpin" if record.is_pinned else "Pin"
        menu.addAction(pinned, lambda: self.pin_toggled.emit(record.id, not record.is_pinned))
        if self._ancestry is None:
            self._ancestry = Ancestry(self._records)
        parent = self._ancestry.parent(record.id)
        if parent is not None:
            menu.addAction("Show the take it grew from", lambda: self._on_relation_chosen(parent.id))
        menu.addAction("Erase…", lambda: self._ask_erasing(record.id))
        return menu

    # -- erasing -------------------------------------------------------------------------------------------------

    def _make_more(self) -> IconButton:
        self.more = IconButton("more", "More", size=14)
        self.more.setObjectName("moreTakes")
        self.more.setProperty("role", "quiet-icon")
        self.more.setFixedSize(_ICON_BUTTON, _ICON_BUTTON)
        self.more.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.addAction("Erase all takes…", self._ask_erasing_all)
        self.more.setMenu(menu)
        return self.more

    def _make_question(self) -> Question:
        question = Question("eraseTakes", _ERASE_ALL, "Erase all", "Take them off the disk for good.")
        question.no.setText("Keep them")
        question.setContentsMargins(SPACE.l, 0, SPACE.l, 0)
        question.confirmed.connect(self._on_erasing_all_confirmed)
        question.declined.connect(self._take_question_away)
        question.hide()
        return question

    def _ask_erasing(self, id_: str) -> None:
        if self.show_record(id_):
            self.detail.ask_erasing()

    def _ask_erasing_all(self) -> None:
        self._close_detail()
        self._asks = True
        self._arrange()
        self._question.no.setFocus()

    def _take_question_away(self) -> None:
        had_focus = self._question.yes.hasFocus() or self._question.no.hasFocus()
        self._asks = False
        self._head.show()
        if had_focus:
            self.search_field.setFocus()  # before the buttons vanish: Qt would pass the focus on by chance
        self._arrange()

    def _on_erasing_all_confirmed(self) -> None:
        self._take_question_away()
        self.erase_all_requested.emit()

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    @reported(nothing)
    def showEvent(self, event: QShowEvent) -> None:
        if self._is_stale:
            self._search()
