"""The rail opens one panel at a time, by mouse and by keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from writer.paths import resources_dir
from writer.ui import icons
from writer.ui import theme as themes
from writer.ui.icons import IconButton
from writer.ui.rail import Rail
from writer.ui.theme import DARK, LIGHT, SPACE, Theme

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton


class Window(QWidget):
    """A rail with two panels beside a field to write in, as in the real window."""

    def __init__(self) -> None:
        super().__init__()
        self.page = QLineEdit()
        self.rail = Rail()
        self.first, self.second = QLineEdit("first"), QLineEdit("second")
        self.sampling = self.rail.add_panel("sampling", "Sampling", "sampling", self.first)
        self.about = self.rail.add_panel("about", "About", "about", self.second, at_bottom=True)
        layout = QHBoxLayout(self)
        layout.addWidget(self.page, 1)
        layout.addWidget(self.rail.side_panel)
        layout.addWidget(self.rail)
        self.changes: list[str] = []
        self.rail.panel_changed.connect(self.changes.append)


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    window = Window()
    qtbot.addWidget(window)
    window.resize(900, 500)
    with qtbot.waitExposed(window):
        window.show()
    window.page.setFocus()
    return window


def test_closed_at_first_and_slim(window: Window) -> None:
    assert window.rail.current is None
    assert window.rail.side_panel.isHidden()
    assert window.rail.width() == SPACE.rail


def test_a_click_opens_another_switches_and_the_same_closes(window: Window, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.sampling, LEFT)
    assert window.rail.current == "sampling"
    assert window.first.isVisible()
    assert window.rail.side_panel.width() == SPACE.panel
    qtbot.mouseClick(window.about, LEFT)
    assert window.second.isVisible()
    assert not window.first.isVisible()
    assert window.about.isChecked()
    assert not window.sampling.isChecked()
    qtbot.mouseClick(window.about, LEFT)
    assert window.rail.current is None
    assert not window.about.isChecked()
    assert window.rail.side_panel.isHidden()
    assert window.changes == ["sampling", "about", ""]


def test_a_click_leaves_the_focus_on_the_page(window: Window, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.sampling, LEFT)
    assert window.page.hasFocus()


def test_the_close_button_gives_the_focus_back_to_the_rail(window: Window, qtbot: QtBot) -> None:
    window.rail.open("sampling")
    window.first.setFocus()
    qtbot.mouseClick(window.rail.side_panel.close_button, LEFT)
    assert window.rail.current is None
    assert window.rail.isVisible()
    assert window.sampling.hasFocus()


def test_keyboard_reaches_every_button(window: Window, qtbot: QtBot) -> None:
    reached = set()
    for _ in range(8):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    assert {window.sampling, window.about} <= reached
    window.sampling.setFocus()
    qtbot.keyClick(window.sampling, Qt.Key.Key_Space)
    assert window.rail.current == "sampling"


def test_escape_is_left_to_the_window(window: Window, qtbot: QtBot) -> None:
    window.rail.open("sampling")
    qtbot.keyClick(window.first, Qt.Key.Key_Escape)
    assert window.rail.current == "sampling"


def test_opening_the_open_panel_says_nothing_new(window: Window) -> None:
    window.rail.open("about")
    window.rail.open("about")
    window.rail.close()
    window.rail.close()
    assert window.changes == ["about", ""]


def test_toggle_opens_switches_and_closes(window: Window) -> None:
    for key in ("sampling", "about", "about"):
        window.rail.toggle(key)
    assert window.changes == ["sampling", "about", ""]
    assert window.rail.side_panel.isHidden()
    with pytest.raises(KeyError):
        window.rail.toggle("no such panel")


def test_toggle_takes_the_focus_out_of_what_it_closes(window: Window) -> None:
    window.rail.toggle("sampling")
    window.first.setFocus()
    window.rail.toggle("sampling")
    assert window.sampling.hasFocus()


def test_names_for_those_who_listen(window: Window) -> None:
    assert (window.sampling.accessibleName(), window.sampling.toolTip()) == ("Sampling", "Sampling")
    window.rail.open("about")
    assert window.rail.side_panel.accessibleName() == "About"


def test_wrong_keys_are_refused(window: Window) -> None:
    with pytest.raises(KeyError):
        window.rail.open("no such panel")
    with pytest.raises(ValueError, match="'about'"):
        window.rail.add_panel("about", "About", "about", QWidget())
    assert window.rail.current is None


def test_bottom_buttons_stand_at_the_foot(window: Window) -> None:
    third = window.rail.add_panel("takes", "Takes", "info", QWidget())
    QApplication.processEvents()
    assert window.sampling.y() < third.y() < 200 < window.about.y()


def _strongest(button: QToolButton) -> str:
    """The colour of the icon's most opaque pixel."""
    image: QImage = button.icon().pixmap(20, 20).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=lambda color: color.alpha()).name()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_icons_follow_the_theme(theme: Theme, qtbot: QtBot, qapp: QApplication) -> None:
    button = IconButton("stop", "Stop")
    qtbot.addWidget(button)
    before = qapp.palette()
    try:
        qapp.setPalette(themes.palette(theme))
        QApplication.processEvents()
        assert _strongest(button) == theme.muted
    finally:
        qapp.setPalette(before)


def test_every_icon_draws_something(qapp: QApplication) -> None:
    files = sorted((resources_dir() / "icons").glob("*.svg"))
    assert len(files) >= 8
    for file in files:
        assert '="currentColor"' in file.read_text(encoding="utf-8")
        image = icons.pixmap(file.stem, LIGHT.color("ink"), ratio=2.0).toImage()
        assert (image.width(), image.devicePixelRatio()) == (40, 2.0)
        assert any(image.pixelColor(x, y).alpha() > 200 for x in range(40) for y in range(40)), file.stem
