"""What is in view: painted as it is wherever one scrolls, and in the same place when the view becomes smaller."""

import random
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.document.document import Document
from writer.ui.document_edit import DocumentEdit
from writer.ui.theme import LIGHT

pytestmark = pytest.mark.usefixtures("steady_caret")


def uneven(n_paragraphs: int) -> str:
    """Paragraphs of one row and of many, of narrow letters and of wide ones: many are estimated too high or too low."""
    lottery = random.Random(5)
    return "\n".join(
        " ".join([lottery.choice(["till", "moon"])] * (lottery.randint(20, 60) if n % 3 else 2))
        for n in range(n_paragraphs)
    )


def opened(qtbot: QtBot, text: str, width: int = 500, height: int = 400) -> DocumentEdit:
    editor = DocumentEdit(Document(text), LIGHT)
    qtbot.addWidget(editor)
    editor.resize(width, height)
    editor.show()
    qtbot.waitExposed(editor)
    editor._filling.finish()
    QApplication.processEvents()
    return editor


def on_screen(editor: DocumentEdit) -> QImage:
    """The text's part of the window as it has in truth been painted, by every partial update up to now."""
    QApplication.processEvents()
    viewport = editor.viewport()
    at = viewport.mapTo(editor, QPoint(0, 0))
    picture = editor.screen().grabWindow(editor.winId(), at.x(), at.y(), viewport.width(), viewport.height())
    return picture.toImage()


def assert_painted(editor: DocumentEdit) -> None:
    """A view that is painted anew looks as it did."""
    before = on_screen(editor)
    editor.viewport().update()
    assert on_screen(editor) == before


def turn_wheel_up(editor: DocumentEdit) -> None:
    place = QPointF(100, 100)
    button, modifier, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(place, place, QPoint(), QPoint(0, 120), button, modifier, phase, False)
    QApplication.sendEvent(editor.viewport(), event)


