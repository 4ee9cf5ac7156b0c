"""Takes: several ways to go on, side by side as they are written, and below them every earlier one."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from writer.document.takes.take_record import TakeRecord
from writer.ui.icons import IconButton, icon
from writer.ui.labels import plain_label
from writer.ui.overrides import nothing, reported
from writer.ui.scroll_column import ScrollColumn
from writer.ui.take_card import TakeCard
from writer.ui.takes_controls import MOST_TAKES, TakesControls
from writer.ui.takes_drawer import TakesDrawer
from writer.ui.theme import SPACE

_FRAME_MS = 16
_ICON_BUTTON = 24
_BOTH_HEIGHT = 520  # of cards with the drawer open below them
_LESSON = (
    "Stuck, or curious? Let the model go on from the caret in several ways at once. Use one with its number, or click "
    "the sentences that you like, one after another, from any of them."
)


class TakesPanel(QWidget):
    """Shows takes and says what the writer wants of them. It does nothing itself.

    Numbers of takes and of sentences are from 0; the writer sees takes numbered from 1. Text may arrive as fast as it
    likes: it is shown once a frame.
    """

    takes_requested = Signal(int)
    n_takes_changed = Signal(int)  # by the writer
    accept_requested = Signal(int)
    sentence_requested = Signal(int, int)  # take, sentence as `split_sentences` counts
    stop_requested = Signal()
    again_requested = Signal()
    put_away_requested = Signal()  # the cards; the takes are in the drawer
    pin_toggled = Signal(str, bool)
    insert_requested = Signal(str)
    erase_requested = Signal(str)
    erase_all_requested = Signal()
    parent_requested = Signal(str)  # the writer went from an earlier take to this relation of it
    left = Signal()

    def __init__(
        self, parent: QWidget | None = None, clock: Callable[[], datetime] = lambda: datetime.now().astimezone()
    ) -> None:
        """clock -- the time now, with a timezone"""
        super().__init__(parent)
        self._cards: list[TakeCard] = []
        self._n_running = 0
        self._unfinished: set[int] = set()
        self._waiting: dict[int, str] = {}  # texts that the next frame shows
        self._is_ready = False
        self._records: Sequence[TakeRecord] = ()
        self._on_show: frozenset[str] = frozenset()  # ids of the takes on the cards
        self._n_earlier = 0
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(_FRAME_MS)
        self._frame.timeout.connect(self._show_waiting)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._controls = TakesControls()
        self._controls.takes_requested.connect(self.takes_requested)
        self._controls.stop_requested.connect(self.stop_requested)
        self._controls.n_takes_changed.connect(self.n_takes_changed)
        self.write = self._controls.write
        outer.addWidget(self._controls)
        outer.addWidget(self._make_hint())
        self._area = ScrollColumn()
        self._area.column.addStretch(1)
        outer.addWidget(self._area, 3)
        outer.addWidget(self._make_fold())
        self.drawer = TakesDrawer(clock)
        self.drawer.pin_toggled.connect(self.pin_toggled)
        self.drawer.insert_requested.connect(self.insert_requested)
        self.drawer.erase_requested.connect(self.erase_requested)
        self.drawer.erase_all_requested.connect(self.erase_all_requested)
        self.drawer.parent_requested.connect(self.parent_requested)
        self.drawer.left.connect(self.left)
        outer.addWidget(self.drawer, 4)
        self.set_records(())
        self.end()

    # -- what is shown -------------------------------------------------------------------------------------------

    def begin(self, ids: Sequence[str]) -> None:
        """So many takes begin (1 to 4), in place of those that are shown."""
        n = len(ids)
        if not 1 <= n <= MOST_TAKES:
            raise ValueError(f"{n} takes: no more than {MOST_TAKES} are shown side by side")
        while len(self._cards) < n:
            self._add_card()
        self._waiting.clear()
        self._n_running, self._unfinished = n, set(range(n))
        for number, card in enumerate(self._cards):
            card.begin()
            card.setVisible(number < n)
        focused = QApplication.focusWidget()
        if focused is None or not self.drawer.isAncestorOf(focused):
            self._fold.setChecked(False)
        self._on_show = frozenset(ids)
        self._show_earlier()
        self._area.verticalScrollBar().setValue(0)

    def set_text(self, take: int, text: str) -> None:
        """The text of a running take as it is by now. A last word of takes that are gone already is no error, here and
        in `set_finished`."""
        if take >= self._n_running:
            return
        self._waiting[take] = text
        if not self._frame.isActive():
            self._frame.start()

    def set_finished(self, take: int, note: str = "") -> None:
        """A take is complete. `note` says in a word or two why it ended, when it did not end as it should."""
        if take >= self._n_running:
            return
        self._show_waiting()
        self._cards[take].set_finished(note)
        self._unfinished.discard(take)
        if not self._unfinished:
            self._arrange()
            self._announce(f"{self._n_running} takes are complete. Keys 1 to {self._n_running} use one.")

    def set_chosen(self, take: int, sentences: Collection[int]) -> None:
        """These sentences of a running take are in the writer's text."""
        self._cards[take].set_chosen(sentences)

    def end(self) -> None:
        """No takes are running or wait to be used."""
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self._area.isAncestorOf(focused)
        self._waiting.clear()
        self._n_running, self._unfinished = 0, set()
        self._fold.setChecked(True)
        self._on_show = frozenset()
        self._show_earlier()
        if had_focus:
            self.write.setFocus()  # else Qt passes the focus on by chance
        for card in self._cards:
            card.hide()

    def set_records(self, records: Sequence[TakeRecord]) -> None:
        """records -- every take of the text, the oldest first"""
        self._records = records
        self._show_earlier()

    def _show_earlier(self) -> None:
        """Those on the cards are not earlier ones yet."""
        earlier = [record for record in self._records if record.id not in self._on_show]
        self.drawer.set_records(earlier)
        self._n_earlier = len(earlier)
        self._show_fold()
        self._arrange()

    def show_record(self, id_: str) -> bool:
        """Open the drawer at an earlier take. False if there is none such."""
        self._fold.setChecked(True)
        return self.drawer.show_record(id_)

    def set_ready(self, is_ready: bool) -> None:
        """Whether there is a model that can write takes."""
        self._is_ready = is_ready
        self._arrange()

    @property
    def n_takes(self) -> int:
        """How many takes the writer wants side by side."""
        return self._controls.n_takes

    def set_n_takes(self, n: int) -> None:
        self._controls.set_n_takes(n)

    def take_focus(self) -> None:
        """Give the keyboard to the takes that wait, else to the button that asks for some."""
        (self._cards[0].text if not self._area.isHidden() else self.write).setFocus()

    # -- its parts -----------------------------------------------------------------------------------------------

    def _make_hint(self) -> QWidget:
        self._hint_row = QWidget()
        row = QHBoxLayout(self._hint_row)
        row.setContentsMargins(SPACE.l, 0, SPACE.l, SPACE.s)
        row.setSpacing(SPACE.s)
        self._hint = plain_label("takesHint", "muted")
        self.again = QPushButton("Again")
        self.again.setObjectName("again")
        self.again.setProperty("role", "link")
        self.again.setToolTip("Write others for the same place. These go to the earlier takes.")
        self.again.clicked.connect(self.again_requested)
        self.put_away = IconButton("close", "Put these away. They go to the earlier takes.", size=14)
        self.put_away.setProperty("role", "quiet-icon")
        self.put_away.setFixedSize(_ICON_BUTTON, _ICON_BUTTON)
        self.put_away.clicked.connect(self.put_away_requested)
        row.addWidget(self._hint, 1)
        row.addWidget(self.again)
        row.addWidget(self.put_away)
        return self._hint_row

    def _make_fold(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(SPACE.l, SPACE.xs, SPACE.l, SPACE.xs)
        self._fold = QPushButton()
        self._fold.setObjectName("fold")
        self._fold.setProperty("role", "fold")
        self._fold.setCheckable(True)
        self._fold.setIconSize(QSize(16, 16))
        self._fold.toggled.connect(self._on_fold_toggled)
        row.addWidget(self._fold)
        row.addStretch(1)
        return holder

    def _add_card(self) -> None:
        card = TakeCard(len(self._cards))
        card.use_requested.connect(self.accept_requested)
        card.sentence_requested.connect(self.sentence_requested)
        self._area.column.insertWidget(len(self._cards), card)
        self._cards.append(card)
        stops: list[QWidget] = [self.write, self.again, self.put_away]
        for one in self._cards:
            stops += one.stops
        for before, after in pairwise([*stops, self._fold, *self.drawer.stops]):
            QWidget.setTabOrder(before, after)

    def _arrange(self) -> None:
        is_running = bool(self._unfinished)
        n = self._n_running
        self._controls.set_state(is_running=is_running, is_ready=self._is_ready)
        keys = "Press 1" if n == 1 else f"Press 1 to {n}"
        self._hint.setText(f"{keys}, or click sentences." if n else _LESSON)
        self._hint_row.setVisible(n > 0 or not self._n_earlier)
        self.again.setVisible(n > 0 and not is_running)
        self.again.setEnabled(self._is_ready)
        self.put_away.setVisible(n > 0 and not is_running)
        has_room = not self._fold.isChecked() or self.height() >= _BOTH_HEIGHT
        self._area.setVisible(n > 0 and has_room)  # in a low window the drawer takes the place of the cards

    def _show_fold(self) -> None:
        is_open = self._fold.isChecked()
        self._fold.setText(f"Earlier takes: {self._n_earlier:,}" if self._n_earlier else "Earlier takes")
        self._draw_fold_icon()
        self.drawer.setVisible(is_open)

    def _draw_fold_icon(self) -> None:
        self._fold.setIcon(icon("chevron-down" if self._fold.isChecked() else "chevron-right", 16))

    def _show_waiting(self) -> None:
        self._frame.stop()
        waiting, self._waiting = self._waiting, {}
        for take, text in waiting.items():
            self._cards[take].set_text(text)

    def _announce(self, message: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, message))

    def _on_fold_toggled(self, _is_open: bool) -> None:
        self._show_fold()
        self._arrange()

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_fold"):
            self._draw_fold_icon()

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Digits use takes, Esc goes back to the page."""
        modifiers = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        take = event.key() - Qt.Key.Key_1
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif modifiers == Qt.KeyboardModifier.NoModifier and 0 <= take < self._n_running:
            self._show_waiting()
            if self._cards[take].written.strip():
                self.accept_requested.emit(take)
        else:
            super().keyPressEvent(event)
