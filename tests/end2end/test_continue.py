"""One press of Continue, from the key to the page and back, in a real window with a real small model."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import user_paths
from writer.ui.generation import State
from writer.ui.main_window import MainWindow

OpenWindow = Callable[[str], MainWindow]
GREEDY = GenerationConfig(temperature=0, top_p=1.0, max_new_tokens=100)


def test_the_poem_is_recited_at_int8(open_window: OpenWindow, poem: str, poem_home: Path, qtbot: QtBot) -> None:
    first_line = poem.partition("\n")[0]
    window = open_window(first_line)
    assert window.host.model is not None
    assert Precision.INT8 in window.host.model.installed.manifest.precisions
    window.sampling.set_config(GREEDY)
    with qtbot.waitSignal(window.generation.finished, timeout=60_000):
        QTest.keyClick(window.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.generation.state is State.IDLE)
    document = window.files.document
    assert document.text == poem
    spans = [(span.author, document.slice(span.start, span.end)) for span in document.spans()]
    assert spans == [(Author.HUMAN, first_line), (Author.MODEL, poem[len(first_line) :])]
    record = document.generations[list(document.spans())[1].generation or ""]
    assert (record.model_id, record.precision) == ("poem", "int8")
    assert record.model_hash == window.host.model.installed.manifest.precisions[Precision.INT8].sha256
    read = window.host.model.tokenizer.encode(first_line)
    assert record.context_hash == hashlib.sha256(b"".join(i.to_bytes(4, "little") for i in read)).hexdigest()
    assert record.settings["temperature"] == 0
    assert record.seed is not None
    assert window.editor.caret == len(poem)
    window.editor.undo()
    assert document.text == first_line
    window.editor.redo()
    assert document.text == poem


def start_endless(window: MainWindow, qtbot: QtBot) -> None:
    endless = dataclasses.replace(GREEDY, temperature=2.0, max_new_tokens=4096, min_new_tokens=4096)
    window.sampling.set_config(endless)
    window.menus.continue_writing.trigger()
    n_before = len(window.files.document)
    qtbot.waitUntil(lambda: len(window.files.document) > n_before + 10, timeout=60_000)
    assert window.generation.state is State.WRITING


def assert_silent(window: MainWindow, qtbot: QtBot) -> None:
    assert window.generation.state is State.IDLE
    text = window.files.document.text
    qtbot.wait(120)
    assert window.files.document.text == text


def test_escape_stops_at_once(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger")
    start_endless(window, qtbot)
    QTest.keyClick(window.editor, Qt.Key.Key_Escape)
    assert_silent(window, qtbot)
    window.editor.undo()
    assert window.files.document.text == "Tyger Tyger"


def test_the_button_continues_and_stops(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger")
    button = window.actions_bar.button
    assert isinstance(button, QPushButton)
    assert button.text() == "Continue"
    start_endless(window, qtbot)
    assert button.text() == "Stop"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert_silent(window, qtbot)
    assert button.text() == "Continue"


def test_nothing_is_written_behind_another_page(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger")
    window.show_guide()
    assert not window.pages.is_text_shown
    start_endless(window, qtbot)
    assert window.pages.is_text_shown
    assert window.editor.hasFocus()
    window.writing.stop()


def test_typing_stops_and_the_key_is_not_lost(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger")
    start_endless(window, qtbot)
    QTest.keyClick(window.editor, Qt.Key.Key_Q)
    assert_silent(window, qtbot)
    assert window.files.document.text.endswith("q")
    window.editor.undo()
    assert not window.files.document.text.endswith("q")


def test_undo_in_the_middle_stops_and_takes_all_of_it_back(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger")
    start_endless(window, qtbot)
    window.editor.undo()
    assert_silent(window, qtbot)
    assert window.files.document.text == "Tyger Tyger"


def test_an_empty_page_is_told_in_words(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("")
    window.menus.continue_writing.trigger()
    qtbot.waitUntil(lambda: bool(window.notices.message))
    assert window.notices.message == "There is nothing to continue yet."
    assert window.generation.state is State.IDLE


def test_a_suggestion_that_is_asked_for_comes_or_its_reason_is_told(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger, burn and more")
    window.activateWindow()
    window.editor.set_caret(len("Tyger Tyger, burn"))
    window.rail.open("sampling")
    suggest = next(action for action in window.findChildren(QAction) if action.text() == "Sugg&est here")
    suggest.trigger()
    assert window.notices.message == "Ghost text is shown only at the end of a paragraph."
    assert window.editor.hasFocus()
    window.editor.set_caret(0)
    assert not window.notices.message, "the writer has gone on"
    window.files.document.replace(len("Tyger Tyger, burn"), len(window.files.document), "")
    window.editor.set_caret(len(window.files.document))
    suggest.trigger()
    qtbot.waitUntil(lambda: window.editor.ghost.startswith("ing"), timeout=60_000)
    assert not window.notices.message


def test_a_new_document_in_the_middle_gets_none_of_the_old_ones_words(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger")
    start_endless(window, qtbot)
    window.files.document.mark_saved()
    window.generation.stop()
    window.files.document.mark_saved()
    window.files.new("Another page")
    assert_silent(window, qtbot)
    assert window.files.document.text == "Another page"


def test_settings_survive_the_window(open_window: OpenWindow, writer_home: Path, qtbot: QtBot) -> None:
    window = open_window("text")
    assert window.rail.current == "about"
    QTest.mouseClick(window.about.findChild(QPushButton, "acknowledge"), Qt.MouseButton.LeftButton)
    assert window.rail.current is None
    QTest.mouseClick(window.sampling.findChild(QPushButton, "preset-wild"), Qt.MouseButton.LeftButton)
    wild = window.sampling.config
    window.files.document.mark_saved()
    window.close()
    again = open_window("text")
    assert again.rail.current is None
    assert again.sampling.config == wild


def test_a_damaged_model_leaves_a_page_to_write_on(open_window: OpenWindow, writer_home: Path, qtbot: QtBot) -> None:
    window = open_window("My text")
    store = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)
    graph = store.get("poem").graph()
    graph.write_bytes(graph.read_bytes()[:1000])
    window.switcher.begin("", "")
    qtbot.waitUntil(lambda: bool(window.notices.message), timeout=60_000)
    assert "poem is damaged" in window.notices.message
    QTest.keyClicks(window.editor, " goes on")
    assert window.files.document.text == "My text goes on"
    # The model that was read before the damage speaks on.
    window.menus.continue_writing.trigger()
    qtbot.waitUntil(lambda: window.generation.state is State.WRITING, timeout=60_000)
