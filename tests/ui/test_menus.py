"""Every command by name, with a key of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.paths import user_paths
from writer.ui.main_window import MainWindow

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def window(qapp: QApplication, writer_home: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    """On an empty page, without a model."""
    before = qapp.palette(), qapp.styleSheet()
    window = MainWindow(user_paths({"WRITER_HOME": str(writer_home)}))
    window.files.new("")
    with qtbot.waitExposed(window):
        window.show()
    yield window
    window.files.document.mark_saved()
    window.close()
    window.deleteLater()
    qapp.setPalette(before[0])
    qapp.setStyleSheet(before[1])


def actions(window: MainWindow) -> dict[str, QAction]:
    menus = [entry.menu() for entry in window.menuBar().actions()]
    found = [action for menu in menus for action in menu.actions() if not action.isSeparator()]
    return {action.text().replace("&", ""): action for action in found}


def test_no_two_commands_share_a_key(window: MainWindow) -> None:
    keys = [key.toString() for action in actions(window).values() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+Return", "Esc", "Ctrl+Shift+M", "Ctrl+,", "F1", "Ctrl+Shift+Z", "Ctrl+Y"} <= set(keys)


def test_no_two_entries_of_a_menu_share_a_letter(window: MainWindow) -> None:
    for entry in window.menuBar().actions():
        texts = [action.text() for action in entry.menu().actions() if "&" in action.text()]
        letters = [text[text.index("&") + 1].lower() for text in texts]
        assert len(letters) == len(set(letters)), texts


@pytest.mark.parametrize(("name", "panel"), [("Models…", "models"), ("How the model writes…", "sampling")])
def test_panels_open_and_close(window: MainWindow, name: str, panel: str) -> None:
    window.rail.close()
    actions(window)[name].trigger()
    assert window.rail.current == panel
    actions(window)[name].trigger()
    assert window.rail.current is None


def test_bias_and_accuracy_open_and_stay(window: MainWindow) -> None:
    window.rail.close()
    for _ in range(2):
        actions(window)["About the model: bias and accuracy"].trigger()
        assert window.rail.current == "about"


def test_the_welcome_page_can_be_seen_again(window: MainWindow) -> None:
    actions(window)["Welcome page"].trigger()
    assert window.pages.welcome.isVisible()
    assert not window.editor.isVisible()
    window.pages.welcome.begin_button.click()
    assert window.editor.isVisible()


def test_without_a_model_nothing_goes_on(window: MainWindow) -> None:
    assert not window.menus.continue_writing.isEnabled()
    assert not window.menus.stop.isEnabled()


def test_one_theme_is_chosen(window: MainWindow) -> None:
    def chosen() -> list[str]:
        return [action.text() for action in window.menus.theme_group.actions() if action.isChecked()]

    assert chosen() == ["As the desktop"]
    actions(window)["Sepia"].trigger()
    assert chosen() == ["Sepia"]
    assert window.settings.theme == "sepia"
    window.menus.set_theme("dark")
    assert chosen() == ["Dark"]


def test_undo_says_what_it_takes_back(window: MainWindow, qtbot: QtBot) -> None:
    window.editor.setFocus()
    qtbot.keyClicks(window.editor, "word")
    menu = next(entry.menu() for entry in window.menuBar().actions() if window.menus.undo in entry.menu().actions())
    menu.aboutToShow.emit()
    assert window.menus.undo.text() == "&Undo typing"
    window.menus.undo.trigger()
    assert window.files.document.text == ""
    menu.aboutToShow.emit()
    assert window.menus.undo.text() == "&Undo"
    assert window.menus.redo.text() == "&Redo typing"
