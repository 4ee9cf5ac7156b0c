"""The next-word strip: when it is filled, what a choice puts into the text, and what it leaves alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.writing_parts import WAIT_MS, Gate, assert_at_rest, by_model, shown_editor, wait_for_engine
from writer.assist.next_words import WordsFound
from writer.assist.suggestion_options import SuggestionOptions
from writer.document.document import Document
from writer.document.provenance import Author
from writer.models.loaded import LoadedModel
from writer.ui.context_keeper import ContextKeeper
from writer.ui.editor import Editor
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.word_strip import WordStrip
from writer.ui.word_suggesting import WordSuggesting
from writer.ui.worker import Worker

LINE = "Tyger Tyger, burning "
ON = SuggestionOptions(strip=True, own_words=0.0)
PAUSE_MS = 60  # longer than the strip waits


@dataclass
class Desk:
    """A page with its strip."""

    document: Document
    editor: Editor
    strip: WordStrip
    contexts: ContextKeeper
    suggesting: WordSuggesting
    is_busy: bool = False


OpenDesk = Callable[[str], Desk]


@pytest.fixture
def open_desk(worker: Worker, poem_model: LoadedModel, qtbot: QtBot) -> Iterator[OpenDesk]:
    """Opens a page on a text, with the caret at its end."""

    desks: list[Desk] = []

    def open_desk(text: str) -> Desk:
        document = Document(text)
        editor = shown_editor(document, qtbot)
        strip, contexts, words = WordStrip(editor), ContextKeeper(worker, lambda: False), OwnWordsKeeper(worker)
        suggesting = WordSuggesting(worker, editor, strip, contexts, words, lambda: desk.is_busy)
        desk = Desk(document, editor, strip, contexts, suggesting)
        contexts.set_model(poem_model)
        contexts.set_document(document)
        suggesting.set_model(poem_model)
        suggesting.set_document(document)
        suggesting.set_options(ON)
        desks.append(desk)
        return desk

    yield open_desk
    worker.close()  # before anything goes that hears of it: the binding crashes where a thread emits meanwhile
    desks.clear()


def type_keys(desk: Desk, text: str) -> None:
    for character in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(desk.editor, QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, character))


def wait_for_words(desk: Desk, worker: Worker, qtbot: QtBot) -> tuple[str, ...]:
    qtbot.wait(PAUSE_MS)
    wait_for_engine(worker, qtbot)
    return desk.strip.words


def expect_first(desk: Desk, word: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: desk.strip.words[:1] == (word,), timeout=WAIT_MS)


def test_a_choice_is_one_step_by_the_model_with_a_record(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    desk.strip.word_chosen.emit(0)
    document = desk.document
    assert document.text == LINE + "bright "
    assert by_model(document) == "ight "
    assert desk.editor.caret == len(document)
    assert document.undo_label == "Word"
    [record] = document.generations.values()
    assert (record.model_id, record.settings["temperature"]) == ("poem", 0.0)
    document.undo()
    assert document.text == LINE + "br"


def test_after_a_whole_word_the_next_one_is_put_in_with_a_space_before_it(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, burning")
    expect_first(desk, "bright", qtbot)
    wait_for_engine(worker, qtbot)
    gate = Gate(worker)
    type_keys(desk, "s")
    for wait_ms in (0, PAUSE_MS):  # before words for what stands there are looked for, and while they are
        qtbot.wait(wait_ms)
        assert desk.strip.words[0] == "bright"
        desk.suggesting.choose(0)
        assert by_model(desk.document) == "", "it was for another word"
    gate.open()
    desk.document.undo()
    desk.editor.set_caret(len(desk.document))
    expect_first(desk, "bright", qtbot)
    desk.suggesting.choose(0)
    assert desk.document.text == "Tyger Tyger, burning bright "
    assert by_model(desk.document) == " bright "
    assert desk.editor.caret == len(desk.document)
    desk.document.undo()
    assert desk.document.text == "Tyger Tyger, burning"


def test_the_words_of_one_sitting_share_a_record_and_another_document_has_its_own(
    open_desk: OpenDesk, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, bur")
    expect_first(desk, "burning", qtbot)
    desk.suggesting.choose(0)
    expect_first(desk, "bright", qtbot)
    desk.suggesting.choose(0)
    assert by_model(desk.document) == "ning bright "
    [record_id] = desk.document.generations
    assert {span.generation for span in desk.document.spans() if span.author is Author.MODEL} == {record_id}
    other = Document("Tyger Tyger, bur")
    desk.editor.set_document(other)
    desk.contexts.set_document(other)
    desk.suggesting.set_document(other)
    desk.editor.set_caret(len(other))
    expect_first(desk, "burning", qtbot)
    desk.suggesting.choose(0)
    assert len(desk.document.generations) == 1
    assert list(other.generations) != [record_id]
    assert by_model(other) == "ning "


def test_a_number_without_a_word_does_nothing(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("")
    never: list[str] = []
    desk.suggesting.never_requested.connect(never.append)
    assert wait_for_words(desk, worker, qtbot) == ()
    for number in (0, 4, 7):
        desk.suggesting.choose(number)
        desk.strip.never_requested.emit(number)
    assert not desk.document.can_undo
    assert not never


def test_words_that_the_writer_has_typed_past_are_not_put_in(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    type_keys(desk, "o")
    desk.suggesting.choose(desk.strip.words.index("bright"))
    assert desk.document.text == LINE + "bro"
    desk.document.undo()
    desk.editor.set_caret(5)
    desk.suggesting.choose(0)
    assert by_model(desk.document) == ""


def test_the_same_letters_typed_on_are_not_put_in_twice(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    type_keys(desk, "ig")
    desk.suggesting.choose(0)
    assert desk.document.text == LINE + "bright "
    assert by_model(desk.document) == "ht "


@pytest.mark.parametrize("move", ["away", "new word", "selection", "busy", "read-only", "hidden"])
def test_words_for_another_place_or_moment_are_not_put_in(move: str, open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    if move == "away":
        desk.editor.set_caret(len("Tyger "))
    elif move == "new word":
        type_keys(desk, "ine ")
    elif move == "selection":
        desk.editor.select(len(LINE), len(LINE) + 2)
    elif move == "busy":
        desk.is_busy = True
    elif move == "read-only":
        desk.editor.setReadOnly(True)
    else:
        desk.strip.hide()
    for number in range(5):  # before the strip shows other ones
        desk.suggesting.choose(number)
    assert by_model(desk.document) == ""


@pytest.mark.parametrize(
    ("after", "expected", "n_beyond"), [(" and", " and", 1), (", and", ", and", 0), ("\n", " \n", 1)]
)
def test_a_space_or_mark_that_stands_there_already_is_enough(
    after: str, expected: str, n_beyond: int, open_desk: OpenDesk, qtbot: QtBot
) -> None:
    desk = open_desk(LINE + "br" + after)
    desk.editor.set_caret(len(LINE) + 2)
    expect_first(desk, "bright", qtbot)
    desk.suggesting.choose(0)
    assert desk.document.text == LINE + "bright" + expected
    assert desk.editor.caret == len(LINE + "bright") + n_beyond


def test_late_words_of_another_job_are_not_shown(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    worker.event_arrived.emit(10_000, WordsFound(("brine",)))
    assert desk.strip.words[0] == "bright"


def test_what_was_asked_for_is_dropped_when_the_model_is_wanted_elsewhere(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    gate = Gate(worker)
    desk = open_desk(LINE + "br")
    qtbot.wait(PAUSE_MS)
    desk.suggesting.interrupt()
    gate.open()
    wait_for_engine(worker, qtbot)
    assert desk.strip.words == ()
    assert_at_rest(worker, qtbot, desk.suggesting)


@pytest.mark.parametrize("reason", ["busy", "selected", "inside a word", "nothing to go on from", "composing"])
def test_where_no_word_can_come_the_strip_is_empty(
    reason: str, open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    desk.is_busy = reason == "busy"
    if reason == "busy":
        type_keys(desk, "i")
    elif reason == "selected":
        desk.editor.select(0, 5)
    elif reason == "inside a word":
        desk.editor.set_caret(len(LINE) + 1)
    elif reason == "nothing to go on from":
        desk.editor.set_caret(0)
    else:
        QApplication.sendEvent(desk.editor, QInputMethodEvent("に", []))
        assert desk.editor.is_composing
        desk.suggesting.set_options(ON)
    assert wait_for_words(desk, worker, qtbot) == ()
    assert_at_rest(worker, qtbot, desk.suggesting)


def test_a_word_is_asked_away_and_never_comes_again(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    never: list[str] = []
    desk.suggesting.never_requested.connect(never.append)
    expect_first(desk, "bright", qtbot)
    desk.strip.never_requested.emit(0)
    assert never == ["bright"]
    desk.suggesting.set_options(SuggestionOptions(strip=True, own_words=0.0, never=("Bright",)))
    assert "bright" not in wait_for_words(desk, worker, qtbot)


def test_a_strip_that_is_off_asks_for_nothing(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "b")
    expect_first(desk, "bright", qtbot)
    desk.suggesting.set_options(SuggestionOptions(strip=False))
    wait_for_engine(worker, qtbot)
    assert desk.strip.isHidden()
    jobs: list[int] = []
    worker.finished.connect(jobs.append)
    worker.stopped.connect(jobs.append)
    type_keys(desk, "rig")
    wait_for_words(desk, worker, qtbot)
    assert len(jobs) == 1, "the test's own alone"


def test_nothing_runs_once_the_words_are_found(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE)
    words = wait_for_words(desk, worker, qtbot)
    assert words[0] == "bright"
    assert len(words) == len(set(words)) == 5
    assert_at_rest(worker, qtbot, desk.suggesting)


def test_coming_back_to_a_place_brings_its_words_back(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    desk.editor.set_caret(0)  # where there is nothing to go on from
    qtbot.wait(PAUSE_MS)
    wait_for_engine(worker, qtbot)
    assert not desk.strip.words
    desk.editor.set_caret(len(desk.document))
    expect_first(desk, "bright", qtbot)


def test_one_burst_of_keys_is_answered_once(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE)
    wait_for_words(desk, worker, qtbot)
    jobs: list[int] = []
    worker.finished.connect(jobs.append)
    worker.stopped.connect(jobs.append)
    type_keys(desk, "brig")
    wait_for_words(desk, worker, qtbot)
    assert len(jobs) <= 4, "fewer than one for each key, and the test's own"
    assert "bright" in desk.strip.words


def choose_bright(open_desk: OpenDesk, qtbot: QtBot) -> Desk:
    desk = open_desk(LINE + "br")
    expect_first(desk, "bright", qtbot)
    desk.suggesting.choose(0)
    assert desk.document.text == LINE + "bright "
    return desk


@pytest.mark.parametrize("mark", [",", ".", "?", ")", "’", "'", "…", "-", "—"])
def test_a_mark_closes_up_to_its_word(mark: str, open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    type_keys(desk, mark)
    qtbot.waitUntil(lambda: desk.document.text == LINE + "bright" + mark)
    type_keys(desk, mark)
    qtbot.wait(20)
    assert desk.document.text == LINE + "bright" + 2 * mark


@pytest.mark.parametrize("keys", ["(", "–", "“", '"', "t,", "1"])
def test_what_is_no_closing_mark_right_after_it_leaves_the_space(keys: str, open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    type_keys(desk, keys)
    qtbot.wait(20)
    assert desk.document.text == LINE + "bright " + keys


def test_a_space_or_a_new_line_after_the_word_leaves_no_other_space(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    type_keys(desk, " ")
    assert (desk.document.text, desk.editor.caret) == (LINE + "bright ", len(LINE + "bright "))
    type_keys(desk, "in")
    assert desk.document.text == LINE + "bright in"
    desk = choose_bright(open_desk, qtbot)
    QTest.keyClick(desk.editor, Qt.Key.Key_Return)
    type_keys(desk, "In")
    assert desk.document.text == LINE + "bright\nIn"


def test_a_mark_elsewhere_leaves_the_space(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "br\nThe end")
    desk.editor.set_caret(len(LINE) + 2)
    expect_first(desk, "bright", qtbot)
    desk.suggesting.choose(0)
    desk.editor.set_caret(len(desk.document))
    type_keys(desk, ".")
    qtbot.wait(20)
    assert desk.document.text == LINE + "bright \nThe end."


def test_the_writers_own_space_stays(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(LINE + "bright")
    type_keys(desk, " ,")
    qtbot.wait(20)
    assert desk.document.text == LINE + "bright ,"
    desk = choose_bright(open_desk, qtbot)
    desk.document.replace(len(desk.document), len(desk.document), ",", Author.MODEL)
    desk.editor.set_caret(len(desk.document))
    type_keys(desk, "x")
    qtbot.wait(20)
    assert desk.document.text == LINE + "bright ,x", "the model's own marks are its own affair"


def test_after_an_undo_a_mark_closes_up_to_nothing(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    desk.editor.undo()
    type_keys(desk, " ,")
    qtbot.wait(20)
    assert desk.document.text == LINE + "br ,"


def test_letters_right_after_the_mark_leave_it_closed_up(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    type_keys(desk, ", as")
    qtbot.wait(20)
    assert desk.document.text == LINE + "bright, as"


def test_a_mark_and_its_closing_up_are_one_step(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    type_keys(desk, ", as")
    assert desk.document.text == LINE + "bright, as"
    texts = [LINE + "bright, ", LINE + "bright,", LINE + "bright ", LINE + "br"]
    for text in texts:
        desk.editor.undo()
        assert (desk.document.text, desk.editor.toPlainText()) == (text, text)
        assert desk.editor.caret == len(text)
    assert not desk.document.can_undo
    for text in [*texts[2::-1], LINE + "bright, as"]:
        desk.editor.redo()
        assert desk.document.text == text


def test_after_a_mark_was_undone_it_does_not_close_up_again(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    type_keys(desk, ",")
    desk.editor.undo()
    type_keys(desk, ",")
    assert desk.document.text == LINE + "bright ,"


def test_a_mark_from_an_input_method_closes_up(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = choose_bright(open_desk, qtbot)
    commit = QInputMethodEvent()
    commit.setCommitString(",")
    QApplication.sendEvent(desk.editor, commit)
    assert desk.document.text == desk.editor.toPlainText() == LINE + "bright,"
    desk.editor.undo()
    assert desk.document.text == LINE + "bright "


def test_without_a_model_the_strip_asks_for_nothing(worker: Worker, qtbot: QtBot) -> None:
    document = Document(LINE)
    editor = shown_editor(document, qtbot)
    contexts, words = ContextKeeper(worker, lambda: False), OwnWordsKeeper(worker)
    suggesting = WordSuggesting(worker, editor, WordStrip(editor), contexts, words, lambda: False)
    suggesting.set_document(document)
    suggesting.set_options(ON)
    suggesting.choose(0)
    assert document.text == LINE
    assert_at_rest(worker, qtbot, suggesting)
