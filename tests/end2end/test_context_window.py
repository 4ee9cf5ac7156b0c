"""What the model keeps in mind, in a real window: notes, the horizon, each token that it sees, a loop that is cut."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import wait_saved
from tests.end2end.open_starter import LONG_MS, STORY, OpenStarter
from writer.assist.context import Origin
from writer.assist.context_notes import ContextNotes, LoreEntry
from writer.assist.suggestion_options import AS_SET
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.ui.main_window import MainWindow

OpenWindow = Callable[[str], MainWindow]


def test_notes_reach_the_model_and_come_back_with_the_file(
    open_starter: OpenStarter, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text(STORY, encoding="utf-8")
    window = open_starter(path)
    lore = LoreEntry("1", "The keeper", ("keeper",), "The keeper is called Elias Moor.")
    notes = ContextNotes(memory="A village in 1911.", authors_note="Quiet.", lore=(lore,))
    window.context_panel.set_notes(notes)
    window.context_panel.notes_changed.emit(notes)
    assert window.files.document.modified
    context = window.writing.contexts.context_at(len(STORY))
    assert context is not None
    origins = [part.origin for part in context.parts]
    assert origins[:2] == [Origin.MEMORY, Origin.LORE]
    assert {Origin.NOTE, Origin.TEXT} <= set(origins)
    window.context_panel.view_requested.emit()
    assert window.pages.currentWidget() is window.pages.context
    QTest.keyClick(window.pages.context, Qt.Key.Key_Escape)
    assert window.pages.is_text_shown
    window.editor.select(3, 20)
    window.context_panel.pin_requested.emit()
    assert [pin.text for pin in window.writing.contexts.notes.pins] == [STORY[3:20]]
    window.files.save()
    wait_saved(window, qtbot)
    window.close()

    later = open_starter(path)
    assert later.writing.contexts.notes.memory == "A village in 1911."
    assert later.context_panel.notes.lore == (lore,)
    assert [pin.text for pin in later.context_panel.notes.pins] == [STORY[3:20]]


def test_pinning_follows_the_selection(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window("Tyger Tyger, burning bright,")
    pin = window.context_panel.findChild(QPushButton, "pinSelection")
    assert not pin.isEnabled()
    for unselect in (
        lambda: QTest.keyClick(window.editor, Qt.Key.Key_Right),
        lambda: QTest.keyClick(window.editor, Qt.Key.Key_X),
        lambda: window.files.new("Another page"),
    ):
        window.editor.select(0, 5)
        assert pin.isEnabled()
        unselect()
        assert not pin.isEnabled()


def test_the_model_writes_no_authors_note_of_its_own(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY.rstrip(), continue_goal=AS_SET)
    wish = GenerationConfig(max_new_tokens=16, seed=5, logit_bias=(("[Author's note:", 60.0),))
    window.sampling.set_config(wish)

    def written() -> str:
        window.editor.set_caret(len(window.files.document))
        before = window.files.document.text
        window.writing.continue_at_caret()
        qtbot.waitUntil(lambda: not window.writing.is_busy, timeout=LONG_MS)
        return window.files.document.text[len(before) :]

    assert "Author's note" in written(), "without a note it is words like others"
    window.files.document.set_notes({"authors_note": "Quiet."})
    assert window.writing.contexts.notes.authors_note
    assert "Author's note" not in written()


def test_the_horizon_shows_where_the_memory_begins(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY)
    qtbot.wait(600)
    assert window.editor.horizon is None
    window.files.new("\n".join([STORY * 4] * 30))
    window.editor.set_caret(len(window.files.document))
    qtbot.waitUntil(lambda: window.editor.horizon is not None, timeout=LONG_MS)
    horizon = window.editor.horizon
    assert horizon is not None
    context = window.writing.contexts.context_at(window.editor.caret)
    assert context is not None
    assert context.horizon == horizon
    assert window.files.document.slice(horizon, horizon + 9) == "It was a "


def test_the_text_is_read_while_the_writer_pauses(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY * 3)
    model = window.host.model
    assert model is not None
    context = window.writing.contexts.context_at(len(window.files.document))
    assert context is not None
    qtbot.waitUntil(lambda: tuple(model.cache.token_ids) == context.token_ids, timeout=LONG_MS)


def test_a_loop_is_cut_marked_and_can_be_brought_back(open_window: OpenWindow, qtbot: QtBot, poem: str) -> None:
    """The poem's model knows one thing to say, so it says the same stanza again when it is not let end."""
    window = open_window("")
    document, line = window.files.document, "In the forests of the night;\n"
    document.replace(0, 0, line * 3)
    window.editor.set_caret(len(document))
    config = GenerationConfig(temperature=0, top_p=1.0, max_new_tokens=400, min_new_tokens=400)
    window.sampling.set_config(dataclasses.replace(config, repetition_penalty=1.0))
    assert window.writing.options.continue_goal == AS_SET
    window.writing.continue_at_caret()
    qtbot.waitUntil(lambda: bool(window.editor.marks), timeout=LONG_MS)
    window.writing.stop()
    text, mark = document.text, window.editor.marks[0]
    assert "round in circles" in mark.tooltip
    window.editor.mark_clicked.emit(mark.id)
    assert len(document) > len(text)
    assert not window.editor.marks
    window.editor.undo()
    assert document.text == text
    while document.can_undo:
        window.editor.undo()
    assert document.text == ""
    assert all(span.author is Author.HUMAN for span in document.spans())
