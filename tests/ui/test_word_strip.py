"""The strip of next words: five places that stay where they are, and a word that never changes under the pointer."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from writer.ui.word_strip import HOLD_MS, WordSlot, WordStrip

# Qt says so of windows and menus without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton
WORDS = ("lighthouse", "keeper", "the", "incomprehensibilities", "a")


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """Something to write in, and the strip below it."""
    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    layout.addWidget(QLineEdit())
    layout.addWidget(WordStrip())
    page.resize(640, 200)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    return page


@pytest.fixture
def strip(page: QWidget) -> WordStrip:
    found = page.findChild(WordStrip)
    assert isinstance(found, WordStrip)
    found.set_words(WORDS)
    return found


def slot(strip: WordStrip, number: int) -> WordSlot:
    """The one that the writer calls `number`."""
    found = strip.findChild(WordSlot, f"word-{number}")
    assert isinstance(found, WordSlot)
    return found


def entry(one: WordSlot, name: str) -> QAction:
    return next(action for action in one.open_menu().actions() if action.text().startswith(name))


def test_a_click_chooses(strip: WordStrip, qtbot: QtBot) -> None:
    with qtbot.waitSignal(strip.word_chosen) as chosen, qtbot.assertNotEmitted(strip.never_requested):
        qtbot.mouseClick(slot(strip, 2), LEFT)
    assert chosen.args == [1]


def test_ctrl_and_a_click_never_suggests_again(strip: WordStrip, qtbot: QtBot) -> None:
    with qtbot.waitSignal(strip.never_requested) as never, qtbot.assertNotEmitted(strip.word_chosen):
        qtbot.mouseClick(slot(strip, 5), LEFT, Qt.KeyboardModifier.ControlModifier)
    assert never.args == [4]


def test_a_long_press_never_suggests_again(strip: WordStrip, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(strip.word_chosen):
        with qtbot.waitSignal(strip.never_requested) as never:
            qtbot.mousePress(slot(strip, 3), LEFT)
        qtbot.mouseRelease(slot(strip, 3), LEFT)
    assert never.args == [2]


def test_a_press_that_leaves_the_word_means_nothing(strip: WordStrip, qtbot: QtBot) -> None:
    one = slot(strip, 1)
    with qtbot.assertNotEmitted(strip.word_chosen), qtbot.assertNotEmitted(strip.never_requested, wait=HOLD_MS + 100):
        qtbot.mousePress(one, LEFT)
        qtbot.mouseMove(one, QPoint(5, -40))
        qtbot.mouseRelease(one, LEFT, pos=QPoint(5, -40))


def test_a_word_does_not_change_under_the_pointer(strip: WordStrip, qtbot: QtBot) -> None:
    qtbot.mousePress(slot(strip, 1), LEFT)
    strip.set_words(("other", "words"))
    assert strip.words == WORDS
    seen: list[tuple[str, ...]] = []
    strip.word_chosen.connect(lambda _number: seen.append(strip.words))
    qtbot.mouseRelease(slot(strip, 1), LEFT)
    assert seen == [WORDS]
    assert strip.words == ("other", "words")


@pytest.mark.parametrize(("name", "signal"), [("Put in", "word_chosen"), ("Never suggest", "never_requested")])
def test_the_menu_means_the_word_it_was_opened_for(strip: WordStrip, qtbot: QtBot, name: str, signal: str) -> None:
    one = slot(strip, 2)
    action = entry(one, name)
    menu = action.parent()
    menu.popup(one.mapToGlobal(QPoint(5, 5)))
    strip.set_words(("other", "words"))
    assert strip.words == WORDS
    menu.close()  # first, as by a click of the writer's
    with qtbot.waitSignal(getattr(strip, signal)) as asked:
        action.trigger()
        assert strip.words == WORDS
    assert asked.args == [1]
    qtbot.waitUntil(lambda: strip.words == ("other", "words"))


def test_places_keep_their_width_whatever_stands_in_them(strip: WordStrip, qtbot: QtBot) -> None:
    places = [slot(strip, number).geometry() for number in range(1, 6)]
    assert max(place.width() for place in places) - min(place.width() for place in places) <= 1
    for words in ((), ("a",), ("incomprehensibilities" * 3,) * 5, (*WORDS, "a sixth")):
        strip.set_words(words)
        qtbot.wait(1)
        assert [slot(strip, number).geometry() for number in range(1, 6)] == places
    assert strip.words == WORDS


def test_the_mouse_does_not_take_the_focus_from_the_page(page: QWidget, strip: WordStrip, qtbot: QtBot) -> None:
    field = page.findChild(QLineEdit)
    field.setFocus()
    qtbot.mouseClick(slot(strip, 1), LEFT)
    assert field.hasFocus()
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert field.hasFocus()


def test_an_empty_place_cannot_be_chosen(strip: WordStrip, qtbot: QtBot) -> None:
    strip.set_words(("one",))
    with qtbot.assertNotEmitted(strip.word_chosen):
        qtbot.mouseClick(slot(strip, 2), LEFT)
    assert not slot(strip, 2).isEnabled()


def test_each_place_says_what_it_holds_and_does(strip: WordStrip) -> None:
    strip.set_words(("said", "<b>"))
    assert strip.accessibleName() == "Next words"
    assert slot(strip, 1).accessibleName() == "Word 1: said"
    assert slot(strip, 3).accessibleName() == "Word 3: none"
    assert "Alt+2" in slot(strip, 2).toolTip()
    assert "Hold, or Ctrl+click: never" in slot(strip, 2).toolTip()
    assert "&lt;b&gt;" in slot(strip, 2).toolTip()  # a tooltip with tags is markup to Qt


def test_before_the_first_word_the_strip_teaches(page: QWidget, qtbot: QtBot) -> None:
    strip = page.findChild(WordStrip)
    lesson = strip.grab().toImage()
    strip.set_words(("one",))
    strip.set_words(())
    assert strip.grab().toImage() != lesson  # it has been learnt
