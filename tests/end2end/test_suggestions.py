"""Ghost text and next words in a real window with the starter model: from the key to the page, and back by undo."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.end2end.open_starter import LONG_MS, STORY, OpenStarter
from writer.document.provenance import Author
from writer.ui.main_window import MainWindow

EAGER = {"ghost": True, "one_in": 10}
CTRL, ALT, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(window.editor, key, modifier)


def wait_for_ghost(window: MainWindow, qtbot: QtBot) -> str:
    qtbot.waitUntil(lambda: bool(window.editor.ghost) and window.writing.suggesting.is_settled, timeout=LONG_MS)
    return window.editor.ghost


def by_model(window: MainWindow) -> str:
    document = window.files.document
    return "".join(document.slice(s.start, s.end) for s in document.spans() if s.author is Author.MODEL)


def test_type_ghost_accept_a_word_dismiss_and_undo(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY, **EAGER)
    document = window.files.document
    QTest.keyClicks(window.editor, "voi")
    ghost = wait_for_ghost(window, qtbot)
    assert ghost.startswith("ce")
    assert document.text == STORY + "voi"
    press(window, Qt.Key.Key_Right, CTRL)
    accepted = document.text.removeprefix(STORY + "voi")
    assert ghost.startswith(accepted)
    assert accepted.startswith("ce")
    assert " " not in accepted
    assert by_model(window) == accepted
    assert window.editor.caret == len(document)
    record = document.generations[next(s.generation for s in document.spans() if s.author is Author.MODEL) or ""]
    assert record.model_id == "starter"
    if window.editor.ghost:
        press(window, Qt.Key.Key_Escape)
        assert not window.editor.ghost
    window.editor.undo()
    assert document.text == STORY + "voi"
    assert by_model(window) == ""
    qtbot.wait(700)
    assert not window.editor.ghost, "nothing is suggested after an undo"


def test_tab_takes_all_of_it_and_typing_the_same_letters_keeps_the_tail(
    open_starter: OpenStarter, qtbot: QtBot
) -> None:
    window = open_starter(STORY, **EAGER)
    document = window.files.document
    QTest.keyClicks(window.editor, "v")
    ghost = wait_for_ghost(window, qtbot)
    QTest.keyClicks(window.editor, ghost[0])
    assert window.editor.ghost == ghost[1:], "at once, without a new question to the model"
    press(window, Qt.Key.Key_Tab)
    assert document.text == STORY + "v" + ghost
    assert by_model(window) == ghost[1:], "the letter that was typed is the writer's own"
    window.editor.undo()
    assert document.text == STORY + "v" + ghost[0]
    press(window, Qt.Key.Key_Tab)
    assert document.text == STORY + "v" + ghost[0] + "\t", "a tab, where nothing is suggested"


def test_another_letter_sends_it_away_and_is_remembered_as_a_refusal(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY, **EAGER)
    QTest.keyClicks(window.editor, "voi")
    wait_for_ghost(window, qtbot)
    qtbot.wait(300)  # what goes at once has not been read
    n_recorded = window.writing.acceptance.n_recorded
    QTest.keyClicks(window.editor, "d")
    assert not window.editor.ghost
    assert window.writing.acceptance.n_recorded == n_recorded + 1
    window.writing_view.change_options(off_the_record=True)
    window.editor.undo()
    QTest.keyClicks(window.editor, "voi")
    wait_for_ghost(window, qtbot)
    qtbot.wait(300)
    QTest.keyClicks(window.editor, "d")
    assert window.writing.acceptance.n_recorded == n_recorded + 1, "off the record"


def test_other_suggestions_are_a_key_away(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY, **EAGER)
    QTest.keyClicks(window.editor, "h")
    first = wait_for_ghost(window, qtbot)
    press(window, Qt.Key.Key_BracketRight, ALT)
    qtbot.waitUntil(lambda: window.editor.ghost not in ("", first), timeout=LONG_MS)
    second = window.editor.ghost
    assert second.split()[0] != first.split()[0]
    press(window, Qt.Key.Key_BracketLeft, ALT)
    assert window.editor.ghost == first
    assert window.files.document.text == STORY + "h"


def test_silence_in_headings_selections_and_inside_lines(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter("# The old lighthou", **EAGER)
    QTest.keyClicks(window.editor, "s")
    qtbot.wait(900)
    assert not window.editor.ghost, "in a heading"
    window.files.new(STORY + "voi and more")
    window.editor.set_caret(len(STORY) + 3)
    QTest.keyClicks(window.editor, "c")
    qtbot.wait(900)
    assert not window.editor.ghost, "with text to the right"
    window.files.new(STORY + "voi")
    window.editor.select(len(STORY), len(STORY) + 3)
    qtbot.wait(900)
    assert not window.editor.ghost, "while something is selected"
    window.editor.set_caret(len(STORY) + 3)
    press(window, Qt.Key.Key_Backspace)
    qtbot.wait(900)
    assert not window.editor.ghost, "after deleting"
    QTest.keyClicks(window.editor, "i")
    assert wait_for_ghost(window, qtbot)


def test_a_suggestion_can_be_asked_for(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY, ghost=False)
    QTest.keyClicks(window.editor, "voi")
    qtbot.wait(600)
    assert not window.editor.ghost
    press(window, Qt.Key.Key_Space, CTRL)
    assert wait_for_ghost(window, qtbot).startswith("ce")


def wait_for_words(window: MainWindow, qtbot: QtBot, wanted: str) -> None:
    qtbot.waitUntil(lambda: wanted in window.strip.words, timeout=LONG_MS)


def test_a_half_typed_word_is_completed_by_a_number(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY, strip=True)
    document = window.files.document
    assert window.strip.isVisible()
    QTest.keyClicks(window.editor, "vo")
    wait_for_words(window, qtbot, "voice")
    place = window.strip.words.index("voice")
    press(window, Qt.Key(Qt.Key.Key_1 + place), ALT)
    assert document.text == STORY + "voice "
    assert by_model(window) == "ice "
    assert window.editor.caret == len(document)
    QTest.keyClicks(window.editor, ",")
    qtbot.waitUntil(lambda: document.text == STORY + "voice,")  # the space that came with the word closes up
    window.editor.undo()
    window.editor.undo()
    assert document.text.rstrip(" ") in (STORY + "voice", STORY + "vo")
    while document.can_undo:
        window.editor.undo()
    assert document.text == STORY


def test_words_can_be_banned_for_good(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY, strip=True)
    QTest.keyClicks(window.editor, "w")
    wait_for_words(window, qtbot, "words")
    window.strip.never_requested.emit(window.strip.words.index("words"))
    assert window.writing.options.never == ("words",)
    qtbot.waitUntil(lambda: bool(window.strip.words) and "words" not in window.strip.words, timeout=LONG_MS)
    assert window.suggestions.options.never == ("words",)
    window.close()
    later = open_starter(STORY)
    assert later.settings.suggestions["never"] == ["words"]


def test_one_key_shows_the_strip(open_starter: OpenStarter) -> None:
    window = open_starter(STORY)
    assert not window.strip.isVisible()
    press(window, Qt.Key.Key_F9)
    assert window.strip.isVisible()
    press(window, Qt.Key.Key_F9)
    assert not window.strip.isVisible()
