"""Messages above the page: what went wrong and what to do, without a dialog."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from writer.ui.icons import IconButton, IconLabel
from writer.ui.labels import plain_label
from writer.ui.theme import SPACE

NoticeKind = Literal["info", "error"]
NoticeAction = tuple[str, Callable[[], object]]  # the button's text, and what it does


@dataclass(frozen=True)
class _Notice:
    message: str
    hint: str
    kind: NoticeKind
    actions: tuple[NoticeAction, ...]

    @property
    def text(self) -> str:
        return f"{self.message} {self.hint}".strip()


class NoticeBar(QFrame):
    """Shows one notice at a time; hidden while there is none.

    A new notice replaces an info. An error stays until it is dismissed: later errors wait behind it in order,
    and of later infos the newest. The focus stays where it is.
    """

    notice_changed = Signal(str)  # the notice's whole text, "" when the bar has closed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._current: _Notice | None = None
        self._errors: deque[_Notice] = deque()
        self._info: _Notice | None = None

        self._icon = IconLabel("info", QPalette.ColorRole.Accent)
        self._message = plain_label("noticeMessage", is_selectable=True)
        self._hint = plain_label("noticeHint", "muted", is_selectable=True)
        self._waiting = QLabel()
        self._waiting.setProperty("role", "muted")
        self.action_buttons: tuple[QPushButton, ...] = ()
        self._actions = QHBoxLayout()
        self._actions.setSpacing(SPACE.s)
        self._dismiss_button = IconButton("close", "Dismiss this message", size=16)
        self._dismiss_button.setProperty("role", "quiet-icon")
        self._dismiss_button.setFixedSize(28, 28)
        self._dismiss_button.clicked.connect(self.dismiss)

        words = QVBoxLayout()
        words.setContentsMargins(0, 4, 0, 4)  # brings the first line level with the icon
        words.setSpacing(2)
        words.addWidget(self._message)
        words.addWidget(self._hint)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.l, SPACE.s, SPACE.s, SPACE.s)
        layout.setSpacing(SPACE.m)
        top = Qt.AlignmentFlag.AlignTop
        icon_column = QVBoxLayout()
        icon_column.setContentsMargins(0, 3, 0, 0)
        icon_column.addWidget(self._icon, 0, top)
        layout.addLayout(icon_column)
        layout.addLayout(words, 1)
        layout.addWidget(self._waiting)
        layout.addLayout(self._actions)
        layout.addWidget(self._dismiss_button, 0, top)
        self.hide()

    @property
    def message(self) -> str:
        """What the shown notice says, "" when none is shown."""
        return self._current.message if self._current else ""

    def show_notice(
        self, message: str, hint: str = "", kind: NoticeKind = "info", actions: tuple[NoticeAction, ...] = ()
    ) -> None:
        """Show a notice, or queue it behind an error. Pressing an action's button also dismisses the notice."""
        notice = _Notice(message, hint, kind, actions)
        if self._current is None or self._current.kind == "info":
            self._show(notice)
        elif kind == "info":
            self._info = notice
        elif notice.text not in {self._current.text, *(error.text for error in self._errors)}:
            self._errors.append(notice)
            self._show_waiting()

    def dismiss(self) -> None:
        """Take the shown notice away; the next one waiting appears."""
        if self._errors:
            self._show(self._errors.popleft())
        elif self._info:
            notice, self._info = self._info, None
            self._show(notice)
        elif self._current:
            self._current = None
            self.hide()
            self.notice_changed.emit("")

    def withdraw(self, message: str) -> None:
        """Take a notice away, shown or waiting, that no longer holds; one that is not there is no error."""
        self._errors = deque(error for error in self._errors if error.message != message)
        if self._info is not None and self._info.message == message:
            self._info = None
        self._show_waiting()
        if self.message == message:
            self.dismiss()

    def _show(self, notice: _Notice) -> None:
        self._current = notice
        is_error = notice.kind == "error"
        self._icon.set_icon(notice.kind, QPalette.ColorRole.BrightText if is_error else QPalette.ColorRole.Accent)
        self._message.setText(notice.message)
        self._hint.setText(notice.hint)
        self._hint.setVisible(bool(notice.hint))
        self._show_actions(notice.actions)
        self._show_waiting()
        if self.property("kind") != notice.kind:
            self.setProperty("kind", notice.kind)
            self.style().unpolish(self)  # the style sheet looks at properties only when it polishes
            self.style().polish(self)
        self.setAccessibleName(("Error: " if is_error else "") + notice.text)
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
        self.notice_changed.emit(notice.text)

    def _show_waiting(self) -> None:
        self._waiting.setText(f"{len(self._errors)} more")
        self._waiting.setVisible(bool(self._errors))

    def _show_actions(self, actions: tuple[NoticeAction, ...]) -> None:
        for button in self.action_buttons:
            self._actions.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.action_buttons = tuple(QPushButton(text, self) for text, _ in actions)
        for button, (_, act) in zip(self.action_buttons, actions, strict=True):
            button.clicked.connect(lambda _=False, act=act: self._act(act))
            self._actions.addWidget(button)
            button.show()

    def _act(self, act: Callable[[], object]) -> None:
        self.dismiss()
        act()
