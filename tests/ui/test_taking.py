"""Takes of one place: where that place is after edits, what becomes of each take, and what the drawer keeps."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.writing_parts import WAIT_MS, ScriptedWorker, assert_at_rest, by_model, context_for
from writer.assist.bridging import BridgesRanked
from writer.document.document import Document
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author
from writer.document.takes.take_record import Fate
from writer.document.takes.take_store import TakeStore
from writer.engine.config import GenerationConfig
from writer.engine.events import FinishReason, PrefillProgress, TakenBack, Token
from writer.engine.steering import Steering
from writer.engine.takes import TakeEvent, TakeFinished
from writer.models.loaded import LoadedModel
from writer.ui.errands import Errands
from writer.ui.takes_keeper import TakesKeeper
from writer.ui.taking import Asked, TakingController
from writer.ui.worker import Worker

TEXT = "Tyger Tyger, burning bright."
FIRST, SECOND = " It slept. It woke.", " He came. He went."
Start = Callable[..., None]


def said(take: int, text: str) -> TakeEvent:
    return TakeEvent(take, Token(text, 0, -0.1))


def taken_back(take: int, text: str) -> TakeEvent:
    return TakeEvent(take, TakenBack(text, 1))


@pytest.fixture
def engine(qapp: object) -> ScriptedWorker:
    return ScriptedWorker()


@pytest.fixture
def errands(qapp: object) -> Iterator[Errands]:
    errands = Errands()
    yield errands
    errands.close()


@pytest.fixture
def store(tmp_path: Path) -> TakeStore:
    return TakeStore(tmp_path / "takes", FileOps())


@pytest.fixture
def keeper(store: TakeStore, errands: Errands, document: Document) -> TakesKeeper:
    keeper = TakesKeeper(store, errands)
    keeper.open("story", document)
    return keeper


@pytest.fixture
def taking(engine: ScriptedWorker, keeper: TakesKeeper) -> TakingController:
    return TakingController(cast(Worker, engine), keeper)


@pytest.fixture
def document() -> Document:
    return Document(TEXT + "\nThe end.")


@pytest.fixture
def start(taking: TakingController, document: Document, poem_model: LoadedModel) -> Start:
    def start(n_takes: int = 2, caret: int = len(TEXT), seed: int | None = 7, following: str = "") -> None:
        context = context_for(poem_model, document.slice(0, caret))
        config = GenerationConfig(seed=seed)
        taking.start(poem_model, document, caret, context, config, Steering(), n_takes, following)

    return start


def finish(engine: ScriptedWorker, *texts: str) -> None:
    """Each take says its text, and all end."""
    for number, text in enumerate(texts):
        engine.say(said(number, text), TakeFinished(number, FinishReason.LENGTH, 7))
    engine.finished.emit(engine.last_job)


def fates(keeper: TakesKeeper) -> list[Fate]:
    return [record.fate for record in keeper.records]


def test_news_of_another_job_is_none(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, start: Start
) -> None:
    start()
    engine.say(said(0, " Old."))
    first = engine.last_job
    start()
    assert engine.cancelled == [first]
    assert [record.text for record in keeper.records] == [" Old."]
    texts: list[tuple[int, str]] = []
    taking.text_changed.connect(lambda take, text: texts.append((take, text)))
    engine.event_arrived.emit(first, said(0, " late"))
    engine.finished.emit(first)
    engine.failed.emit(first, "It broke.", "")
    assert taking.is_running
    assert not texts
    finish(engine, FIRST, SECOND)
    engine.say(said(0, " later"))
    assert not taking.is_running
    assert texts == [(0, FIRST), (1, SECOND)]
    assert [record.text for record in keeper.records] == [" Old.", FIRST, SECOND]


def test_nothing_enters_the_text_unasked(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    finish(engine, FIRST, SECOND)
    assert document.text == TEXT + "\nThe end."
    assert not document.can_undo
    taking.accept(2)
    taking.accept(-1)
    assert not document.can_undo


def test_what_a_take_takes_back_is_gone_from_it(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, start: Start
) -> None:
    texts: list[tuple[int, str]] = []
    taking.text_changed.connect(lambda take, text: texts.append((take, text)))
    start()
    engine.say(said(0, " one two"), said(1, " three"), taken_back(0, " two"), said(0, " four"))
    assert texts == [(0, " one two"), (1, " three"), (0, " one"), (0, " one four")]
    engine.finished.emit(engine.last_job)
    assert [record.text for record in keeper.records] == [" one four", " three"]


@pytest.mark.parametrize("between", ["\n\n", "\n", "\n    "])
@pytest.mark.parametrize("way", ["whole", "sentences", "earlier"])
def test_paragraphs_are_spaced_like_the_writers(
    way: str, between: str, taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper,
    document: Document, start: Start,
) -> None:  # fmt: skip
    text = f"It rained.{between}It poured."
    document.replace(0, len(document), text if way != "earlier" else "It poured.")
    start(caret=len(document))
    engine.say(said(0, " He left.\n"), said(0, "\n"), taken_back(0, "\n"), said(0, "She ran."))
    engine.say(said(1, " Why?"), said(1, "\n\n"), said(1, "Not.\nYou."))
    finish(engine)
    if way == "whole":
        taking.accept(0)
        assert document.text == f"{text} He left.{between}She ran."
    elif way == "sentences":
        for take, sentence in ((1, 0), (0, 1), (1, 2)):
            taking.add_sentence(take, sentence)
        assert document.text == f"{text} Why?{between}She ran. You."
    else:
        document.replace(0, len(document), text)
        taking.insert(document, len(document), keeper.records[0].id)
        assert document.text == f"{text} He left.{between}She ran."


def test_accepting_one_refuses_the_others_and_is_one_step(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, store: TakeStore, errands: Errands,
    document: Document, start: Start, qtbot: QtBot,
) -> None:  # fmt: skip
    ends: list[int] = []
    taking.chosen.connect(ends.append)
    start(3)
    finish(engine, FIRST, SECOND, " No.")
    assert fates(keeper) == [Fate.OPEN] * 3
    taking.accept(1)
    assert document.text == TEXT + SECOND + "\nThe end."
    assert ends == [len(TEXT + SECOND)]
    assert fates(keeper) == [Fate.REFUSED, Fate.ACCEPTED, Fate.REFUSED]
    [span] = [span for span in document.spans() if span.author is Author.MODEL]
    assert span.generation == keeper.records[1].id
    assert document.generations[keeper.records[1].id] == keeper.records[1].generation
    document.undo()
    assert document.text == TEXT + "\nThe end."
    assert fates(keeper) == [Fate.REFUSED] * 3
    qtbot.waitUntil(lambda: not errands.is_busy)
    assert store.load("story") == list(keeper.records)
    document.redo()
    assert fates(keeper) == [Fate.REFUSED, Fate.ACCEPTED, Fate.REFUSED]
    qtbot.waitUntil(lambda: not errands.is_busy)
    assert store.load("story") == list(keeper.records)


def test_accepting_one_that_still_streams_takes_what_there_is_and_ends_the_round(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    finished: list[int] = []
    taking.take_finished.connect(lambda take, _: finished.append(take))
    start()
    engine.say(said(0, " It slept."), TakeFinished(1, FinishReason.ENDING, 8))
    taking.accept(0)
    engine.say(said(0, " It woke."))
    assert engine.cancelled == [engine.last_job]
    assert document.text == TEXT + " It slept.\nThe end."
    assert sorted(finished) == [0, 1]
    assert [(record.text, record.fate) for record in keeper.records] == [(" It slept.", Fate.ACCEPTED)]


def test_a_take_without_a_word_is_neither_kept_nor_put_in(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    start()
    finish(engine, "", FIRST)
    taking.accept(0)
    assert not document.can_undo
    assert [record.text for record in keeper.records] == [FIRST]


def test_sentences_of_two_takes_leave_both_partly_used(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    chosen: list[tuple[int, object]] = []
    taking.sentences_chosen.connect(lambda take, sentences: chosen.append((take, sentences)))
    start(3)
    finish(engine, FIRST, SECOND, " No.")
    taking.add_sentence(0, 0)
    taking.add_sentence(1, 1)
    assert document.text == TEXT + " It slept. He went.\nThe end."
    assert chosen == [(0, {0}), (1, {1})]
    assert fates(keeper) == [Fate.PARTLY, Fate.PARTLY, Fate.OPEN]
    taking.add_sentence(0, 1)
    assert chosen[2:] == [(0, {0, 1})]
    assert fates(keeper) == [Fate.ACCEPTED, Fate.PARTLY, Fate.OPEN], "all of the first is in the text by now"
    taking.accept(2)
    assert fates(keeper) == [Fate.ACCEPTED, Fate.PARTLY, Fate.ACCEPTED]
    for _ in range(3):
        document.undo()
    assert fates(keeper) == [Fate.PARTLY, Fate.REFUSED, Fate.REFUSED]


@pytest.mark.parametrize("opening", ["“", '"', "(", "—", "Two"])
def test_a_sentence_does_not_touch_what_stands_after_it(
    opening: str, taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    document.replace(len(TEXT), len(document), f" {opening} it was.")
    start(2, caret=len(TEXT))
    finish(engine, FIRST, SECOND)
    document.replace(len(TEXT), len(TEXT) + 1, "")
    taking.add_sentence(0, 0)
    assert document.text == f"{TEXT} It slept. {opening} it was."
    taking.add_sentence(0, 1)
    assert document.text == TEXT + FIRST.rstrip() + f" {opening} it was."


def test_what_stood_before_the_takes_is_kept_as_it_was(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    """The space before them has gone meanwhile: one comes with the take, whose record tells of the old place."""
    document.replace(len(TEXT), len(TEXT), " ")
    start(2, caret=len(TEXT) + 1)
    document.replace(len(TEXT), len(TEXT) + 1, "")
    finish(engine, FIRST.lstrip(), SECOND.lstrip())
    taking.add_sentence(0, 0)
    assert document.text == TEXT + " It slept.\nThe end."
    taking.accept(1)
    assert document.text == TEXT + " It slept. He came. He went.\nThe end."
    assert {record.before[-2:] for record in keeper.records} == {TEXT[-1] + " "}


def test_a_sentence_chosen_while_the_takes_stream_is_known_to_the_drawer_later(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    start()
    engine.say(said(0, " It slept. It"))
    taking.add_sentence(0, 0)
    assert taking.is_running
    engine.say(said(0, " woke."))
    engine.finished.emit(engine.last_job)
    assert document.text == TEXT + " It slept.\nThe end."
    assert [(record.text, record.fate) for record in keeper.records] == [(" It slept. It woke.", Fate.PARTLY)]


def test_a_sentence_taken_back_while_the_takes_stream_is_not_used(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    start()
    engine.say(said(0, " It slept. It"))
    taking.add_sentence(0, 0)
    document.undo()
    engine.finished.emit(engine.last_job)
    assert fates(keeper) == [Fate.OPEN]


@pytest.mark.parametrize(
    ("start_at", "removed", "inserted", "expected"),
    [
        (0, 0, "O ", "O Tyger Tyger, burning bright.{}\nThe end."),
        (0, 6, "", "Tyger, burning bright.{}\nThe end."),
        (len(TEXT), 0, "?", "Tyger Tyger, burning bright.{}?\nThe end."),
        (len(TEXT) + 1, 3, "An", "Tyger Tyger, burning bright.{}\nAn end."),
        (len(TEXT) - 8, 12, "", "Tyger Tyger, burning{} end."),
        (len(TEXT) - 8, 12, " low:", "Tyger Tyger, burning low:{} end."),
        (0, len(TEXT) + 9, "", "It slept. It woke."),
    ],
)
def test_the_place_follows_the_text(
    start_at: int, removed: int, inserted: str, expected: str,
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start,
) -> None:  # fmt: skip
    start()
    engine.say(said(0, FIRST))
    document.replace(start_at, start_at + removed, inserted)
    assert taking.is_running, "typing goes on beside takes"
    engine.say(said(1, SECOND))
    taking.accept(0)
    assert document.text == expected.format(FIRST)
    assert by_model(document) == (FIRST if "{}" in expected else expected)


def test_a_choice_that_was_undone_can_be_made_again_or_another(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    chosen: list[tuple[int, object]] = []
    taking.sentences_chosen.connect(lambda take, sentences: chosen.append((take, set(sentences))))
    start()
    finish(engine, FIRST, SECOND)
    taking.add_sentence(0, 0)
    document.undo()
    assert chosen == [(0, {0}), (0, set())]
    taking.add_sentence(0, 0)
    assert document.text == TEXT + " It slept.\nThe end."
    document.undo()
    taking.add_sentence(1, 1)
    assert document.text == TEXT + " He went.\nThe end."
    assert chosen[2:] == [(0, {0}), (0, set()), (1, {1})]
    document.undo()
    taking.add_sentence(1, 0)
    assert chosen[5:] == [(1, set()), (1, {0})], "of what stands in the text"


def test_the_writers_words_beside_what_was_chosen_leave_it_chosen(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    chosen: list[object] = []
    start()
    finish(engine, FIRST, SECOND)
    taking.add_sentence(0, 0)
    taking.sentences_chosen.connect(lambda take, sentences: chosen.append((take, set(sentences))))
    document.replace(0, 0, "O ")
    document.replace(len(document), len(document), " Or not.")
    assert not chosen
    taking.add_sentence(1, 1)
    assert document.text == "O " + TEXT + " It slept. He went.\nThe end. Or not."
    assert chosen == [(1, {1})]


def test_what_is_asked_for_again_is_known_by_its_place_now(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    assert taking.asked is None
    start(3)
    finish(engine, FIRST, SECOND, " No.")
    document.replace(0, 0, "O ")
    taking.add_sentence(0, 0)
    assert taking.asked == Asked(len(TEXT) + 2, 3, "")
    taking.leave()
    assert taking.asked is None


def test_the_records_place_is_the_one_that_the_takes_were_made_for(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    start()
    engine.say(said(0, FIRST))
    document.replace(0, 0, "O ")
    taking.add_sentence(0, 0)
    engine.finished.emit(engine.last_job)
    [record] = keeper.records
    assert record.place == len(TEXT) + 2
    assert document.slice(0, record.place).endswith(record.before)


def test_the_place_comes_back_with_an_undo_of_what_was_chosen(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    finish(engine, FIRST, SECOND)
    taking.accept(0)
    document.undo()
    taking.accept(1)
    assert document.text == TEXT + SECOND + "\nThe end."


def test_after_another_document_is_shown_nothing_more_is_put_in(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    start()
    engine.say(said(0, FIRST))
    taking.leave()
    assert not taking.is_running
    assert [record.text for record in keeper.records] == [FIRST]
    taking.accept(0)
    taking.add_sentence(0, 0)
    document.replace(0, 0, "O ")
    assert by_model(document) == ""


def test_a_failure_keeps_what_had_arrived_and_is_told_once(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    failures: list[str] = []
    taking.failed.connect(lambda message, hint: failures.append(message))
    start()
    engine.say(said(0, FIRST))
    engine.failed.emit(engine.last_job, "The model is damaged.", "")
    assert failures == ["The model is damaged."]
    assert not taking.is_running
    assert [record.text for record in keeper.records] == [FIRST]
    taking.accept(0)
    assert by_model(document) == FIRST


def test_bridges_are_numbered_by_their_ranks_when_all_are_ranked(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    texts: dict[int, str] = {}
    notes: list[tuple[int, str]] = []
    taking.text_changed.connect(texts.__setitem__)
    taking.take_finished.connect(lambda take, note: notes.append((take, note)))
    start(3, following="\nThe end.")
    for number, text in enumerate((FIRST, "", SECOND)):
        engine.say(said(number, text), TakeFinished(number, FinishReason.LENGTH, 7))
    taking.add_sentence(0, 1)
    assert texts == {0: FIRST, 1: "", 2: SECOND}
    assert not notes, "none is complete before it has its rank"
    chosen: dict[int, object] = {}
    taking.sentences_chosen.connect(chosen.__setitem__)
    engine.say(BridgesRanked((2, 0), (-1.0, -2.0)))
    assert texts == {0: SECOND, 1: FIRST, 2: ""}
    assert notes == [(0, "Leads on best"), (1, "Leads on second best"), (2, "")]
    assert chosen == {0: set(), 1: {1}, 2: set()}
    engine.finished.emit(engine.last_job)
    assert len(notes) == 3
    assert [record.text for record in keeper.records] == [SECOND, FIRST]
    taking.add_sentence(0, 0)
    assert document.text == TEXT + " It woke. He came.\nThe end."


def test_bridges_that_are_stopped_before_they_are_ranked_keep_their_numbers(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    notes: list[tuple[int, str]] = []
    taking.take_finished.connect(lambda take, note: notes.append((take, note)))
    start(2, following="\nThe end.")
    engine.say(said(0, FIRST), said(1, SECOND), TakeFinished(0, FinishReason.LENGTH, 7))
    taking.stop()
    assert notes == [(0, ""), (1, "")]
    taking.accept(1)
    assert document.text == TEXT + SECOND + "\nThe end."


def test_an_earlier_take_goes_in_at_the_caret_and_is_the_parent_of_what_follows(
    taking: TakingController, engine: ScriptedWorker, keeper: TakesKeeper, document: Document, start: Start
) -> None:
    start()
    finish(engine, FIRST, SECOND)
    taking.insert(document, 5, "nobody")
    assert not document.can_undo
    kept = keeper.records[1]
    taking.insert(document, 5, kept.id)
    assert document.text.startswith("Tyger" + SECOND + " Tyger")
    assert fates(keeper) == [Fate.OPEN, Fate.ACCEPTED]
    assert taking.parent_at(document, 5 + len(SECOND)) == kept.id
    assert taking.parent_at(document, 5) is None
    assert taking.parent_at(document, 0) is None
    assert document.undo_label == "Earlier take"
    document.undo()
    assert fates(keeper) == [Fate.OPEN, Fate.REFUSED]


def test_each_take_has_a_seed_of_its_own_in_its_record(
    engine: ScriptedWorker, keeper: TakesKeeper, start: Start
) -> None:
    start(3)
    finish(engine, " a", " b", " c")
    assert [record.generation.seed for record in keeper.records] == [7, 8, 9]
    assert len({record.generation.context_hash for record in keeper.records}) == 1
    start(2, seed=None)
    finish(engine, " d", " e")
    assert None not in [record.generation.seed for record in keeper.records]


def test_reading_is_told_of_the_running_job_alone(
    taking: TakingController, engine: ScriptedWorker, start: Start
) -> None:
    told: list[tuple[int, int]] = []
    taking.reading.connect(lambda done, total: told.append((done, total)))
    start()
    engine.say(PrefillProgress(2, 5, 0))
    taking.stop()
    engine.say(PrefillProgress(5, 5, 0))
    assert told == [(2, 5)]


def test_a_real_model_makes_takes_and_then_all_is_quiet(
    worker: Worker, keeper: TakesKeeper, errands: Errands, poem_model: LoadedModel, qtbot: QtBot
) -> None:
    taking, document = TakingController(worker, keeper), Document("Tyger Tyger,")
    texts: dict[int, str] = {}
    taking.text_changed.connect(texts.__setitem__)
    config = GenerationConfig(temperature=0.0, max_new_tokens=8)
    taking.start(poem_model, document, 12, context_for(poem_model, document.text), config, Steering(), 2)
    qtbot.waitUntil(lambda: not taking.is_running, timeout=WAIT_MS)
    assert texts[0] == texts[1], "greedy takes are one"
    assert texts[0].startswith(" burning bright")
    assert [record.text for record in keeper.records] == [texts[0], texts[1]]
    qtbot.waitUntil(lambda: not errands.is_busy)
    assert_at_rest(worker, qtbot, taking, keeper)


def test_a_sentence_that_was_taken_back_is_not_spliced(
    taking: TakingController, engine: ScriptedWorker, document: Document, start: Start
) -> None:
    start()
    engine.say(said(0, " It woke. It slept."))
    taking.add_sentence(0, 1)
    engine.say(taken_back(0, " It slept."))
    taking.add_sentence(0, 1)  # the card has not been drawn anew yet
    taking.add_sentence(0, 0)
    finish(engine, "", SECOND)
    taking.add_sentence(1, 0)
    assert SECOND.strip()[:8] in document.text
