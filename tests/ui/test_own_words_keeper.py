"""The writer's own words keep step with the manuscript in pauses, and know what they are told not to learn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.ui.writing_parts import assert_at_rest, wait_for_engine, wait_for_event
from writer.assist.own_words import OwnWords
from writer.document.document import Document
from writer.models.loaded import LoadedModel
from writer.ui import own_words_keeper
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.worker import Worker

PAUSE_MS = 30
STORY = "Elowen met Quillon at Brackwater.\n" * 3 + "\nQuillon spoke of Brackwater, and Elowen listened.\n"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_words_keeper, "_IDLE_MS", PAUSE_MS)


@pytest.fixture
def keeper(worker: Worker, poem_model: LoadedModel) -> Iterator[OwnWordsKeeper]:
    keeper = OwnWordsKeeper(worker)
    keeper.set_model(poem_model)
    yield keeper
    worker.close()  # before anything goes that hears of it: the binding crashes where a thread emits meanwhile


def known(keeper: OwnWordsKeeper, typed: str) -> list[str]:
    assert keeper.own is not None
    return [word for word, _ in keeper.own.likely_words("He went to ", typed)]


def pause(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    """Until a pause has gone by and all that came of it is done."""
    [timer] = keeper.findChildren(QTimer)
    qtbot.waitUntil(lambda: not timer.isActive())
    wait_for_engine(worker, qtbot)


def write(keeper: OwnWordsKeeper, document: Document, place: int, text: str) -> None:
    """As the window tells of typing: before the document has it."""
    keeper.interrupt()
    document.replace(place, place, text)


def test_a_manuscript_is_learnt_in_a_pause_and_followed(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    document = Document(STORY)
    keeper.set_document(document)
    assert not known(keeper, "Br")
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]
    write(keeper, document, 0, "Brindlewick Hall was empty.\n")
    assert known(keeper, "Br") == ["Brackwater"], "not while somebody types"
    pause(keeper, worker, qtbot)
    assert set(known(keeper, "Br")) == {"Brackwater", "Brindlewick"}
    document.undo()
    keeper.interrupt()
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]


def test_there_is_no_blend_without_a_model_or_strength(worker: Worker, keeper: OwnWordsKeeper) -> None:
    assert OwnWordsKeeper(worker).blend(0.5) is None
    assert keeper.blend(0.0) is None
    blend = keeper.blend(0.5)
    assert blend is not None
    assert blend.name == "own words"


def test_nothing_runs_once_it_is_known(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    document = Document(STORY)
    keeper.set_document(document)
    pause(keeper, worker, qtbot)
    assert_at_rest(worker, qtbot, keeper)
    jobs: list[int] = []
    worker.finished.connect(jobs.append)
    keeper.interrupt()  # a key that changed nothing
    [timer] = keeper.findChildren(QTimer)
    qtbot.waitUntil(lambda: not timer.isActive())
    wait_for_engine(worker, qtbot)
    assert len(jobs) == 1, "the test's own alone"


def test_typing_interrupts_and_the_next_pause_goes_on(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    paragraphs = [f"Paragraph {number} knows Quillon{number:05d} and nobody else at all." for number in range(3_000)]
    document = Document("\n".join(paragraphs))
    stopped: list[int] = []
    worker.stopped.connect(stopped.append)
    keeper.set_document(document)
    wait_for_event(worker, qtbot)
    write(keeper, document, 0, "Brindlewick.\n")
    qtbot.waitUntil(lambda: len(stopped) == 1)
    assert keeper.own is not None
    n_learnt = keeper.own.n_words
    assert 0 < n_learnt < 3_000 * 10
    pause(keeper, worker, qtbot)
    assert keeper.own.n_words > 3_000 * 10
    assert known(keeper, "Bri") == ["Brindlewick"]
    assert known(keeper, "Quillon02999") == []
    assert known(keeper, "Quillon0299") != []
    assert len(stopped) == 1


def test_following_that_gave_way_to_the_model_goes_on_without_a_key(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    document = Document("\n".join(f"Paragraph {number} knows Quillon{number:05d}." for number in range(3_000)))
    stopped: list[int] = []
    worker.stopped.connect(stopped.append)
    keeper.set_document(document)
    wait_for_event(worker, qtbot)
    worker.run(lambda: iter(()))
    qtbot.waitUntil(lambda: bool(stopped))
    pause(keeper, worker, qtbot)
    assert keeper.own is not None
    assert keeper.own.n_words > 3_000 * 4


def test_another_manuscript_in_the_middle_leaves_nothing_of_the_first(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    keeper.set_document(Document("\n".join(f"Paragraph {n} knows Quillon{n:05d}." for n in range(3_000))))
    wait_for_event(worker, qtbot)
    keeper.set_document(Document("Broadmere is elsewhere.\n"))
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Broadmere"]
    assert known(keeper, "Quillon") == []


def test_a_manuscript_opened_off_the_record_is_known_to_have_stood_there(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    keeper.set_off_the_record(True)
    document = Document(STORY)
    keeper.set_document(document)
    write(keeper, document, 0, "Brindlewick is a secret.\n")
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == []
    keeper.set_off_the_record(False)
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]


def test_the_word_that_is_being_typed_is_not_learnt_as_a_word(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    document = Document("Elowen met Quillon. Brack")
    keeper.set_document(document)
    keeper.note_caret(len(document))
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == []
    write(keeper, document, len(document), "water is far.")
    keeper.note_caret(len(document))
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]


def test_off_the_record_nothing_is_learnt_not_even_later(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    document = Document(STORY)
    keeper.set_document(document)
    pause(keeper, worker, qtbot)
    keeper.set_off_the_record(True)
    write(keeper, document, 0, "Brindlewick is a secret.\n")
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]
    keeper.set_off_the_record(False)
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]
    write(keeper, document, 0, "Broadmere is none.\n")
    pause(keeper, worker, qtbot)
    assert set(known(keeper, "Br")) == {"Brackwater", "Broadmere"}


def test_turning_it_on_or_off_twice_is_turning_it_once(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    document = Document(STORY)
    keeper.set_document(document)
    keeper.set_off_the_record(False)
    pause(keeper, worker, qtbot)
    keeper.set_off_the_record(True)
    write(keeper, document, 0, "Brindlewick is a secret.\n")
    keeper.set_off_the_record(True)  # the writer changes some other option
    keeper.set_off_the_record(False)
    pause(keeper, worker, qtbot)
    keeper.set_off_the_record(False)
    assert known(keeper, "Br") == ["Brackwater"]
    assert_at_rest(worker, qtbot, keeper)


def test_what_was_erased_stays_forgotten_and_new_words_are_learnt(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    document = Document(STORY)
    keeper.set_document(document)
    pause(keeper, worker, qtbot)
    keeper.erase()
    wait_for_engine(worker, qtbot)
    assert keeper.own is not None
    assert keeper.own.n_words == 0
    write(keeper, document, 0, "Broadmere is new.\n")
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Broadmere"]


def test_erasing_without_a_model_is_allowed(worker: Worker) -> None:
    keeper = OwnWordsKeeper(worker)
    keeper.set_document(Document(STORY))
    keeper.erase()
    assert keeper.own is None


def test_another_manuscript_has_words_of_its_own(keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot) -> None:
    keeper.set_document(Document(STORY))
    pause(keeper, worker, qtbot)
    keeper.set_document(Document("Broadmere is elsewhere.\n"))
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Broadmere"]
    keeper.set_document(Document(""))
    pause(keeper, worker, qtbot)
    assert keeper.own is not None
    assert keeper.own.n_words == 0


def test_another_model_learns_the_same_manuscript_anew(
    keeper: OwnWordsKeeper, poem_model: LoadedModel, worker: Worker, qtbot: QtBot
) -> None:
    keeper.set_document(Document(STORY))
    pause(keeper, worker, qtbot)
    first = keeper.own
    keeper.set_model(poem_model)
    assert isinstance(keeper.own, OwnWords)
    assert keeper.own is not first
    assert not known(keeper, "Br")
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]


def test_no_word_of_it_reaches_the_disk(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot, writer_home: Path, tmp_path: Path
) -> None:
    keeper.set_document(Document(STORY))
    pause(keeper, worker, qtbot)
    assert [path for folder in (writer_home, tmp_path) for path in folder.rglob("*") if path.is_file()] == []


def test_a_paragraph_from_off_the_record_stays_so_when_the_writer_goes_on_with_it(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    document = Document(STORY)
    keeper.set_document(document)
    pause(keeper, worker, qtbot)
    keeper.set_off_the_record(True)
    write(keeper, document, len(document), "Brindlewick is a secret.")
    keeper.set_off_the_record(False)
    write(keeper, document, len(document), " Broadmere is none.")
    pause(keeper, worker, qtbot)
    assert known(keeper, "Br") == ["Brackwater"]


def test_an_erased_paragraph_stays_so_when_the_writer_goes_on_with_it(
    keeper: OwnWordsKeeper, worker: Worker, qtbot: QtBot
) -> None:
    document = Document("Elowen met Quillon at Brackwater.")
    keeper.set_document(document)
    pause(keeper, worker, qtbot)
    keeper.erase()
    wait_for_engine(worker, qtbot)
    write(keeper, document, len(document), " Broadmere.")
    pause(keeper, worker, qtbot)
    assert "Brackwater" not in known(keeper, "Br")