def drag_up(editor: DocumentEdit) -> None:
    """By most of the view, so that some of it moves on the screen."""
    bar = editor.verticalScrollBar()
    bar.setValue(bar.value() - editor.viewport().height() * 3 // 4)


@pytest.mark.parametrize("scroll_up", [turn_wheel_up, drag_up])
def test_what_comes_in_from_above_is_painted_once(scroll_up: Callable[[DocumentEdit], None], qtbot: QtBot) -> None:
    editor = opened(qtbot, uneven(1000), height=900)
    editor.set_caret(len(editor.document().toRawText()))
    lottery = random.Random(1)
    moved: list[int] = []
    editor._layout.shifted.connect(lambda y, delta: moved.append(y))
    for _ in range(30):
        for _ in range(lottery.randint(1, 9)):
            scroll_up(editor)
            if lottery.random() < 0.5:
                moved.clear()
                QApplication.processEvents()
                assert not moved  # or this moment's picture was not right, and the next one repaired it
        assert_painted(editor)


def test_a_wheel_turned_up_moves_what_is_in_sight_by_what_it_turns(qtbot: QtBot) -> None:
    editor = opened(qtbot, uneven(400))
    editor.set_caret(len(editor.document().toRawText()))
    QApplication.processEvents()
    step = 0
    for _ in range(100):
        seen = editor.cursorForPosition(QPoint(60, 200))
        before = editor.cursorRect(seen).top()
        turn_wheel_up(editor)
        QApplication.processEvents()
        step = step or editor.cursorRect(seen).top() - before
        assert editor.cursorRect(seen).top() - before == step > 0


@pytest.mark.parametrize("place", ["middle", "end"])
def test_heights_learned_above_the_view_move_nothing_in_it(place: str, qtbot: QtBot) -> None:
    editor = opened(qtbot, uneven(400))
    bar = editor.verticalScrollBar()
    bar.setValue(bar.maximum() // 2 if place == "middle" else bar.maximum())
    before, top, value = on_screen(editor), editor.top, bar.value()
    moved = []
    editor._layout.shifted.connect(lambda y, delta: moved.append(delta))
    block = editor.document().findBlockByNumber(20)
    for _ in range(60):
        editor._layout.row_top(block.position())
        block = block.next()
    assert min(moved) < 0 < max(moved)
    assert bar.value() == value + sum(moved)
    assert editor.top == top
    assert on_screen(editor) == before
    assert_painted(editor)


def test_paragraphs_that_go_above_a_view_of_the_end_move_nothing_in_it(qtbot: QtBot) -> None:
    editor = opened(qtbot, "A line.\n" * 400)
    editor.set_caret(8 * 400)
    before = on_screen(editor)
    editor._text_document.replace(0, 8 * 20, "")
    assert on_screen(editor) == before


def caret_is_in_sight(editor: DocumentEdit) -> bool:
    return editor.viewport().rect().contains(editor.cursorRect())


@pytest.mark.parametrize("size", [(500, 360), (500, 200), (330, 400), (330, 250), (900, 300)])
def test_the_carets_row_stays_in_sight_when_the_view_becomes_smaller(size: tuple[int, int], qtbot: QtBot) -> None:
    editor = opened(qtbot, uneven(400))
    for beginning in (0, 5000):
        editor.resize(500, 400)
        editor.set_top(beginning)
        QApplication.processEvents()
        row = editor._layout.metrics.line_height
        lowest = editor.cursorForPosition(QPoint(editor._layout.metrics.left + 5, editor.viewport().height() - row))
        editor.setTextCursor(lowest)
        assert caret_is_in_sight(editor)
        editor.resize(*size)
        assert caret_is_in_sight(editor)
        QApplication.processEvents()
        assert caret_is_in_sight(editor)
        assert_painted(editor)


@pytest.mark.parametrize("caret", [0, 5000])
def test_a_view_without_the_caret_stays_when_its_height_is_another(caret: int, qtbot: QtBot) -> None:
    editor = opened(qtbot, uneven(400))
    editor.set_caret(caret)
    bar = editor.verticalScrollBar()
    bar.setValue(bar.maximum() // 2 + 7)  # in the middle of a row
    QApplication.processEvents()
    value = bar.value()
    for height in (340, 200, 400):
        editor.resize(500, height)
        QApplication.processEvents()
        assert bar.value() == value


def test_a_view_that_cuts_the_carets_row_stays(qtbot: QtBot) -> None:
    editor = opened(qtbot, "A line.\n" * 400)
    editor.set_caret(8 * 200)
    bar, row = editor.verticalScrollBar(), editor._layout.metrics.line_height
    half_above = editor._layout.row_top(editor.textCursor().position()) + row // 2
    for value in (half_above, half_above - editor.viewport().height()):
        bar.setValue(value)
        editor.resize(500, 340)
        QApplication.processEvents()
        assert bar.value() == value
        editor.resize(500, 400)


def test_a_row_that_the_caret_was_followed_to_stays_in_sight(qtbot: QtBot) -> None:
    editor = opened(qtbot, "A line.\n" * 400)
    editor.set_caret(8 * 400)  # brings in the caret and no more, not the space below its row
    editor.resize(500, 340)
    assert caret_is_in_sight(editor)


@pytest.mark.parametrize("seed", [2, 8, 11])
def test_a_jump_anywhere_brings_the_row_into_sight(seed: int, qtbot: QtBot) -> None:
    """As from one place that was found to the next: nothing on the way has been measured."""
    lottery = random.Random(seed)
    words = ["i i i", "moon", "WWWW WWWW", "l" * 300, "WWWWWWWW" * 30]  # estimated far too high and far too low
    paragraphs = [" ".join([lottery.choice(words)] * (lottery.randint(1, 60) if n % 3 else 2)) for n in range(3000)]
    editor = opened(qtbot, "\n".join(paragraphs), width=900)
    places = [lottery.randrange(len(editor._text_document)) for _ in range(100)]
    for place in [*sorted(places[:50]), *places[50:]]:
        editor.select(place, min(place + 7, len(editor._text_document)))
        assert caret_is_in_sight(editor)
        QApplication.processEvents()
        assert caret_is_in_sight(editor)


@pytest.mark.parametrize("letter", ["i ", "WWW "])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_view_within_a_long_paragraph_stays_when_another_comes_after_it(
    letter: str, share: float, qtbot: QtBot
) -> None:
    """As while a long text still comes in: its end is not where it was estimated to be."""
    editor = opened(qtbot, "A line.\n" * 50 + letter * 5_000)
    editor.set_caret(400 + int(share * 5_000 * len(letter)))
    QApplication.processEvents()
    before = on_screen(editor)
    end = len(editor._text_document)
    editor._text_document.replace(end, end, "\nA line.")
    assert caret_is_in_sight(editor)
    assert on_screen(editor) == before
    assert_painted(editor)
