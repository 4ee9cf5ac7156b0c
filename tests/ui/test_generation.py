"""A continuation on its way into the document: late news, text that is taken back, and changes beside it."""

import dataclasses
import re
from collections.abc import Callable
from typing import cast

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.ui.writing_parts import WAIT_MS, ScriptedWorker, assert_at_rest, by_model, context_for
from writer.document.document import Document
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.engine.events import (
    Finished,
    FinishReason,
    GenerationStatistics,
    PrefillProgress,
    TakenBack,
    Token,
)
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel
from writer.ui.generation import Continued, GenerationController, LoopCut, State
from writer.ui.worker import Worker

TEXT = "Tyger Tyger,"
GREEDY = GenerationConfig(temperature=0.0, max_new_tokens=12)
Start = Callable[..., None]


def token(text: str) -> Token:
    return Token(text, 0, -0.1)


END = Finished(FinishReason.LENGTH, GenerationStatistics(3, 0, 4, 0.1, 0.2, 1, 0))


@pytest.fixture
def engine(qapp: object) -> ScriptedWorker:
    return ScriptedWorker()


@pytest.fixture
def generation(engine: ScriptedWorker) -> GenerationController:
    return GenerationController(cast(Worker, engine))


@pytest.fixture
def document() -> Document:
    return Document(TEXT)


@pytest.fixture
def start(generation: GenerationController, document: Document, poem_model: LoadedModel) -> Start:
    def start(caret: int = len(TEXT), *, replacing: Continued | None = None) -> None:
        context = context_for(poem_model, document.slice(0, caret))
        generation.start(poem_model, document, caret, context, GREEDY, Steering(), replacing=replacing)

    return start


def show_frame(generation: GenerationController, qtbot: QtBot) -> None:
    [frame] = generation.findChildren(QTimer)
    qtbot.waitUntil(lambda: not frame.isActive())


def finish(engine: ScriptedWorker) -> None:
    engine.say(END)
    engine.finished.emit(engine.last_job)


