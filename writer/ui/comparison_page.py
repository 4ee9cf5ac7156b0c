"""Two texts side by side: what differs is marked word by word, what is alike lies in folds."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from writer.document.comparison import Row
from writer.ui.comparison_items import Change, Stretch, arrange, n_changed_words
from writer.ui.comparison_rows import ChangedRow, Fold, counted
from writer.ui.desk_page import DeskPage
from writer.ui.icons import IconButton
from writer.ui.labels import plain_label
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

Actions = tuple[tuple[str, Callable[[], object]], ...]  # each button's text, and what it does

_PORTION = 60  # changes that are shown at once
_BUTTON = 32
_SAME = "The two texts are the same, letter for letter."


class ComparisonPage(DeskPage):
    """Shows the rows of `compare`. It changes nothing itself: when the newer text has changed, show the rows anew."""

    rows_restored = Signal(object)  # tuple[int, ...]: indices of rows, as `comparison.restoration` takes them

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Compare", "Back", "Back to your text", parent)
        self._rows: Sequence[Row] = ()
        self._restorable = False
        self._waiting: deque[Change | Stretch] = deque()
        self._shown: list[ChangedRow] = []
        self._n_changes = 0
        self._current = 0
        self._actions: list[QPushButton] = []
        self._count = plain_label("changeCount", "muted")
        self._count.setWordWrap(False)
        self._previous = self._step_button("previous", "chevron-up", "Previous change (Shift+F7)", -1)
        self._next = self._step_button("next", "chevron-down", "Next change (F7)", 1)
        for widget in (self._count, self._previous, self._next):
            self.bar.addWidget(widget)

        self._scroll = QScrollArea()
        self._scroll.setObjectName("comparison")
        self._scroll.setAccessibleName("Both texts")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # the columns keep their width
        self._left, self._right = _Title("left"), _Title("right")
        titles = QFrame()
        titles.setProperty("role", "columnTitles")
        row = QHBoxLayout(titles)
        side = SPACE.l + SPACE.m
        row.setContentsMargins(side, SPACE.s, side + self._scroll.verticalScrollBar().sizeHint().width(), SPACE.s)
        row.setSpacing(SPACE.xl)
        row.addWidget(self._left, 1)
        row.addWidget(self._right, 1)
        self.body.addWidget(titles)
        self.body.addWidget(self._scroll, 1)
        self.setFocusProxy(self._scroll)  # so that the arrow keys scroll at once
        self._scroll_timer = QTimer(self)  # a new row has its place only when the layout has been through its rounds
        self._scroll_timer.setSingleShot(True)
        self._scroll_timer.timeout.connect(self._scroll_to_current)

    def _step_button(self, name: str, icon_name: str, title: str, step: int) -> IconButton:
        button = IconButton(icon_name, title)
        button.setObjectName(name)
        button.setProperty("role", "quiet-icon")
        button.setFixedSize(_BUTTON, _BUTTON)
        button.clicked.connect(lambda: self._go(step))
        return button

    # -- what is shown -------------------------------------------------------------------------------------------

    def show_comparison(
        self,
        left_title: str,
        right_title: str,
        rows: Sequence[Row],
        *,
        actions: Actions = (),
        restorable: bool = False,
    ) -> None:
        """Show the older text on the left and the newer on the right, from the first change on; under the same titles
        as before from the change that was reached.

        actions -- further buttons of the bar
        restorable -- whether each change has a button that asks for the words on the left
        """
        is_again = (left_title, right_title) == (self._left.title, self._right.title)
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self._scroll.isAncestorOf(focused)
        self._rows, self._restorable = rows, restorable
        changed = [row for row in rows if row.changed]
        self._left.show_title(left_title, n_changed_words(row.old for row in changed))
        self._right.show_title(right_title, n_changed_words(row.new for row in changed))
        self._show_actions(actions)
        self._begin(arrange(rows))
        self._reach(min(self._current, self._n_changes - 1) if is_again else 0, takes_focus=had_focus)

    def _begin(self, items: list[Change | Stretch]) -> None:
        self._n_changes = sum(isinstance(item, Change) for item in items)
        self._waiting = deque(items)
        self._shown = []
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(SPACE.l, SPACE.m, SPACE.l, SPACE.xxl)
        self._column.setSpacing(SPACE.s)
        if not self._n_changes:
            same = plain_label("noChanges", "muted")
            same.setText(_SAME)
            same.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self._column.addWidget(same)
        self._more = QPushButton()
        self._more.setObjectName("more")
        self._more.setToolTip("Show what differs further down.")
        self._more.clicked.connect(self._on_more_clicked)
        self._column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addStretch(1)
        self._scroll.setWidget(content)  # which deletes the one before
        self._show_portion()
        self._scroll.verticalScrollBar().setValue(0)

    def _show_portion(self) -> None:
        """Add the next changes, with what lies between them, above the button for more."""
        n_wanted = len(self._shown) + _PORTION
        stops: list[QWidget] = []
        while self._waiting and (len(self._shown) < n_wanted or isinstance(self._waiting[0], Stretch)):
            item = self._waiting.popleft()
            widget: ChangedRow | Fold
            if isinstance(item, Change):
                widget = self._make_row(item)
            else:
                widget = Fold(item, self._rows, is_first=not self._shown)
            stops += widget.findChildren(QPushButton)
            self._column.insertWidget(self._column.indexOf(self._more), widget)
        for before, after in pairwise([*stops, self._more]):
            QWidget.setTabOrder(before, after)
        n_left = self._n_changes - len(self._shown)
        self._more.setText(f"Show more: {counted(n_left, 'change')} below")
        self._more.setVisible(n_left > 0)

    def _make_row(self, change: Change) -> ChangedRow:
        place = len(self._shown)
        row = ChangedRow(change, self._rows, restorable=self._restorable)
        row.set_number(place + 1, self._n_changes)
        row.restore_requested.connect(lambda: self._on_restore_requested(place, change))
        self._shown.append(row)
        return row

    def _show_actions(self, actions: Actions) -> None:
        for button in self._actions:
            self.bar.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._actions = []
        for text, slot in actions:
            button = QPushButton(text)
            button.clicked.connect(lambda _=False, slot=slot: slot())
            self.bar.addWidget(button)
            self._actions.append(button)
        for before, after in pairwise([self._next, *self._actions, self._scroll]):
            QWidget.setTabOrder(before, after)

    # -- from change to change -----------------------------------------------------------------------------------

    def _go(self, step: int) -> None:
        if 0 <= self._current + step < self._n_changes:
            self._reach(self._current + step, takes_focus=True)

    def _reach(self, number: int, *, takes_focus: bool) -> None:
        """Make a change the current one, and bring it into view."""
        self._current = max(0, number)
        while self._current >= len(self._shown) and self._waiting:
            self._show_portion()
        for place, row in enumerate(self._shown):
            row.set_current(is_current=place == self._current)
        n = self._n_changes
        self._count.setText(f"Change {self._current + 1:,} of {n:,}" if n else "No changes")
        self._previous.setEnabled(self._current > 0)
        self._next.setEnabled(self._current + 1 < n)
        if takes_focus:
            (self._shown[self._current] if self._shown else self._scroll).setFocus()
        self._scroll_timer.start(0)

    def _scroll_to_current(self) -> None:
        content = self._scroll.widget()
        if not self._shown or content is None:
            return
        row, view, bar = self._shown[self._current], self._scroll.viewport(), self._scroll.verticalScrollBar()
        top = row.mapTo(content, row.rect().topLeft()).y()
        if top < bar.value() or top + row.height() > bar.value() + view.height():
            bar.setValue(top - view.height() // 5)

    def _on_more_clicked(self) -> None:
        self._reach(len(self._shown), takes_focus=True)

    def _on_restore_requested(self, place: int, change: Change) -> None:
        self._reach(place, takes_focus=True)
        self.rows_restored.emit(change.rows)

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F7:
            self._go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)


class _Title(QWidget):
    """Whose words stand below, and how many of them only there."""

    def __init__(self, side: str) -> None:
        super().__init__()
        self._title = plain_label(f"{side}Title", "strong")
        self._words = plain_label(f"{side}Words", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._title)
        column.addWidget(self._words)

    @property
    def title(self) -> str:
        return self._title.text()

    def show_title(self, title: str, n_words: int) -> None:
        self._title.setText(title)
        self._words.setText(f"{counted(n_words, 'word')} only here" if n_words else "No words only here")
