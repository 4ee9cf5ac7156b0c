"""A key paints the rows that it changed again: all of them, and no others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QInputMethodEvent, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.document.document import Document
from writer.document.provenance import Author
from writer.ui.editor import Editor
from writer.ui.theme import LIGHT

PROSE = "It was late when the ferry came in, and nobody had seen it. " * 8
OF_LIKE_WIDTH = str.maketrans("123456789", "234567891")  # figures are equally wide
HEBREW, ISOLATE, OVERRIDE = "\u05d0\u05d1 ", "\u2067", "\u202e"


pytestmark = pytest.mark.usefixtures("steady_caret")


class PaintedRows(QObject):
    """Counts the pixels that the page's updates reach from top to bottom."""

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self.height = 0
        editor.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.height = max(self.height, event.rect().height())
        return False


def make(text: str) -> tuple[Document, Editor]:
    document = Document(text)
    editor = Editor(document, LIGHT)
    editor.resize(600, 700)
    editor.show()
    QApplication.processEvents()
    return document, editor


def what_is_on_the_screen_is_what_there_is(editor: Editor) -> bool:
    """Right of where the column begins: Qt cuts off what letters reach out to the left, but only once a paragraph has
    colours, and in all of its rows then."""
    QApplication.processEvents()
    shown = editor.screen().grabWindow(editor.winId(), 0, 0, editor.width(), editor.height())
    column = editor.rect().adjusted(editor._layout.metrics.left, 0, 0, 0)
    return bool(shown.copy(column).toImage() == editor.grab(column).toImage())


def compose(editor: Editor, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QApplication.sendEvent(editor, event)


def paste(editor: Editor, text: str) -> None:
    data = QMimeData()
    data.setText(text)
    editor.insertFromMimeData(data)


EDITS = st.one_of(
    st.tuples(st.just("type"), st.sampled_from("abcijkl .,W")),
    st.tuples(st.just("press"), st.sampled_from([Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Return])),
    st.tuples(st.just("paste"), st.sampled_from(["word", " a few words", HEBREW, ISOLATE, OVERRIDE, "😀", "e\u0301"])),
    st.tuples(st.just("replace"), st.integers(1, 150)),
    st.tuples(
        st.just("compose"), st.sampled_from(["ni", "a longer one", "more words than find room in a row " * 3, ""])
    ),
    st.tuples(st.just("model"), st.sampled_from(["word ", HEBREW, "a\nb"])),
    st.tuples(st.just("back"), st.booleans()),
)
PIECES = st.sampled_from(["late ", "when the ", "ferry-boat ", "i", HEBREW, OVERRIDE, "(a) ", "😀 ", "\u2028", "\n"])


@settings(max_examples=40, deadline=None)
@given(
    before=st.lists(PIECES, max_size=4).map("".join),
    after=st.lists(PIECES, max_size=4).map("".join),
    places=st.lists(st.floats(0, 1), min_size=8, max_size=8),
    edits=st.lists(EDITS, min_size=1, max_size=8),
)
def test_the_screen_shows_every_edit_in_full(
    before: str, after: str, places: list[float], edits: list[tuple[str, object]], qapp: QApplication
) -> None:
    document, editor = make(before + PROSE[:200] + "16 of 34 and 19 " * 9 + after + "\nThe end.")
    try:
        for (kind, what), place in zip(edits, places, strict=False):
            at = int(place * len(document))
            if kind != "back" or what:
                editor.set_caret(at)
            match kind, what:
                case "type", str():
                    QTest.keyClicks(editor, what)
                case "press", Qt.Key():
                    QTest.keyClick(editor, what)
                case "paste", str():
                    paste(editor, what)
                case "replace", int():
                    end = min(at + what, len(document))
                    document.replace(at, end, document.slice(at, end).translate(OF_LIKE_WIDTH))
                case "compose", str():
                    for preedit in (what, what[::-1]):
                        compose(editor, preedit)
                        assert what_is_on_the_screen_is_what_there_is(editor)
                    compose(editor, "", what[:3])
                case "model", str():
                    document.replace(at, at, what, Author.MODEL, "g")
                case _:
                    editor.undo()
            assert what_is_on_the_screen_is_what_there_is(editor), (kind, what)
    finally:
        editor.deleteLater()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_letter_in_a_long_paragraph_paints_its_row(share: float, qtbot: QtBot) -> None:
    document, editor = make(PROSE.strip())
    qtbot.addWidget(editor)
    editor.set_caret(int(share * len(document)))
    QApplication.processEvents()
    painted = PaintedRows(editor)
    QTest.keyClicks(editor, "i")
    QApplication.processEvents()
    assert len(document) == len(PROSE.strip()) + 1
    assert 0 < painted.height <= 3 * editor._layout.metrics.line_height  # with half a row above and below


def test_a_paragraph_that_turns_round_is_painted_whole(qtbot: QtBot) -> None:
    document, editor = make(PROSE.strip())
    qtbot.addWidget(editor)
    painted = PaintedRows(editor)
    paste(editor, HEBREW)
    assert what_is_on_the_screen_is_what_there_is(editor)
    assert painted.height > 6 * editor._layout.metrics.line_height
    painted.height = 0
    editor.undo()
    assert document.text == PROSE.strip()
    assert what_is_on_the_screen_is_what_there_is(editor)
    assert painted.height > 6 * editor._layout.metrics.line_height


def test_rows_that_are_replaced_by_others_of_the_same_breaks_are_painted(qtbot: QtBot) -> None:
    document, editor = make("it was 1234 of 56789 " * 20)
    qtbot.addWidget(editor)
    document.replace(100, 300, document.slice(100, 300).translate(OF_LIKE_WIDTH))
    assert what_is_on_the_screen_is_what_there_is(editor)


def test_a_composition_of_rows_that_becomes_another_of_equal_length_is_painted_whole(qtbot: QtBot) -> None:
    _, editor = make("")
    qtbot.addWidget(editor)
    preedit = "it was 1234 of 56789 " * 20
    for shown in (preedit, preedit.translate(OF_LIKE_WIDTH)):
        compose(editor, shown)
        assert what_is_on_the_screen_is_what_there_is(editor)