def test_words_are_gathered_for_a_frame(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    changes: list[str] = []
    document.subscribe(lambda change: changes.append(change.inserted))
    start()
    assert generation.state is State.READING
    engine.say(token(" burning"), token(""), token(" bright"))
    assert generation.state is State.WRITING
    assert document.text == TEXT
    show_frame(generation, qtbot)
    engine.say(token(","))
    finish(engine)
    assert changes == [" burning bright", ","]
    assert generation.state is State.IDLE
    assert by_model(document) == " burning bright,"
    assert not document.in_group
    document.undo()
    assert document.text == TEXT


def test_news_of_another_job_is_none(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    start()
    first = engine.last_job
    engine.say(token(" one"))
    start()
    assert engine.cancelled == [first]
    engine.event_arrived.emit(first, token(" late"))
    engine.event_arrived.emit(first, TakenBack("Tyger,", 2))
    engine.finished.emit(first)
    engine.failed.emit(first, "It broke.", "")
    assert generation.state is State.READING
    engine.say(token(" two"))
    finish(engine)
    assert document.text == TEXT + " two"
    second = engine.last_job
    for event in (token(" later"), PrefillProgress(1, 2, 0), END):
        engine.event_arrived.emit(second, event)
    engine.failed.emit(second, "It broke.", "")
    qtbot.wait(40)
    assert document.text == TEXT + " two"
    assert generation.state is State.IDLE


def test_what_waits_for_its_frame_is_dropped_by_a_stop(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    ended: list[Continued] = []
    generation.ended.connect(ended.append)
    start()
    engine.say(token(" burning"))
    generation.stop()
    assert generation.state is State.IDLE
    assert generation.last is None
    qtbot.wait(40)
    assert document.text == TEXT
    assert not document.can_undo
    assert not ended
    generation.stop()
    assert len(engine.cancelled) == 1


def test_text_that_still_waits_for_its_frame_can_be_taken_back(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    start()
    engine.say(token(" burning"), token(" bright bright"), TakenBack(" bright", 1), token(","))
    finish(engine)
    assert document.text == TEXT + " burning bright,"
    assert generation.last is not None
    assert generation.last.text == " burning bright,"
    document.undo()
    assert document.text == TEXT


def test_text_that_was_shown_can_be_taken_back_in_part_and_whole(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    cuts: list[LoopCut] = []
    generation.loop_cut.connect(cuts.append)
    start()
    engine.say(token(" burning"), token(" bright"))
    show_frame(generation, qtbot)
    engine.say(token(","), TakenBack(" bright,", 2))
    assert document.text == TEXT + " burning"
    assert not cuts, "a banned word is no loop"
    engine.say(TakenBack(" burning", 1, is_loop=True))
    assert document.text == TEXT
    finish(engine)
    assert generation.last is None
    [cut] = cuts
    assert (cut.place, cut.text) == (len(TEXT), " burning")
    assert cut.generation in document.generations
    document.undo()
    assert document.text == TEXT


@pytest.mark.parametrize("between", ["\n\n", "\n", "\n    "])
def test_paragraphs_are_spaced_like_the_writers_also_where_they_are_taken_back(
    between: str, generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start,
    qtbot: QtBot,
) -> None:  # fmt: skip
    text = f"It rained.{between}It poured."
    document.replace(0, len(document), text)
    start(len(text))
    shown: list[str] = []
    document.subscribe(lambda change: shown.append(document.slice(len(text), len(document))))
    for drawn in (" He left.", "\n", "\n", "She", " ran.\n", "Why?"):
        engine.say(token(drawn))
        show_frame(generation, qtbot)
    engine.say(TakenBack("She ran.\nWhy?", 3), TakenBack("\n", 1), token(" It"), token(" slept."))
    finish(engine)
    assert f" He left.{between}She ran.{between}Why?" in shown
    assert set(re.findall(r"\n\s*", "".join(f"{piece}." for piece in shown))) == {between}, "no other flashes"
    assert by_model(document) == f" He left.{between}It slept."
    assert generation.last is not None
    assert generation.last.text == by_model(document)
    start(len(text), replacing=generation.last)
    engine.say(token("\n"), token("\n"), token(" Night."))
    finish(engine)
    assert document.text == f"{text}{between}Night."
    document.undo()
    document.undo()
    assert document.text == text


def test_tokens_taken_back_no_longer_count_in_the_window(
    generation: GenerationController, engine: ScriptedWorker, start: Start, qtbot: QtBot
) -> None:
    used: list[int] = []
    generation.context_changed.connect(used.append)
    start()
    engine.say(PrefillProgress(3, 3, 0), token(" a"), token(" b"), token(" c"), TakenBack(" b c", 2), token(" d"))
    show_frame(generation, qtbot)
    assert (used[0], used[-1]) == (3, 5)


def test_a_change_before_what_streams_shifts_it_and_ends_it(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    start()
    engine.say(token(" burning"))
    show_frame(generation, qtbot)
    document.replace(0, 0, "O ")
    assert generation.state is State.IDLE
    assert engine.cancelled
    engine.say(token(" late"))
    qtbot.wait(40)
    assert document.text == "O Tyger Tyger, burning"
    last = generation.last
    assert last is not None
    assert (last.place, last.text) == (2 + len(TEXT), " burning")
    document.replace(0, 2, "")
    assert generation.last is not None
    assert generation.last.place == len(TEXT)
    document.undo()
    document.undo()
    assert document.text == "O Tyger Tyger,", "the continuation is taken back whole, the key beside it is not"
    assert generation.last is None
    document.undo()
    assert document.text == TEXT


def test_the_last_one_stays_while_it_stands_as_it_was_written(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    engine.say(token(" burning"))
    finish(engine)
    last = generation.last
    assert last is not None
    end = len(document)
    document.replace(end, end, " bright")
    assert generation.last == last, "what is written after it is no part of it"
    document.replace(end + 2, end + 3, "")
    assert generation.last == last
    document.replace(last.place, last.place, "!")
    assert generation.last is not None
    assert generation.last.place == last.place + 1
    assert document.slice(generation.last.place, generation.last.place + len(last.text)) == last.text


@pytest.mark.parametrize(
    ("start_at", "length", "text"), [(3, 1, ""), (3, 0, "x"), (0, 8, ""), (-2, 4, "gone"), (7, 1, "h")]
)
def test_the_last_one_is_none_once_it_is_edited(
    start_at: int, length: int, text: str,
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start,
) -> None:  # fmt: skip
    start()
    engine.say(token(" burning"))
    finish(engine)
    assert generation.last is not None
    place = len(TEXT) + start_at
    document.replace(place, place + length, text)
    assert generation.last is None
    document.replace(0, 0, "O ")
    assert generation.last is None


def test_undo_takes_the_last_one_away(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    engine.say(token(" burning"))
    finish(engine)
    document.undo()
    assert generation.last is None
    assert engine.cancelled == []


def test_an_edit_inside_what_streams_ends_it_and_leaves_the_rest_to_the_writer(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start, qtbot: QtBot
) -> None:
    start()
    engine.say(token(" burning bright"))
    show_frame(generation, qtbot)
    document.replace(len(TEXT) + 4, len(TEXT) + 8, "")
    assert generation.state is State.IDLE
    assert not document.in_group
    assert generation.last is None
    assert document.text == TEXT + " bur bright"


def test_another_one_in_the_place_of_the_first_is_one_step(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    engine.say(token(" burning"))
    finish(engine)
    first = generation.last
    assert first is not None
    start(first.place, replacing=first)
    assert document.text == TEXT + " burning", "until there is something to put in its place"
    assert generation.last is None
    engine.say(token(" sleeping"))
    finish(engine)
    assert document.text == TEXT + " sleeping"
    assert document.undo_label == "Another continuation"
    document.undo()
    assert document.text == TEXT + " burning"
    [span] = [span for span in document.spans() if span.author is Author.MODEL]
    assert span.generation == first.generation


def test_one_that_comes_to_nothing_leaves_the_first_where_it_stands(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    engine.say(token(" burning"))
    finish(engine)
    first = generation.last
    assert first is not None
    start(first.place, replacing=first)
    generation.stop()
    assert generation.last == first
    start(first.place, replacing=first)
    document.replace(0, 0, "O ")
    assert generation.last == dataclasses.replace(first, place=first.place + 2)
    assert document.text == "O " + TEXT + " burning"
    start(first.place + 2, replacing=generation.last)
    document.replace(first.place + 4, first.place + 5, "")
    assert generation.last is None, "it is not as it was any more"


def test_when_another_document_is_shown_the_last_one_is_none_and_the_old_document_is_left_alone(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    ended: list[Continued] = []
    generation.ended.connect(ended.append)
    start()
    engine.say(token(" burning"), PrefillProgress(5, 5, 0))
    generation.leave()
    assert generation.state is State.IDLE
    assert generation.last is None
    assert document.text == TEXT
    assert not document.in_group
    start()
    engine.say(token(" burning"))
    finish(engine)
    assert len(ended) == 1
    generation.leave()
    document.replace(0, 0, "O ")
    assert generation.last is None


def test_a_failure_leaves_what_had_arrived(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    failures: list[tuple[str, str]] = []
    generation.failed.connect(lambda message, hint: failures.append((message, hint)))
    start()
    engine.say(token(" burning"))
    engine.failed.emit(engine.last_job, "The model is damaged.", "Get it again.")
    assert failures == [("The model is damaged.", "Get it again.")]
    assert document.text == TEXT + " burning"
    assert generation.last is not None
    assert generation.state is State.IDLE
    document.undo()
    assert document.text == TEXT


def test_reading_in_the_middle_of_the_writing_is_shown_as_reading(
    generation: GenerationController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    states: list[State] = []
    generation.state_changed.connect(states.append)
    start()
    engine.say(PrefillProgress(3, 3, 0), token(" a"), PrefillProgress(9, 9, 0), token(" b"))
    finish(engine)
    assert states == [State.READING, State.WRITING, State.READING, State.WRITING, State.IDLE]
    assert document.text == TEXT + " a b"


def test_the_record_has_the_seed_that_was_drawn(
    document: Document, generation: GenerationController, engine: ScriptedWorker, start: Start
) -> None:
    start()
    generation.stop()
    start()
    seeds = [record.seed for record in document.generations.values()]
    assert len(seeds) == 2
    assert None not in seeds
    assert seeds[0] != seeds[1]


def test_a_real_model_writes_and_then_all_is_quiet(
    worker: Worker, document: Document, poem_model: LoadedModel, poem: str, qtbot: QtBot
) -> None:
    generation = GenerationController(worker)
    ended: list[Continued] = []
    generation.ended.connect(ended.append)
    context = context_for(poem_model, TEXT)
    generation.start(poem_model, document, len(TEXT), context, GREEDY, Steering())
    qtbot.waitUntil(lambda: bool(ended), timeout=WAIT_MS)
    assert poem.startswith(document.text)
    assert len(document) > len(TEXT) + 10
    assert ended == [generation.last]
    assert generation.state is State.IDLE
    qtbot.wait(20)
    assert_at_rest(worker, qtbot, generation)
