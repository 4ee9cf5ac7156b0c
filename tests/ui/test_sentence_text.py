"""Sentences that can be chosen one by one: by the mouse, by the keyboard, and while the text still grows."""

import pytest
from PySide6.QtCore import QPoint, Qt, QVariantAnimation
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from writer.ui.sentence_text import SentenceText

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton
PIECES = (
    " She counted. ",
    "Seventeen steps, as ever, and then one more than ever before.\n\n",
    "The lamp 🏮 went out. ",
    "A do",
)


@pytest.fixture
def holder(qtbot: QtBot) -> QWidget:
    holder = QWidget()
    qtbot.addWidget(holder)
    return holder


@pytest.fixture
def text(holder: QWidget, qtbot: QtBot) -> SentenceText:
    text = SentenceText("Take 1")
    layout = QVBoxLayout(holder)
    layout.addWidget(text)
    layout.addStretch(1)
    holder.resize(280, 500)
    holder.show()
    holder.activateWindow()
    qtbot.waitUntil(holder.isActiveWindow)
    text.set_pieces(PIECES, 3, is_growing=True)
    return text


def middle(text: SentenceText, sentence: int) -> QPoint:
    """Of the sentence's first line."""
    return text.rect_of(sentence).center().toPoint()


# -- the mouse -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sentence", [0, 1, 2])
def test_a_click_chooses_the_sentence_under_it(text: SentenceText, qtbot: QtBot, sentence: int) -> None:
    with qtbot.waitSignal(text.sentence_chosen) as chosen:
        qtbot.mouseClick(text, LEFT, pos=middle(text, sentence))
    assert chosen.args == [sentence]


def test_the_pointer_shows_what_can_be_added(text: SentenceText, qtbot: QtBot) -> None:
    seen: list[int] = []
    text.pointed_at.connect(seen.append)
    plain = text.grab().toImage()
    qtbot.mouseMove(text, middle(text, 1))
    qtbot.waitUntil(lambda: seen == [1])
    assert text.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert text.grab().toImage() != plain
    qtbot.mouseMove(text, QPoint(text.width() - 1, text.height() - 1))
    qtbot.waitUntil(lambda: seen == [1, -1])
    assert text.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_a_sentence_that_has_not_ended_cannot_be_chosen(text: SentenceText, qtbot: QtBot) -> None:
    assert text.rect_of(3).isEmpty()
    after = text.rect_of(2)
    place = QPoint(round(after.right()) + 12, round(after.center().y()))
    with qtbot.assertNotEmitted(text.sentence_chosen):
        qtbot.mouseClick(text, LEFT, pos=place)
    text.set_pieces(PIECES, 4, is_growing=False)
    with qtbot.waitSignal(text.sentence_chosen) as chosen:
        qtbot.mouseClick(text, LEFT, pos=place)
    assert chosen.args == [3]


def test_white_space_is_shown_as_one_space_or_one_line_break(text: SentenceText) -> None:
    assert text.shown_text == (
        "She counted. Seventeen steps, as ever, and then one more than ever before.\nThe lamp 🏮 went out. A do"
    )


def test_a_text_that_begins_a_paragraph_shows_it_first(text: SentenceText, qtbot: QtBot) -> None:
    place = text.rect_of(0).left()
    text.set_pieces((" \n\n",), 0, is_growing=True)
    assert text.shown_text == "¶\N{NO-BREAK SPACE}"
    assert text.accessibleName() == "Take 1, a new paragraph"
    text.set_pieces((" \n\nShe counted. ", "The lamp"), 1, is_growing=True)
    assert text.shown_text == "¶\N{NO-BREAK SPACE}She counted. The lamp"
    assert text.rect_of(0).left() > place + 5, "the mark belongs to no sentence"
    with qtbot.assertNotEmitted(text.sentence_chosen):
        qtbot.mouseClick(text, LEFT, pos=QPoint(3, middle(text, 0).y()))
    with qtbot.waitSignal(text.sentence_chosen):
        qtbot.mouseClick(text, LEFT, pos=middle(text, 0))
    text.set_pieces(("She counted.\n", "\nThe lamp."), 2, is_growing=False)
    assert text.shown_text == "She counted.\nThe lamp.", "a break further on is seen by itself"
    text.set_pieces(("\nShe counted.",), 1, is_growing=False)
    text.setFocus()
    assert text.accessibleName() == "Take 1, a new paragraph, sentence 1 of 1: She counted."
    text.clearFocus()
    assert text.accessibleName() == "Take 1, a new paragraph: She counted."


