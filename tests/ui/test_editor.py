"""The widget and its document never differ, whatever is typed, pasted, composed, streamed or undone."""

from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QInputMethodEvent, QKeySequence, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.document.document import Document
from writer.document.files.encoding import TextFormat, decode, encode
from writer.document.provenance import Author
from writer.ui.editor import Editor
from writer.ui.mirror import displayed
from writer.ui.theme import LIGHT

TEXTS = st.text(st.sampled_from("ab 😀é\u00a0\n\u2028\u0301👩\u200d🚀"), max_size=8)


def make(text: str = "") -> tuple[Document, Editor]:
    document = Document(text)
    editor = Editor(document, LIGHT)
    editor.resize(700, 400)
    return document, editor


def assert_same(document: Document, editor: Editor) -> None:
    assert editor.document().toRawText() == displayed(document.text)
    assert 0 <= editor.caret <= len(document)


class EditorMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        assert QApplication.instance() is not None
        self.document, self.editor = make("Once 😀 upon\na time")
        self.editor.show()

    def teardown(self) -> None:
        self.editor.deleteLater()

    @rule(at=st.floats(0, 1), to=st.floats(0, 1))
    def select(self, at: float, to: float) -> None:
        cursor = self.editor.textCursor()
        end = self.editor.document().characterCount() - 1
        cursor.setPosition(int(at * end))
        cursor.setPosition(int(to * end), QTextCursor.MoveMode.KeepAnchor)
        # Qt itself never stops inside a pair of surrogates.
        if self.editor._map.to_utf16(self.editor._map.to_code_point(cursor.position())) == cursor.position():
            anchor = cursor.anchor()
            if self.editor._map.to_utf16(self.editor._map.to_code_point(anchor)) == anchor:
                self.editor.setTextCursor(cursor)

    @rule(text=st.text(st.sampled_from("abc ."), max_size=6))
    def type_keys(self, text: str) -> None:
        QTest.keyClicks(self.editor, text)

    @rule(
        key=st.sampled_from(
            [Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_Left, Qt.Key.Key_Up]
        )
    )
    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.editor, key)

    @rule(text=TEXTS)
    def paste(self, text: str) -> None:
        data = QMimeData()
        data.setText(text)
        self.editor.insertFromMimeData(data)

    @rule(preedit=TEXTS, commit=TEXTS)
    def compose(self, preedit: str, commit: str) -> None:
        QApplication.sendEvent(self.editor, QInputMethodEvent(preedit.replace("\n", ""), []))
        assert_same(self.document, self.editor)
        event = QInputMethodEvent()
        event.setCommitString(commit.replace("\n", ""))
        QApplication.sendEvent(self.editor, event)

    @rule(at=st.floats(0, 1), text=TEXTS)
    def stream(self, at: float, text: str) -> None:
        place = int(at * len(self.document))
        with self.document.group("Continue"):
            for c in text:
                self.document.replace(place, place, c, Author.MODEL, "g")
                place += 1

    @rule(back=st.booleans())
    def undo(self, back: bool) -> None:
        QTest.keySequence(self.editor, QKeySequence.StandardKey.Undo if back else QKeySequence.StandardKey.Redo)

    @invariant()
    def same(self) -> None:
        assert_same(self.document, self.editor)


@pytest.mark.usefixtures("qapp")
class TestEditor(EditorMachine.TestCase):  # type: ignore[misc,name-defined]
    pass


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


def test_copy_gives_the_documents_own_characters(qtbot: QtBot) -> None:
    document, editor = make("one\u00a0two\nthree")
    qtbot.addWidget(editor)
    editor.selectAll()
    editor.copy()
    assert QApplication.clipboard().text() == document.text


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
    assert int(editor._layout._laid.sum()) < 200
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
