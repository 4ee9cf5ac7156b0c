"""Notices: infos give way, errors stay, nothing takes the focus."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from writer.ui.notices import NoticeBar

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    page = QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(NoticeBar())
    layout.addWidget(page)
    qtbot.addWidget(window)
    window.resize(600, 400)
    with qtbot.waitExposed(window):
        window.show()
    page.setFocus()
    return window


@pytest.fixture
def bar(window: QWidget) -> NoticeBar:
    bar = window.findChild(NoticeBar)
    assert isinstance(bar, NoticeBar)
    return bar


def dismiss(bar: NoticeBar, qtbot: QtBot) -> None:
    qtbot.mouseClick(bar.findChild(QToolButton), LEFT)


def visible_texts(bar: NoticeBar) -> list[str]:
    return [label.text() for label in bar.findChildren(QLabel) if label.isVisible() and label.text()]


def test_hidden_until_there_is_something_to_say(bar: NoticeBar, qtbot: QtBot) -> None:
    assert not bar.isVisible()
    bar.show_notice("The file is gone.", "Save it under another name.")
    assert visible_texts(bar) == ["The file is gone.", "Save it under another name."]
    assert not bar.findChildren(QPushButton)
    dismiss(bar, qtbot)
    assert not bar.isVisible()
    assert bar.message == ""


def test_the_page_keeps_the_focus(bar: NoticeBar) -> None:
    bar.show_notice("No room on the disk.", kind="error", actions=(("Try again", lambda: None),))
    page = bar.parentWidget().findChild(QLineEdit)
    assert page is not None
    assert page.hasFocus()


def test_a_new_notice_replaces_an_info(bar: NoticeBar) -> None:
    bar.show_notice("One.")
    bar.show_notice("Two.")
    assert bar.message == "Two."
    bar.show_notice("Three.", kind="error")
    assert bar.message == "Three."
    assert bar.property("kind") == "error"


def test_errors_stay_and_wait_in_order(bar: NoticeBar, qtbot: QtBot) -> None:
    bar.show_notice("First error.", kind="error")
    bar.show_notice("Old info.")
    bar.show_notice("Second error.", kind="error")
    bar.show_notice("New info.")
    assert visible_texts(bar) == ["First error.", "1 more"]
    seen = []
    while bar.isVisible():
        seen.append(bar.message)
        dismiss(bar, qtbot)
    assert seen == ["First error.", "Second error.", "New info."]


def test_the_same_error_is_not_said_twice(bar: NoticeBar, qtbot: QtBot) -> None:
    for _ in range(3):
        bar.show_notice("The model stopped.", "Press Continue again.", "error")
    dismiss(bar, qtbot)
    assert not bar.isVisible()


def test_the_action_dismisses_and_acts(bar: NoticeBar, qtbot: QtBot) -> None:
    done: list[str] = []

    def act() -> None:
        done.append(bar.message)
        bar.show_notice("Trying again.")

    bar.show_notice("It failed.", kind="error", actions=(("Try again", act),))
    (button,) = bar.action_buttons
    assert button.text() == "Try again"
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert done == [""]
    assert bar.message == "Trying again."
    assert not bar.action_buttons


def test_several_actions_stand_side_by_side_and_any_of_them_dismisses(bar: NoticeBar, qtbot: QtBot) -> None:
    done: list[str] = []
    names = ("Compare", "Keep mine", "Take theirs")
    bar.show_notice("Changed.", actions=tuple((name, lambda name=name: done.append(name)) for name in names))
    assert tuple(button.text() for button in bar.action_buttons) == names
    qtbot.mouseClick(bar.action_buttons[1], LEFT)
    assert done == ["Keep mine"]
    assert not bar.isVisible()


def test_what_no_longer_holds_is_withdrawn_shown_or_waiting(bar: NoticeBar) -> None:
    bar.show_notice("One.", kind="error")
    bar.show_notice("Two.", kind="error")
    bar.withdraw("Two.")
    assert bar.message == "One."
    bar.withdraw("Never said.")
    assert bar.message == "One."
    bar.withdraw("One.")
    assert bar.message == ""


def test_an_action_belongs_to_its_own_notice(bar: NoticeBar, qtbot: QtBot) -> None:
    done: list[int] = []
    bar.show_notice("One.", kind="error", actions=(("Do one", lambda: done.append(1)),))
    bar.show_notice("Two.", kind="error", actions=(("Do two", lambda: done.append(2)),))
    qtbot.mouseClick(bar.action_buttons[0], LEFT)
    (button,) = bar.action_buttons
    assert button.text() == "Do two"
    qtbot.mouseClick(button, LEFT)
    assert done == [1, 2]
    assert not bar.isVisible()


def test_said_aloud_and_never_read_as_markup(bar: NoticeBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.notice_changed) as signal:
        bar.show_notice("No file <b>x</b>.", "Look again.", "error")
    assert signal.args == ["No file <b>x</b>. Look again."]
    assert bar.accessibleName() == "Error: No file <b>x</b>. Look again."
    assert visible_texts(bar)[0] == "No file <b>x</b>."
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in bar.findChildren(QLabel) if label.wordWrap())


def test_a_long_message_wraps_within_the_window(bar: NoticeBar) -> None:
    bar.show_notice("A sentence that goes on. " * 20, kind="error")
    assert bar.minimumSizeHint().width() < 600