def test_a_piece_of_white_space_is_no_sentence(text: SentenceText, qtbot: QtBot) -> None:
    text.set_pieces(("One.\n", "\n", "Two."), 3, is_growing=False)
    assert text.shown_text == "One.\nTwo."
    text.setFocus()
    qtbot.keyClick(text, Qt.Key.Key_Down)
    with qtbot.waitSignal(text.sentence_chosen) as chosen:
        qtbot.keyClick(text, Qt.Key.Key_Return)
    assert chosen.args == [2]


# -- the keyboard --------------------------------------------------------------------------------------------------


def test_arrow_keys_and_enter(text: SentenceText, qtbot: QtBot) -> None:
    chosen: list[int] = []
    text.sentence_chosen.connect(chosen.append)
    text.setFocus()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(text, key)
    qtbot.keyClick(text, Qt.Key.Key_Enter)
    qtbot.keyClick(text, Qt.Key.Key_Left)
    qtbot.keyClick(text, Qt.Key.Key_Up)
    qtbot.keyClick(text, Qt.Key.Key_Up)
    qtbot.keyClick(text, Qt.Key.Key_Return)
    assert chosen == [0, 1, 2, 0]


def test_it_says_where_the_keyboard_is(text: SentenceText, qtbot: QtBot) -> None:
    text.clearFocus()
    assert text.accessibleName() == "Take 1"  # it would be read out anew with every word
    text.set_pieces(PIECES, 3, is_growing=False)
    assert text.accessibleName().startswith("Take 1: She counted. Seventeen")
    text.setFocus()
    qtbot.keyClick(text, Qt.Key.Key_Right)
    assert text.accessibleName().startswith("Take 1, sentence 2 of 3: Seventeen steps")
    text.set_chosen({1})
    assert text.accessibleName().startswith("Take 1, sentence 2 of 3, added: Seventeen steps")
    text.clearFocus()
    assert text.accessibleName().startswith("Take 1: She counted.")


def test_text_that_is_taken_back_takes_the_keyboard_back(text: SentenceText, qtbot: QtBot) -> None:
    text.setFocus()
    for _ in range(2):
        qtbot.keyClick(text, Qt.Key.Key_Right)
    text.set_pieces(PIECES[:2], 1, is_growing=True)
    with qtbot.waitSignal(text.sentence_chosen) as chosen:
        qtbot.keyClick(text, Qt.Key.Key_Return)
    assert chosen.args == [0]
    text.set_pieces((), 0, is_growing=True)
    with qtbot.assertNotEmitted(text.sentence_chosen):
        qtbot.keyClick(text, Qt.Key.Key_Return)


# -- growing -------------------------------------------------------------------------------------------------------


def test_the_height_follows_in_small_steps(text: SentenceText, qtbot: QtBot) -> None:
    qtbot.wait(300)
    start = text.height()
    heights: list[int] = []
    long = (*PIECES[:3], "And on it went. " * 40)
    text.set_pieces(long, 4, is_growing=True)
    assert text.height() == start  # not yet
    goal = text.sizeHint().height()
    assert goal > start + 100
    growth = text.findChild(QVariantAnimation)
    growth.pause()  # the test's own clock
    for milliseconds in (10, 30, 60):
        growth.setCurrentTime(milliseconds)
        heights.append(text.height())
    assert start < heights[0] < heights[1] < heights[2] < goal
    growth.resume()
    qtbot.waitUntil(lambda: text.height() == goal)


def test_it_does_not_shrink_before_the_text_is_finished(text: SentenceText, qtbot: QtBot) -> None:
    qtbot.wait(300)
    height = text.height()
    text.set_pieces(PIECES[:1], 0, is_growing=True)
    qtbot.wait(300)
    assert text.height() == height
    text.set_pieces(PIECES[:1], 1, is_growing=False)
    qtbot.waitUntil(lambda: text.height() < height)


def test_there_is_room_before_the_first_word(text: SentenceText, qtbot: QtBot) -> None:
    text.set_pieces((), 0, is_growing=False)
    qtbot.wait(300)
    empty = text.height()
    text.set_pieces(("One. ", "Two, on the same line as One or the next."), 1, is_growing=True)
    qtbot.wait(300)
    assert text.height() == empty > 30


def test_another_width_is_followed_at_once(text: SentenceText, qtbot: QtBot) -> None:
    qtbot.wait(300)
    wide = text.height()
    text.parentWidget().resize(160, 500)
    qtbot.waitUntil(lambda: text.height() == text.sizeHint().height() > wide)
