"""One running take: what can be used of it, and when."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from writer.ui.take_card import TakeCard

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton
TEXT = " She counted the steps. “Seventeen!” she said. The lamp"


@pytest.fixture
def card(qtbot: QtBot) -> TakeCard:
    card = TakeCard(1)
    qtbot.addWidget(card)
    card.resize(286, 200)
    card.show()
    card.activateWindow()
    qtbot.waitUntil(card.isActiveWindow)
    return card


def note(card: TakeCard) -> str:
    found = card.findChild(QLabel, "takeNote")
    assert isinstance(found, QLabel)
    assert found.textFormat() == Qt.TextFormat.PlainText
    return found.text()


def test_the_button_uses_the_whole_as_soon_as_there_is_something(card: TakeCard, qtbot: QtBot) -> None:
    card.set_text(" \n")
    assert not card.use.isEnabled()
    card.set_text(" She")
    with qtbot.waitSignal(card.use_requested) as asked:
        qtbot.mouseClick(card.use, LEFT)
    assert asked.args == [1]


def test_a_click_adds_a_sentence_that_has_ended(card: TakeCard, qtbot: QtBot) -> None:
    card.set_text(TEXT)
    assert card.text.rect_of(2).isEmpty()  # it may go on
    with qtbot.waitSignal(card.sentence_requested) as asked:
        qtbot.mouseClick(card.text, LEFT, pos=card.text.rect_of(1).center().toPoint())
    assert asked.args == [1, 1]
    card.set_finished("Stopped")
    with qtbot.waitSignal(card.sentence_requested) as asked:
        qtbot.mouseClick(card.text, LEFT, pos=card.text.rect_of(2).center().toPoint())
    assert asked.args == [1, 2]


def test_the_note_tells_how_it_goes_and_what_a_click_would_do(card: TakeCard, qtbot: QtBot) -> None:
    assert note(card) == "Writing…"
    card.set_text(TEXT)
    card.set_finished("Stopped")
    assert note(card) == "Stopped"
    card.set_chosen({0})
    qtbot.mouseMove(card.text, card.text.rect_of(1).center().toPoint())
    qtbot.waitUntil(lambda: note(card) == "Add this sentence")
    qtbot.mouseMove(card.text, card.text.rect_of(0).center().toPoint())
    qtbot.waitUntil(lambda: note(card) == "Add it once more")
    qtbot.mouseMove(card.use)
    qtbot.waitUntil(lambda: note(card) == "Stopped")


def test_enter_in_the_card_uses_it_and_in_its_text_adds_a_sentence(card: TakeCard, qtbot: QtBot) -> None:
    card.set_text(TEXT)
    card.use.setFocus()
    with qtbot.waitSignal(card.use_requested), qtbot.assertNotEmitted(card.sentence_requested):
        qtbot.keyClick(card.use, Qt.Key.Key_Return)
    card.text.setFocus()
    with qtbot.waitSignal(card.sentence_requested) as asked, qtbot.assertNotEmitted(card.use_requested):
        qtbot.keyClick(card.text, Qt.Key.Key_Return)
    assert asked.args == [1, 0]


def test_a_new_take_begins_empty(card: TakeCard) -> None:
    card.set_text(TEXT)
    card.set_finished("Stopped")
    card.set_chosen({0})
    card.begin()
    assert card.written == ""
    assert card.text.shown_text == ""
    assert not card.use.isEnabled()
    assert note(card) == "Writing…"


def test_names_for_those_who_hear_it(card: TakeCard) -> None:
    card.set_text(TEXT)
    assert card.accessibleName() == "Take 2: Writing…"
    assert card.use.accessibleName() == "Use take 2"
    card.set_finished("")
    assert card.accessibleName() == "Take 2"
    card.use.setFocus()
    assert card.text.accessibleName().startswith("Take 2: She counted the steps.")
