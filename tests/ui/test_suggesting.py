"""Ghost text: what is recorded of a suggestion, when one is foreseen, and when there is silence."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.writing_parts import WAIT_MS, Gate, assert_at_rest, by_model, shown_editor, wait_for_engine
from writer.assist.calibration import Acceptance
from writer.assist.ghost_draft import GhostGrown
from writer.assist.suggestion_options import SuggestionOptions
from writer.document.document import Document
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.models.loaded import LoadedModel
from writer.ui import suggesting as suggesting_module
from writer.ui.context_keeper import ContextKeeper
from writer.ui.editor import Editor
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.suggesting import SuggestingController
from writer.ui.suggestion_key import SuggestionKey
from writer.ui.worker import Worker

ON = SuggestionOptions(ghost=True, one_in=10, own_words=0.0)
LINE = "Tyger Tyger, burning bright,\nIn"
ON_ONE_LINE = GenerationConfig(logit_bias=(("\n", -100.0), ("\n\n", -100.0)))
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def takes_everything() -> Acceptance:
    """The record of a writer who takes what the model is least sure of."""
    acceptance = Acceptance()
    for _ in range(150):
        acceptance.record(-9.0, True)
    return acceptance


@dataclass
class Desk:
    """A page with the focus, and what was told."""

    document: Document
    editor: Editor
    contexts: ContextKeeper
    acceptance: Acceptance
    suggesting: SuggestingController
    is_busy: bool = False
    latencies: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    n_recorded: int = 0

    @property
    def n_new(self) -> int:
        """Suggestions recorded since the page was opened."""
        return self.acceptance.n_recorded - self.n_recorded


OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(worker: Worker, poem_model: LoadedModel, qtbot: QtBot) -> Iterator[OpenDesk]:
    """Opens a page on a text, with the caret at its end. Nothing is suggested before something happens."""

    desks: list[Desk] = []

    def open_desk(text: str, acceptance: Acceptance | None = None) -> Desk:
        document, acceptance = Document(text), acceptance or Acceptance()
        editor = shown_editor(document, qtbot)
        contexts, words = ContextKeeper(worker, lambda: desk.is_busy), OwnWordsKeeper(worker)
        suggesting = SuggestingController(worker, editor, contexts, words, acceptance, lambda: desk.is_busy)
        desk = Desk(document, editor, contexts, acceptance, suggesting, n_recorded=acceptance.n_recorded)
        suggesting.latency_measured.connect(desk.latencies.append)
        told = desk.refusals  # not the desk, which the connection would keep alive
        suggesting.refused.connect(lambda message, _hint: told.append(message))
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


@pytest.fixture
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggesting_module, "pause_ms", lambda latency_ms, refusals: 5)


quick = pytest.mark.usefixtures("_short_pauses")


def press(desk: Desk, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(desk.editor, key, modifier)


def settle(desk: Desk, worker: Worker, qtbot: QtBot) -> str:
    """The ghost once the pause has gone by and the engine has done all it was asked for."""
    [timer] = desk.suggesting.findChildren(QTimer)
    qtbot.waitUntil(lambda: not timer.isActive())
    for _ in range(2):  # what is drafted first decides whether something is foreseen
        wait_for_engine(worker, qtbot)
    assert desk.suggesting.is_settled
    return desk.editor.ghost


def ask(desk: Desk, worker: Worker, qtbot: QtBot) -> str:
    desk.suggesting.ask_now()
    ghost = settle(desk, worker, qtbot)
    assert ghost
    return ghost


# -- what is recorded ------------------------------------------------------------------------------------------------


def test_a_ghost_that_is_taken_word_by_word_has_one_record(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE)
    changed: list[object] = []
    desk.suggesting.acceptance_changed.connect(lambda: changed.append(None))
    assert ask(desk, worker, qtbot) == " the forests of the night;"
    press(desk, Qt.Key.Key_Right, CTRL)
    assert desk.document.text == LINE + " the"
    assert desk.editor.ghost == " forests of the night;"
    press(desk, Qt.Key.Key_Right, CTRL)
    press(desk, Qt.Key.Key_Tab)
    document = desk.document
    assert document.text == LINE + " the forests of the night;"
    assert not desk.editor.ghost
    [record] = document.generations.values()
    assert record.settings["temperature"] == 0.0
    [span] = [span for span in document.spans() if span.author is Author.MODEL]
    assert (span.start, span.end, span.generation) == (len(LINE), len(document), record.id)
    assert desk.n_new == len(changed) == 1
    for text in (" the forests", " the", ""):
        document.undo()
        assert document.text == LINE + text


def test_the_next_ghost_has_a_record_of_its_own(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE)
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Right, CTRL)
    press(desk, Qt.Key.Key_Escape)
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Tab)
    assert len(desk.document.generations) == 2
    assert desk.n_new == 2


def test_another_letter_refuses_what_the_writer_has_had_time_to_read(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk("Tyger Tyger, burn")
    monkeypatch.setattr(suggesting_module, "_SEEN_S", 60.0)
    ask(desk, worker, qtbot)
    QTest.keyClicks(desk.editor, "x")  # a key that was on its way when the ghost came
    assert not desk.editor.ghost
    assert desk.n_new == 0
    desk.editor.undo()
    monkeypatch.setattr(suggesting_module, "_SEEN_S", 0.0)
    ask(desk, worker, qtbot)
    QTest.keyClicks(desk.editor, "x")
    assert not desk.editor.ghost
    assert desk.n_new == 1


def test_what_no_place_is_for_on_the_page_is_neither_shown_nor_taken_nor_refused(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting_module, "_SEEN_S", 0.0)
    desk = open_desk("Tyger Tyger, burn and more")
    desk.editor.set_caret(len("Tyger Tyger, burn"))
    desk.suggesting.ask_now()
    assert settle(desk, worker, qtbot) == ""
    desk.editor.suggestion_key.emit(SuggestionKey.ALL)
    QTest.keyClicks(desk.editor, "x")
    assert by_model(desk.document) == ""
    assert desk.n_new == 0


@pytest.mark.parametrize("where", ["in a paragraph", "selection", "heading", "model is silent"])
def test_whoever_asks_gets_a_ghost_or_the_reason(
    where: str, open_desk: OpenDesk, worker: Worker, poem: str, qtbot: QtBot
) -> None:
    desk = open_desk({"heading": "# Tyger Tyger, burn", "model is silent": poem}.get(where, "Tyger Tyger, burn"))
    if where == "in a paragraph":
        desk.editor.set_caret(5)
    elif where == "selection":
        desk.editor.select(0, 5)
    desk.suggesting.ask_now()
    ghost = settle(desk, worker, qtbot)
    reasons = {
        "in a paragraph": ["Ghost text is shown only at the end of a paragraph."],
        "selection": ["Ghost text needs a caret, and a passage is selected."],
        "model is silent": ["The model has no suggestion here."],
    }.get(where, [])
    assert (desk.refusals, not ghost) == (reasons, bool(reasons))
    assert (not desk.latencies) == bool(reasons)


def test_dismissing_what_was_partly_taken_is_no_refusal(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting_module, "_SEEN_S", 0.0)
    desk = open_desk(LINE)
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Right, CTRL)
    QTest.keyClicks(desk.editor, "x")
    assert not desk.editor.ghost
    assert desk.n_new == 1


@quick
def test_a_dismissed_ghost_is_refused_once_and_comes_back_only_when_the_writer_types_on(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, burn")
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Escape)
    assert not desk.editor.ghost
    assert desk.n_new == 1
    assert_at_rest(worker, qtbot, desk.suggesting)
    assert not desk.editor.ghost
    QTest.keyClicks(desk.editor, "i")
    assert settle(desk, worker, qtbot).startswith("ng")
    assert desk.n_new == 1


@pytest.mark.parametrize("reason", ["caret", "selection", "composing", "deleting", "undo", "dismissed", "typed whole"])
def test_a_ghost_that_goes_for_another_reason_is_neither_taken_nor_refused(
    reason: str, open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, burn")
    QTest.keyClicks(desk.editor, "i")
    ghost = ask(desk, worker, qtbot)
    if reason == "caret":
        press(desk, Qt.Key.Key_Left)
    elif reason == "selection":
        desk.editor.select(0, len(desk.document))
    elif reason == "composing":
        QApplication.sendEvent(desk.editor, QInputMethodEvent("に", []))
    elif reason == "deleting":
        press(desk, Qt.Key.Key_Backspace)
    elif reason == "undo":
        desk.editor.undo()
    elif reason == "dismissed":
        desk.suggesting.dismiss()
    else:
        QTest.keyClicks(desk.editor, ghost)
        assert desk.document.text == "Tyger Tyger, burni" + ghost
    assert not desk.editor.ghost
    assert desk.n_new == 0
    assert by_model(desk.document) == ""


def test_off_the_record_nothing_is_recorded(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("Tyger Tyger, burn")
    desk.suggesting.set_options(SuggestionOptions(ghost=True, own_words=0.0, off_the_record=True))
    changed: list[object] = []
    desk.suggesting.acceptance_changed.connect(lambda: changed.append(None))
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Tab)
    assert by_model(desk.document)
    assert desk.n_new == 0
    assert not changed


def test_refusals_make_the_pause_longer_and_taking_one_makes_up_for_some(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, burn")
    [timer] = desk.suggesting.findChildren(QTimer)
    QTest.keyClicks(desk.editor, "i")
    assert 200 <= timer.interval() <= 300
    for _ in range(9):
        ask(desk, worker, qtbot)
        press(desk, Qt.Key.Key_Escape)
    QTest.keyClicks(desk.editor, "n")
    longest = timer.interval()
    assert longest > 500
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Tab)
    assert timer.interval() < longest


# -- what is foreseen ------------------------------------------------------------------------------------------------


@quick
def test_after_taking_all_the_next_one_is_there_at_once(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    first = ask(desk, worker, qtbot)
    assert len(desk.latencies) == 1
    press(desk, Qt.Key.Key_Tab)
    second = desk.editor.ghost
    assert second, "in the same event"
    assert desk.document.text == LINE + first
    assert desk.suggesting.is_settled
    assert len(desk.latencies) == 1, "nothing was drafted for it"
    press(desk, Qt.Key.Key_Escape)
    assert second.startswith(ask(desk, worker, qtbot)), "what the model says there when it is asked"
    press(desk, Qt.Key.Key_Tab)
    assert len(desk.document.generations) == 2


@quick
def test_what_is_being_foreseen_is_waited_for(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    holding: list[int] = []

    def hold(job: int, event: object) -> None:
        if isinstance(event, GhostGrown) and event.is_complete and not holding:
            holding.append(job)
            worker.hold(10)

    worker.event_arrived.connect(hold)
    desk.suggesting.ask_now()
    qtbot.waitUntil(lambda: bool(holding), timeout=WAIT_MS)
    press(desk, Qt.Key.Key_Tab)
    assert not desk.editor.ghost
    qtbot.wait(40)
    worker.hold(0)
    qtbot.waitUntil(lambda: bool(desk.editor.ghost), timeout=WAIT_MS)
    assert settle(desk, worker, qtbot)
    assert len(desk.latencies) == 1, "nothing was drafted anew"


@quick
def test_only_what_follows_the_ghost_that_shows_is_foreseen(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    alt = Qt.KeyboardModifier.AltModifier
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_BracketRight, alt)
    settle(desk, worker, qtbot)
    worker.hold(10)
    finished: list[int] = []
    worker.finished.connect(finished.append)
    for _ in range(4):
        press(desk, Qt.Key.Key_BracketLeft, alt)
    desk.suggesting.dismiss()
    worker.hold(0)
    wait_for_engine(worker, qtbot)
    assert len(finished) == 1, "the test's own alone"


@quick
def test_what_was_foreseen_serves_also_who_types_all_of_it(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    first = ask(desk, worker, qtbot)
    QTest.keyClicks(desk.editor, first)
    assert not desk.editor.ghost
    assert settle(desk, worker, qtbot)
    assert len(desk.latencies) == 1
    assert by_model(desk.document) == ""


@quick
def test_what_was_foreseen_for_another_text_is_not_used(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    ask(desk, worker, qtbot)
    QTest.keyClicks(desk.editor, " x")
    settle(desk, worker, qtbot)
    assert len(desk.latencies) == 2, "it was asked for"


# -- silence ---------------------------------------------------------------------------------------------------------


def test_nothing_runs_once_a_ghost_is_there(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("Tyger Tyger, burn")
    QTest.keyClicks(desk.editor, "i")
    assert settle(desk, worker, qtbot)
    assert_at_rest(worker, qtbot, desk.suggesting)


def test_a_late_suggestion_of_another_job_is_not_shown(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("Tyger Tyger, burn")
    worker.event_arrived.emit(10_000, GhostGrown("t down", -0.1, is_complete=True))
    assert not desk.editor.ghost
    ghost = ask(desk, worker, qtbot)
    worker.event_arrived.emit(10_000, GhostGrown("t down", -0.1, is_complete=True))
    assert desk.editor.ghost == ghost


@quick
def test_what_was_asked_for_at_another_place_or_text_is_dropped(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, burn")
    for change in (
        lambda: desk.document.replace(0, 1, "t"),
        lambda: desk.editor.set_caret(3),
        desk.suggesting.dismiss,
        lambda: desk.suggesting.set_options(SuggestionOptions(ghost=False)),
    ):
        gate = Gate(worker)
        desk.editor.set_caret(len(desk.document))
        desk.suggesting.ask_now()
        change()
        gate.open()
        wait_for_engine(worker, qtbot)
        assert not desk.latencies
        assert not desk.editor.ghost
        assert desk.suggesting.is_settled
    assert_at_rest(worker, qtbot, desk.suggesting)


@quick
@pytest.mark.parametrize("reason", ["busy", "no focus", "read-only", "off", "nothing to go on from", "opened"])
def test_there_is_silence(reason: str, open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("Tyger Tyger, burn" if reason != "nothing to go on from" else "")
    desk.is_busy = reason == "busy"
    if reason == "no focus":
        desk.editor.clearFocus()
    elif reason == "read-only":
        desk.editor.setReadOnly(True)
    elif reason == "off":
        desk.suggesting.set_options(SuggestionOptions(ghost=False))
    elif reason == "opened":
        other = Document("Tyger Tyger, burn")
        desk.editor.set_document(other)
        desk.suggesting.set_document(other)
        desk.contexts.set_document(other)
    if reason not in ("opened", "nothing to go on from"):
        desk.editor.set_caret(5)
        desk.editor.set_caret(len(desk.document))
    qtbot.wait(30)
    assert settle(desk, worker, qtbot) == ""
    if reason in ("busy", "no focus", "read-only", "nothing to go on from"):
        desk.suggesting.ask_now()
        assert settle(desk, worker, qtbot) == ""
    assert not desk.latencies
    assert_at_rest(worker, qtbot, desk.suggesting)


def test_a_key_asks_also_where_suggestions_are_off(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("Tyger Tyger, burn")
    desk.suggesting.set_options(SuggestionOptions(ghost=False))
    assert ask(desk, worker, qtbot).startswith("ing")
    press(desk, Qt.Key.Key_Tab)
    assert desk.document.text == "Tyger Tyger, burning bright,"
    assert_at_rest(worker, qtbot, desk.suggesting)


@pytest.mark.parametrize("what", ["model", "document"])
def test_another_model_or_document_sends_the_ghost_away(
    what: str, open_desk: OpenDesk, worker: Worker, poem_model: LoadedModel, qtbot: QtBot
) -> None:
    desk = open_desk("Tyger Tyger, burn")
    ask(desk, worker, qtbot)
    if what == "model":
        desk.suggesting.set_model(poem_model)
    else:
        desk.suggesting.set_document(Document("Another"))
    assert not desk.editor.ghost
    assert desk.suggesting.is_settled
    assert desk.n_new == 0
    press(desk, Qt.Key.Key_Tab)
    assert by_model(desk.document) == ""


@quick
def test_an_undo_of_what_was_taken_is_followed_by_silence(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk("Tyger Tyger, burn")
    ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_Tab)
    settle(desk, worker, qtbot)
    desk.editor.undo()
    assert desk.document.text == "Tyger Tyger, burn"
    assert settle(desk, worker, qtbot) == ""
    assert_at_rest(worker, qtbot, desk.suggesting)


# -- the writer's wishes --------------------------------------------------------------------------------------------


def test_words_never_to_be_suggested_are_not_in_a_ghost(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_options(dataclasses.replace(ON, never=("Forests",)))
    assert "forests" not in ask(desk, worker, qtbot)


@quick
@pytest.mark.parametrize("what", ["config", "notes", "options"])
def test_what_was_foreseen_under_other_wishes_is_not_shown(
    what: str, open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk(LINE, takes_everything())
    config = ON_ONE_LINE
    desk.suggesting.set_config_source(lambda: config)
    ask(desk, worker, qtbot)
    if what == "config":
        config = dataclasses.replace(config, banned_words=("what",))
    elif what == "notes":
        desk.document.set_notes({"memory": "In what distant deeps or skies burnt the fire of thine eyes?"})
    else:
        desk.suggesting.set_options(dataclasses.replace(ON, never=("what",)))
    press(desk, Qt.Key.Key_Tab)
    ghost = settle(desk, worker, qtbot)
    assert len(desk.latencies) == 2, "drafted anew"
    assert what == "notes" or "what" not in ghost.lower()


# -- other suggestions ----------------------------------------------------------------------------------------------


def test_others_are_gone_through_in_a_circle_and_one_is_taken(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    alt = Qt.KeyboardModifier.AltModifier
    first = ask(desk, worker, qtbot)
    press(desk, Qt.Key.Key_BracketLeft, alt)
    assert desk.editor.ghost == first, "there is no other yet"
    press(desk, Qt.Key.Key_BracketRight, alt)
    second = settle(desk, worker, qtbot)
    assert second not in ("", first)
    press(desk, Qt.Key.Key_BracketLeft, alt)
    assert desk.editor.ghost == first
    press(desk, Qt.Key.Key_BracketRight, alt)
    assert desk.editor.ghost == second, "without the model"
    press(desk, Qt.Key.Key_Tab)
    assert desk.document.text == LINE + second
    assert desk.n_new == 1
    assert len(desk.document.generations) == 1


def test_after_the_last_other_one_the_first_comes_again(open_desk: OpenDesk, worker: Worker, qtbot: QtBot) -> None:
    desk = open_desk(LINE)
    seen = [ask(desk, worker, qtbot)]
    for _ in range(12):
        press(desk, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.AltModifier)
        seen.append(settle(desk, worker, qtbot))
    assert seen.count(seen[0]) > 1
    n = len(set(seen))
    assert 1 < n < 12
    assert seen == [seen[i % n] for i in range(13)]


def test_others_than_a_ghost_that_is_taken_in_part_are_gone_through_in_a_circle(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    alt = Qt.KeyboardModifier.AltModifier
    alone = ask(desk, worker, qtbot)
    QTest.keyClicks(desk.editor, alone[:2])
    press(desk, Qt.Key.Key_BracketRight, alt)
    assert settle(desk, worker, qtbot) == alone[2:], "there is no other, and none can be made"
    press(desk, Qt.Key.Key_Tab)
    assert desk.document.text == LINE + alone


def test_another_one_that_comes_after_the_writer_has_typed_on_is_dropped(
    open_desk: OpenDesk, worker: Worker, qtbot: QtBot
) -> None:
    desk = open_desk(LINE, takes_everything())
    desk.suggesting.set_config_source(lambda: ON_ONE_LINE)
    first = ask(desk, worker, qtbot)
    gate = Gate(worker)
    press(desk, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.AltModifier)
    QTest.keyClicks(desk.editor, first[:3])
    gate.open()
    wait_for_engine(worker, qtbot)
    assert desk.editor.ghost == first[3:]
    press(desk, Qt.Key.Key_Tab)
    assert desk.document.text == LINE + first
    assert by_model(desk.document) == first[3:]
