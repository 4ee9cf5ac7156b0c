"""A text field over a document: what it shows, copies, follows and takes back."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.assist.ghost import Action
from writer.document.document import Document
from writer.document.files.encoding import TextFormat, decode, encode
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run
from writer.ui.document_edit import DocumentEdit
from writer.ui.mirror import displayed
from writer.ui.theme import LIGHT


def make(text: str = "") -> tuple[Document, DocumentEdit]:
    document = Document(text)
    editor = DocumentEdit(document, LIGHT)
    editor.resize(700, 400)
    return document, editor


def assert_same(document: Document, editor: DocumentEdit) -> None:
    assert editor.document().toRawText() == displayed(document.text)
    assert 0 <= editor.caret <= len(document)


def test_what_the_page_cannot_show_is_saved_as_it_came(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    data = "a\u00a0b\u2028c\r\nd\ne\rf\u200bg\ufffc😀\n".encode()
    path.write_bytes(data)
    loaded = decode(path.read_bytes(), path.name)
    document, editor = make(loaded.text)
    qtbot.addWidget(editor)
    QTest.keyClick(editor, Qt.Key.Key_X)
    path.write_bytes(encode(document.text, loaded.format))
    assert path.read_bytes() == b"x" + data


@pytest.mark.skipif(sys.platform == "darwin", reason="Alt is there for typing")
@pytest.mark.parametrize("key", ["j", "]", "[", "1"])
def test_a_letter_with_alt_is_not_typed(key: str, qtbot: QtBot) -> None:
    document, editor = make("one")
    qtbot.addWidget(editor)
    QTest.keyClick(editor, key, Qt.KeyboardModifier.AltModifier)
    assert document.text == "one"
    both = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(editor, key, both)  # AltGr on Windows, which is there for typing
    assert document.text == f"{key}one"


def test_copy_gives_the_documents_own_characters(qtbot: QtBot) -> None:
    document, editor = make("one\u00a0two\nthree")
    qtbot.addWidget(editor)
    editor.selectAll()
    editor.copy()
    assert QApplication.clipboard().text() == document.text


HUMAN, MODEL = Author.HUMAN, Author.MODEL


def test_what_the_model_wrote_stays_the_models_wherever_it_is_put(qtbot: QtBot) -> None:
    document, editor = make("")
    qtbot.addWidget(editor)
    document.add_generation(GenerationRecord("g", "starter"))
    document.replace(0, 0, "one \N{PARTY POPPER} three", runs=[Run(4, HUMAN), Run(7, MODEL, "g")])
    editor.select(2, 9)
    editor.cut()
    assert document.text == "onee"
    editor.set_caret(0)
    editor.paste()
    assert document.text == "e \N{PARTY POPPER} thronee"
    assert document.runs() == [(2, HUMAN, None), (5, MODEL, "g"), (2, HUMAN, None), (2, MODEL, "g")]
    editor.undo()
    editor.undo()
    assert document.runs() == [(4, HUMAN, None), (7, MODEL, "g")]
    editor.redo()
    editor.redo()
    editor.select(0, 1)
    editor.paste()  # over what begins like it
    assert document.text == "e \N{PARTY POPPER} thr \N{PARTY POPPER} thronee"
    assert document.runs(0, 13) == [(2, HUMAN, None), (5, MODEL, "g"), (1, HUMAN, None), (5, MODEL, "g")]
    other, elsewhere = make("")
    qtbot.addWidget(elsewhere)
    elsewhere.paste()
    assert other.runs() == [(2, HUMAN, None), (5, MODEL, None)], "that text knows of no such generation"


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"nonsense",
        b"\xff",
        b"7",
        b"[[3]]",
        b'[[3, "nobody", null]]',
        b'[[2, "model", null]]',
        b'[[-1, "model", null], [4, "model", null]]',
        b'[["3", "model", null]]',
        b'[[3, "model", ["g"]]]',
        b'{"a": 1}',
    ],
)
def test_authorship_that_makes_no_sense_is_the_writers(told: bytes, qtbot: QtBot) -> None:
    document, editor = make("")
    qtbot.addWidget(editor)
    data = QMimeData()
    data.setText("one")
    data.setData("application/x-writer-authorship", told)
    editor.insertFromMimeData(data)
    assert document.runs() == [(3, HUMAN, None)]


def test_a_program_with_its_text_in_the_clipboard_ends_well() -> None:
    program = (
        "from writer.ui.app import make_application\n"
        "from writer.ui.document_edit import DocumentEdit\n"
        "from writer.ui.theme import LIGHT\n"
        "from writer.document.document import Document\n"
        "app = make_application([])\n"
        "page = DocumentEdit(Document('one two'), LIGHT)\n"
        "page.selectAll()\n"
        "page.copy()\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_typed_is_for_the_writer_alone(qtbot: QtBot) -> None:
    document, editor = make("one")
    qtbot.addWidget(editor)
    with qtbot.assertNotEmitted(editor.typed):
        document.replace(3, 3, " two", Author.MODEL)
    with qtbot.waitSignal(editor.typed):
        QTest.keyClick(editor, Qt.Key.Key_A)


def test_the_caret_stays_with_the_writer_and_goes_along_at_the_growing_end(qtbot: QtBot) -> None:
    document, editor = make("one two")
    qtbot.addWidget(editor)
    editor.set_caret(3)
    document.replace(7, 7, " three", Author.MODEL)
    assert editor.caret == 3
    document.replace(0, 0, "😀 ", Author.MODEL)
    assert editor.caret == 5
    editor.set_caret(len(document))
    document.replace(len(document), len(document), " four", Author.MODEL)
    assert editor.caret == len(document)


def test_generated_text_is_tinted_and_what_is_typed_into_it_is_not(qtbot: QtBot) -> None:
    document, editor = make("😀 plain ")
    qtbot.addWidget(editor)
    document.replace(8, 8, "tinted", Author.MODEL)
    editor.set_caret(11)
    QTest.keyClicks(editor, "xy")
    assert document.text == "😀 plain tinxyted"
    block = editor.document().firstBlock()
    assert editor._generated_ranges(block) == [(9, 3), (14, 3)]


def test_streaming_scrolls_only_when_the_end_is_in_view(qtbot: QtBot) -> None:
    document, editor = make("line\n" * 200)
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(len(document))
    bar = editor.verticalScrollBar()
    assert bar.value() > 0
    for _ in range(5):
        document.replace(len(document), len(document), "more\nand more\n", Author.MODEL)
    assert editor.viewport().rect().contains(editor.cursorRect().center())
    bar.setValue(0)
    document.replace(len(document), len(document), "again\n", Author.MODEL)
    assert bar.value() == 0


def test_only_what_is_seen_is_laid_out(qtbot: QtBot) -> None:
    document, editor = make("A paragraph of a few words.\n" * 20_000)
    qtbot.addWidget(editor)
    editor.show()
    middle = len(document) // 2
    editor.set_caret(middle)
    QTest.keyClicks(editor, "some words")
    qtbot.wait(50)
    assert editor._layout._heights.n_measured < 200
    assert document.slice(middle, middle + 10) == "some words"
    assert_same(document, editor)


def test_a_click_below_the_text_goes_to_its_end(qtbot: QtBot) -> None:
    document, editor = make("one\ntwo")
    qtbot.addWidget(editor)
    editor.show()
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(600, 390))
    assert editor.caret == len(document)


@pytest.mark.parametrize("index", [0, 5, 40, 99])
def test_a_place_on_the_page_is_the_place_in_the_text(index: int, qtbot: QtBot) -> None:
    _, editor = make("the quick brown fox 😀 jumps over the lazy dog and never looks back\n" * 3)
    qtbot.addWidget(editor)
    editor.show()
    editor.set_caret(index)
    rect = editor.cursorRect()
    assert editor._map.to_code_point(editor.cursorForPosition(rect.center()).position()) == index


def test_a_narrower_page_keeps_the_words_at_the_top(qtbot: QtBot) -> None:
    _, editor = make("\n".join(f"Paragraph {n} has some words that fill more than one line of it." for n in range(400)))
    qtbot.addWidget(editor)
    editor.show()
    editor.verticalScrollBar().setValue(6000)
    before = editor.cursorForPosition(QPoint(60, 4)).block().blockNumber()
    editor.resize(420, 400)
    qtbot.wait(20)
    assert abs(editor.cursorForPosition(QPoint(60, 4)).block().blockNumber() - before) <= 1


def test_another_document_comes_with_its_own_undo(qtbot: QtBot) -> None:
    _, editor = make("one")
    qtbot.addWidget(editor)
    QTest.keyClick(editor, Qt.Key.Key_A)
    second = Document("two")
    editor.set_document(second)
    editor.undo()
    assert_same(second, editor)
    QTest.keyClick(editor, Qt.Key.Key_B)
    assert second.text == "btwo"
    editor.undo()
    assert second.text == "two"


def test_the_format_of_an_empty_page(qtbot: QtBot, tmp_path: Path) -> None:
    document, editor = make()
    qtbot.addWidget(editor)
    editor.show()
    (tmp_path / "empty.txt").write_bytes(encode(document.text, TextFormat()))
    assert (tmp_path / "empty.txt").read_bytes() == b""


def test_undo_puts_the_selection_back_that_a_key_replaced(qtbot: QtBot) -> None:
    document, editor = make("Once 😀 upon a time")
    qtbot.addWidget(editor)
    editor.select(13, 5)
    QTest.keyClicks(editor, "xy")
    assert document.text == "Once xy time"
    assert editor.selection == (7, 7)
    editor.undo()
    assert document.text == "Once 😀 upon a time"
    cursor = editor.textCursor()
    assert editor.selection == (5, 13)
    assert cursor.position() < cursor.anchor()
    editor.redo()
    assert editor.selection == (7, 7)


def test_undo_of_what_the_model_wrote_returns_to_where_the_writer_was(qtbot: QtBot) -> None:
    document, editor = make("one two three")
    qtbot.addWidget(editor)
    editor.select(4, 7)
    with document.group("Continue", Author.MODEL):
        document.replace(13, 13, " and", Author.MODEL, "g")
        document.replace(17, 17, " more", Author.MODEL, "g")
    editor.set_caret(0)
    editor.undo()
    assert editor.selection == (4, 7)


def test_the_last_action_is_what_the_writer_did(qtbot: QtBot) -> None:
    document, editor = make("one two")
    qtbot.addWidget(editor)
    seen: list[Action] = []
    editor.typed.connect(lambda: seen.append(editor.last_action))
    editor.caret_moved.connect(lambda _: seen.append(editor.last_action))

    def latest() -> Action:
        """The same for whoever was told while it happened."""
        assert set(seen) <= {editor.last_action}
        seen.clear()
        return editor.last_action

    assert latest() is Action.OTHER
    editor.set_caret(3)
    assert latest() is Action.MOVED
    QTest.keyClick(editor, Qt.Key.Key_A)
    assert latest() is Action.TYPED
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    assert latest() is Action.DELETED
    QTest.keyClick(editor, Qt.Key.Key_Left)
    assert latest() is Action.MOVED
    editor.undo()
    assert latest() is Action.UNDONE
    editor.redo()
    assert latest() is Action.UNDONE
    event = QInputMethodEvent()
    event.setCommitString("é")
    QApplication.sendEvent(editor, event)
    assert latest() is Action.TYPED
    data = QMimeData()
    data.setText("pasted")
    editor.insertFromMimeData(data)
    assert latest() is Action.OTHER
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert latest() is Action.TYPED
    document.replace(editor.caret, editor.caret, " words", Author.MODEL)
    assert latest() is Action.OTHER
    QTest.keyClick(editor, Qt.Key.Key_A)
    editor.set_document(Document("another"))
    assert editor.last_action is Action.OTHER


def test_an_undo_that_takes_nothing_back_is_no_action(qtbot: QtBot) -> None:
    _, editor = make("one")
    qtbot.addWidget(editor)
    editor.set_caret(2)
    editor.undo()
    assert editor.last_action is Action.MOVED


@pytest.mark.parametrize("inserted", ["\n", "\n\u2028", "one\ntwo \U0001f600\nthree " * 20, "long " * 200])
@pytest.mark.parametrize("place", [0, 7, 30])
def test_what_is_inserted_moves_what_is_below_it_by_its_height(inserted: str, place: int, qtbot: QtBot) -> None:
    document, editor = make("The first one.\nAnother \U0001f600 paragraph.\nThe last.")
    qtbot.addWidget(editor)
    editor.show()
    editor.grab()
    document.replace(place, place, inserted)
    fresh = DocumentEdit(document, LIGHT)
    qtbot.addWidget(fresh)
    fresh.resize(editor.size())
    fresh.show()
    areas = []
    for page in (editor, fresh):
        page.grab()
        layout, block = page.document().documentLayout(), page.document().begin()
        areas.append([])
        while block.isValid():
            areas[-1].append(layout.blockBoundingRect(block))
            block = block.next()
    assert areas[0] == areas[1]
