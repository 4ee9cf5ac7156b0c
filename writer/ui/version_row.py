"""One kept version in the list: when and why it was kept, how much it holds, and what can be done with it."""

from datetime import datetime

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from writer.document.versions.version_store import Reason, Version
from writer.ui.labels import plain_label
from writer.ui.moments import day_text, time_text
from writer.ui.option_rows import Question
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

ICON_SIZE = 16
LONGEST_NAME = 120  # code points
_ICON_BUTTON = 24
_TIME_WIDTH = 36
_REASONS = {
    Reason.SAVE: "Saved",
    Reason.LARGE_DELETION: "Before a large deletion",
    Reason.GENERATION: "Before the model wrote",
    Reason.BY_HAND: "Kept by you",
    Reason.RESTORE: "Before going back",
    Reason.OTHER_PROGRAM: "As it was on the disk",
}


def version_title(version: Version) -> str:
    """Why it was kept, and its name."""
    reason = _REASONS[version.reason]
    return f"{reason}: {version.name}" if version.name else reason


class VersionRow(QWidget):
    """Shows a version. Before it is renamed or deleted the row itself asks."""

    compare_requested = Signal(object)  # Version
    restore_requested = Signal(object)  # Version
    rename_requested = Signal(object, str)  # Version, its new name
    delete_requested = Signal(object)  # Version

    def __init__(self, version: Version, more_icon: QIcon) -> None:
        super().__init__()
        self.version = version
        self._time = plain_label("versionTime", "muted")
        self._time.setWordWrap(False)
        self._time.setMinimumWidth(_TIME_WIDTH)  # so that the words stand below one another
        self._title = plain_label("versionTitle")
        self._figures = plain_label("versionFigures", "muted")
        self.compare = _link("compare", "Compare", "See word by word what differs from your text now.")
        self.compare.clicked.connect(lambda: self.compare_requested.emit(self.version))
        self.restore = _link(
            "restore", "Go back to this", "Put this version in the place of your text, which is kept as a version too."
        )
        self.restore.clicked.connect(lambda: self.restore_requested.emit(self.version))
        self.more = QToolButton()
        self.more.setObjectName("more")
        self.more.setToolTip("More")
        self.more.setProperty("role", "quiet-icon")
        self.more.setFixedSize(_ICON_BUTTON, _ICON_BUTTON)
        self.more.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.addAction("Rename…", self._ask_name)
        menu.addAction("Delete…", self._ask_deletion)
        self.more.setMenu(menu)
        self.set_more_icon(more_icon)
        self._question: QWidget | None = None

        top = QHBoxLayout()
        top.setSpacing(SPACE.s)
        top.addWidget(self._time, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._title, 1)
        self._links = QWidget()
        links = QHBoxLayout(self._links)
        links.setContentsMargins(0, 0, 0, 0)
        links.setSpacing(SPACE.s)
        links.addWidget(self.compare)
        links.addWidget(self.restore)
        links.addStretch(1)
        links.addWidget(self.more)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, SPACE.xs)
        self._column.setSpacing(2)
        self._column.addLayout(top)
        self._column.addWidget(self._figures)
        self._column.addWidget(self._links)

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the Tab key stops at."""
        asked = self._question.findChildren(QWidget) if self._question is not None else []
        stopping = [widget for widget in asked if isinstance(widget, QLineEdit | QPushButton)]
        return (*stopping, self.compare, self.restore, self.more)

    def show_version(self, version: Version, before: Version | None, now: datetime) -> None:
        """before -- the version kept before it, with which it is compared in length"""
        if version != self.version:
            self._take_question_away()
        self.version = version
        time, title = time_text(version.time, now), version_title(version)
        self._time.setText(time)
        day = day_text(version.time, now)
        self._time.setToolTip(f"{day}, {time}")
        self._title.setText(title)
        self._figures.setText(_figures_text(version, before))
        for button in (self.compare, self.restore):
            button.setAccessibleName(f"{button.text()}: {day} {time}, {title}")
        self.more.setAccessibleName(f"More: {day} {time}, {title}")

    def set_more_icon(self, icon: QIcon) -> None:
        self.more.setIcon(icon)

    # -- asking --------------------------------------------------------------------------------------------------

    def _ask_name(self) -> None:
        field = QLineEdit(self.version.name)
        field.setObjectName("versionName")
        field.setPlaceholderText("A name, or none")
        field.setAccessibleName("The version's name")
        field.setMaxLength(LONGEST_NAME)
        field.setToolTip("A version with a name is never thinned out.")

        def rename() -> None:
            self._take_question_away()
            self.rename_requested.emit(self.version, field.text().strip())

        field.returnPressed.connect(rename)
        yes, no = QPushButton("Rename"), QPushButton("Keep it")
        yes.setObjectName("rename")
        yes.setToolTip("Give it this name.")
        yes.clicked.connect(rename)
        no.setObjectName("keep")
        no.setToolTip("Leave its name as it is. (Esc)")
        no.clicked.connect(self._on_keep_clicked)
        question = QWidget()
        column = QVBoxLayout(question)
        column.setContentsMargins(0, SPACE.xs, 0, SPACE.xs)
        column.setSpacing(SPACE.s)
        column.addWidget(field)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.s)
        buttons.addWidget(yes)
        buttons.addWidget(no)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self._put_in_place(question)
        field.selectAll()
        field.setFocus()

    def _ask_deletion(self) -> None:
        question = Question(
            "delete", "Delete this version? Nothing brings it back.", "Delete", "Delete this version for good."
        )

        def delete() -> None:
            self._take_question_away()
            self.delete_requested.emit(self.version)

        question.confirmed.connect(delete)
        question.declined.connect(self._take_question_away)
        self._put_in_place(question)
        question.no.setFocus()

    def _on_keep_clicked(self) -> None:
        self._take_question_away()

    def _put_in_place(self, question: QWidget) -> None:
        """Show a question in the place of the links."""
        self._take_question_away()
        self._question = question
        self._column.addWidget(question)
        self._links.hide()
        question.show()  # now: the layout would do so later, and the focus is waiting for it

    def _take_question_away(self) -> None:
        if self._question is None:
            return
        had_focus = any(stop.hasFocus() for stop in self.stops)
        question, self._question = self._question, None
        self._links.show()
        if had_focus:
            self.more.setFocus()  # before it vanishes: Qt would pass the focus on to whatever comes next
        question.hide()
        question.deleteLater()

    @reported(nothing)
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._question is not None:
            self._take_question_away()
        else:
            super().keyPressEvent(event)


def _figures_text(version: Version, before: Version | None) -> str:
    words = f"{version.n_words:,} word{'s' if version.n_words != 1 else ''}"
    if before is None:
        return words
    difference = version.n_words - before.n_words
    if not difference:
        return f"{words} · as many as before"
    sign = "+" if difference > 0 else "−"
    return f"{words} · {sign}{abs(difference):,} word{'s' if abs(difference) != 1 else ''}"


def _link(name: str, text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setProperty("role", "link")
    button.setToolTip(tip)
    return button
