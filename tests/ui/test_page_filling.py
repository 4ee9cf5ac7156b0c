"""A long text comes into the page in parts, and whatever happens meanwhile finds all of it."""

import random
from collections.abc import Callable

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.test_document_edit import assert_same, make
from writer.document.document import Document
from writer.ui import page_filling
from writer.ui.document_edit import DocumentEdit
from writer.ui.editor import Editor
from writer.ui.mirror import displayed
from writer.ui.theme import LIGHT

TEXT = "".join(f"Line {n} of a 😀 book,\r\nand what\u00a0follows it.\n\n" for n in range(100))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_filling, "_AT_ONCE_S", 0)
    for size in ("_SMALLEST", "_FIRST", "_LARGEST"):
        monkeypatch.setattr(page_filling, size, 300)


def half_filled(qtbot: QtBot, text: str = TEXT) -> tuple[Document, DocumentEdit]:
    document, editor = make(text)
    qtbot.addWidget(editor)
    assert 0 < editor.filled < 0.2
    return document, editor


def test_it_comes_by_itself_and_tells(qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    shares: list[float] = []
    editor.filling_progressed.connect(lambda: shares.append(editor.filled))
    qtbot.waitUntil(lambda: editor.filled == 1)
    assert_same(document, editor)
    assert len(shares) > 10
    assert shares == sorted(set(shares))
    assert document.revision == 0
    assert editor.caret == 0


def test_a_short_text_and_none_are_there_at_once(qtbot: QtBot) -> None:
    for text in ("", "One line.", "x" * 300):
        document, editor = make(text)
        qtbot.addWidget(editor)
        assert editor.filled == 1
        assert_same(document, editor)


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> Callable[..., None]:
    return lambda document, editor: QTest.keyClick(editor, key, modifiers)


def cut_without_a_key(document: Document, editor: DocumentEdit) -> None:
    editor.select(2, 40)
    editor.cut()


def delete_all(document: Document, editor: DocumentEdit) -> None:
    QTest.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(editor, Qt.Key.Key_Delete)


def compose(document: Document, editor: DocumentEdit) -> None:
    event = QInputMethodEvent()
    event.setCommitString("日本")
    QApplication.sendEvent(editor, event)


def paste(document: Document, editor: DocumentEdit) -> None:
    data = QMimeData()
    data.setText("two\nlines")
    editor.insertFromMimeData(data)


ACTS: dict[str, tuple[Callable[[Document, DocumentEdit], object], str]] = {
    "a letter": (press(Qt.Key.Key_X), "x" + TEXT),
    "a letter at the very end": (
        lambda document, editor: (editor.set_caret(len(TEXT)), QTest.keyClick(editor, Qt.Key.Key_X)),
        TEXT + "x",
    ),
    "a selection cut": (cut_without_a_key, TEXT[:2] + TEXT[40:]),
    "all deleted": (delete_all, ""),
    "a composition": (compose, "日本" + TEXT),
    "a paste": (paste, "two\nlines" + TEXT),
    "another edit of the document at its end": (
        lambda document, editor: document.replace(len(TEXT) - 5, len(TEXT), "END"),
        TEXT[:-5] + "END",
    ),
    "another edit of the document at its beginning": (
        lambda document, editor: document.replace(0, 5, ""),
        TEXT[5:],
    ),
    "another edit in the middle of what is there": (
        lambda document, editor: document.replace(100, 150, "HERE"),
        TEXT[:100] + "HERE" + TEXT[150:],
    ),
    "another edit over the end of what is there": (
        lambda document, editor: document.replace(200, 500, ""),
        TEXT[:200] + TEXT[500:],
    ),
    "an edit taken back": (
        lambda document, editor: (document.replace(3, 900, ""), editor.undo()),
        TEXT,
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_happens_meanwhile_finds_the_whole_text(name: str, qtbot: QtBot) -> None:
    act, text = ACTS[name]
    document, editor = half_filled(qtbot)
    act(document, editor)
    assert document.text == text
    qtbot.waitUntil(lambda: editor.filled == 1)
    assert document.text == text
    assert_same(document, editor)


@pytest.mark.parametrize("seed", range(20))
def test_any_edits_between_the_parts(seed: int, qtbot: QtBot) -> None:
    chance = random.Random(seed)
    document, editor = half_filled(qtbot)

    def place() -> int:
        return chance.randint(0, len(document) - editor._filling.n_left)

    while editor.filled < 1:
        match chance.randrange(6):
            case 0:
                editor.select(place(), place())
                QTest.keyClick(editor, chance.choice((Qt.Key.Key_X, Qt.Key.Key_Return, Qt.Key.Key_Backspace)))
            case 1:
                editor.select(*sorted((place(), place())))
                editor.cut()
            case 2:
                cursor = editor.textCursor()
                cursor.movePosition(cursor.MoveOperation.End)
                editor.setTextCursor(cursor)
                QTest.keyClicks(editor, "at the end")
            case 3:
                paste(document, editor)
            case 4:
                (editor.undo if chance.random() < 0.1 else editor.copy)()
            case 5:
                editor._filling.go_on(chance.randrange(1, 400))
        page = editor.document().toRawText()
        assert page == displayed(document.text)[: len(page)]
        assert len(page) == len(document) - editor._filling.n_left
    assert_same(document, editor)
    while document.undo():
        pass
    assert document.text == TEXT
    assert_same(document, editor)


@pytest.mark.parametrize("anchor_share", [0.0, 1.0])
def test_a_caret_where_the_next_part_comes_stays_there(anchor_share: float, qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    n_there = len(editor.document().toRawText())
    cursor = editor.textCursor()
    cursor.movePosition(cursor.MoveOperation.End)
    if anchor_share == 0:
        cursor.setPosition(0, cursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    before = editor.selection
    assert before[1] == n_there
    qtbot.waitUntil(lambda: editor.filled == 1)
    assert editor.selection == before
    assert_same(document, editor)


def test_another_document_may_take_its_place(qtbot: QtBot) -> None:
    _, editor = half_filled(qtbot)
    other = Document("A short one.")
    editor.set_document(other)
    qtbot.wait(20)
    assert editor.filled == 1
    assert_same(other, editor)


def test_scrolling_and_another_face_meanwhile(qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    editor.show()
    bar = editor.verticalScrollBar()
    while editor.filled < 1:
        bar.setValue(bar.maximum())
        editor.set_point_size(editor.point_size + (1 if editor.point_size < 20 else -5))
        editor.grab()
        qtbot.wait(1)
    bar.setValue(bar.maximum())
    assert_same(document, editor)
    whole = DocumentEdit(document, editor._theme)
    whole.resize(editor.size())
    qtbot.addWidget(whole)
    whole.set_point_size(editor.point_size)
    whole.set_caret(len(TEXT))
    whole.set_caret(0)
    whole.show()
    whole.verticalScrollBar().setValue(whole.verticalScrollBar().maximum())
    assert whole.grab().toImage() == editor.grab().toImage()


def test_all_is_selected_however_it_is_asked_for(qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    editor.selectAll()
    assert editor.selection == (0, len(document))


def test_an_edit_waits_for_no_more_than_it_reaches(qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    share = editor.filled
    document.replace(3, 5, "and")
    QTest.keyClick(editor, Qt.Key.Key_X)
    assert editor.filled == share


def test_the_page_begins_where_it_is_put(qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    editor.show()
    place = document.text.index("Line 77 ")
    editor.set_top(place)
    assert document.slice(editor.top, editor.top + 8) == "Line 77 "
    qtbot.waitUntil(lambda: editor.filled == 1)
    assert document.slice(editor.top, editor.top + 8) == "Line 77 "
    editor.set_top(0)
    assert (editor.top, editor.verticalScrollBar().value()) == (0, 0)


@pytest.mark.parametrize("height", [400, 110])
def test_what_comes_below_moves_nothing_above(height: int, qtbot: QtBot) -> None:
    _, editor = half_filled(qtbot)
    editor.resize(700, height)
    editor.show()
    bar = editor.verticalScrollBar()
    bar.setValue(bar.maximum())
    before = bar.value()
    qtbot.waitUntil(lambda: editor.filled == 1)
    assert bar.value() == before


def test_a_ghost_out_of_sight_moves_nothing(qtbot: QtBot) -> None:
    document = Document("x\n" + TEXT)
    editor = Editor(document, LIGHT)
    qtbot.addWidget(editor)
    editor.resize(700, 200)
    editor.show()
    editor.set_caret(1)
    editor.show_ghost("and more words that need room " * 6)
    bar = editor.verticalScrollBar()
    bar.setValue(250)
    place = editor.top
    qtbot.waitUntil(lambda: editor.filled == 1)
    assert editor.ghost
    assert (bar.value(), editor.top) == (250, place)


def test_a_caret_at_the_end_of_what_is_there_is_told_no_moves_and_one_word_is_one_step(qtbot: QtBot) -> None:
    document, editor = half_filled(qtbot)
    cursor = editor.textCursor()
    cursor.movePosition(cursor.MoveOperation.End)
    editor.setTextCursor(cursor)
    QTest.keyClicks(editor, "wo")
    moves: list[int] = []
    editor.caret_moved.connect(moves.append)
    editor._filling.go_on(50)
    assert moves == []
    QTest.keyClicks(editor, "rd")
    document.undo()
    assert document.text == TEXT
