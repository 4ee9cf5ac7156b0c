"""What the model is shown of the open document, the horizon that is told of, and reading ahead in pauses."""

import dataclasses
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.ui.writing_parts import WAIT_MS, assert_at_rest, wait_for_engine
from writer.assist.context import Origin
from writer.assist.context_notes import ContextNotes, LoreEntry
from writer.document.document import Document
from writer.engine.kv_cache import KVCache
from writer.models.loaded import LoadedModel
from writer.ui import context_keeper
from writer.ui.context_keeper import ContextKeeper
from writer.ui.worker import Worker

TEXT = "Tyger Tyger, burning bright,\nIn the forests of the"
LONG = "\n".join(f"In chapter {n} the tiger went on through the forests of the night." for n in range(200))


class Busy:
    """Whether somebody waits for the model."""

    now = False

    def __call__(self) -> bool:
        return self.now


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_keeper, "_IDLE_MS", 30)


@pytest.fixture
def busy() -> Busy:
    return Busy()


@pytest.fixture
def keeper(worker: Worker, busy: Busy, poem_model: LoadedModel) -> Iterator[ContextKeeper]:
    keeper = ContextKeeper(worker, busy)
    keeper.set_model(poem_model)
    yield keeper
    worker.close()  # before anything goes that hears of it: the binding crashes where a thread emits meanwhile


@pytest.fixture
def cache(poem_model: LoadedModel) -> Iterator[KVCache]:
    """The model's, empty."""
    poem_model.cache.truncate(0)
    yield poem_model.cache
    poem_model.cache.truncate(0)


def pause(keeper: ContextKeeper, worker: Worker, qtbot: QtBot) -> None:
    """Until a pause has gone by and what came of it is done."""
    [timer] = keeper.findChildren(QTimer)
    qtbot.waitUntil(lambda: not timer.isActive())
    wait_for_engine(worker, qtbot)


def test_there_is_no_context_without_a_model_or_anything_to_go_on_from(worker: Worker, keeper: ContextKeeper) -> None:
    lonely = ContextKeeper(worker, Busy())
    lonely.set_document(Document(TEXT))
    assert lonely.context_at(5) is None
    for text in ("", "  \n\n "):
        keeper.set_document(Document(text))
        assert keeper.context_at(len(text)) is None
    keeper.set_document(Document(TEXT))
    assert keeper.context_at(0) is None
    assert keeper.context_at(1) is not None


def test_notes_are_enough_to_go_on_from(keeper: ContextKeeper) -> None:
    document = Document("")
    keeper.set_document(document)
    document.set_notes(ContextNotes(memory="A tiger, 1794.").to_json())
    assert keeper.notes.memory == "A tiger, 1794."
    context = keeper.context_at(0)
    assert context is not None
    assert context.parts[0].origin is Origin.MEMORY
    document.set_notes({})
    assert keeper.context_at(0) is None


def test_the_context_is_of_the_text_before_the_caret(keeper: ContextKeeper) -> None:
    keeper.set_document(Document(TEXT))
    context = keeper.context_at(len("Tyger Tyger, burning"))
    assert context is not None
    assert context.text + context.prompt.typed.decode() == "Tyger Tyger, burning"


def test_a_context_for_later_is_the_one_for_then_and_tells_nothing(keeper: ContextKeeper) -> None:
    document = Document(TEXT)
    keeper.set_document(document)
    told: list[object] = []
    keeper.used_changed.connect(told.append)
    keeper.horizon_changed.connect(told.append)
    ahead = keeper.context_at(len(TEXT), ahead=" night;\nWhat")
    assert not told
    document.replace(len(TEXT), len(TEXT), " night;\nWhat")
    now = keeper.context_at(len(document))
    assert ahead is not None
    assert now is not None
    assert ahead.token_ids == now.token_ids
    assert told == [now.n_tokens]


def test_the_horizon_is_told_once_for_each_change(keeper: ContextKeeper) -> None:
    told: list[int | None] = []
    keeper.horizon_changed.connect(told.append)
    document = Document(LONG)
    keeper.set_document(document)
    assert told == []
    contexts = [keeper.context_at(len(LONG)) for _ in range(3)]
    assert contexts[0] is not None
    assert contexts[0].horizon > 0
    assert told == [contexts[0].horizon]
    document.replace(0, 0, "Of old. ")
    keeper.context_at(len(document))
    assert told == [contexts[0].horizon, contexts[0].horizon + 8]
    keeper.context_at(20)
    assert told[2:] == [None]
    keeper.context_at(21)
    assert told[3:] == []
    keeper.context_at(len(document))
    assert len(told) == 4
    keeper.set_document(Document(TEXT))
    assert told[4:] == [None]
    keeper.context_at(len(TEXT))
    keeper.set_document(Document(LONG))
    assert told[5:] == []


def test_the_text_is_read_in_a_pause_and_the_next_context_goes_on_from_it(
    keeper: ContextKeeper, worker: Worker, cache: KVCache, qtbot: QtBot
) -> None:
    document = Document(TEXT)
    keeper.set_document(document)
    keeper.note_caret(len(TEXT))
    assert not cache.token_ids
    pause(keeper, worker, qtbot)
    context = keeper.context_at(len(TEXT))
    assert context is not None
    assert tuple(cache.token_ids) == context.token_ids
    assert_at_rest(worker, qtbot, keeper)


LORE = ContextNotes(lore=(LoreEntry("v", "Marenka", ("Marenka",), "Marenka keeps the lighthouse."),))


def n_to_read(keeper: ContextKeeper, cache: KVCache, caret: int) -> int:
    """Tokens that whoever asks for something there has to wait for."""
    context = keeper.context_at(caret)
    assert context is not None
    return context.n_tokens - cache.common_prefix(context.token_ids)


def test_a_word_that_calls_for_lore_has_the_window_read_in_the_next_pause(
    keeper: ContextKeeper, worker: Worker, cache: KVCache, qtbot: QtBot
) -> None:
    document = Document(TEXT, notes=LORE.to_json())
    keeper.set_document(document)
    keeper.note_caret(len(TEXT))
    pause(keeper, worker, qtbot)
    assert n_to_read(keeper, cache, len(TEXT)) == 0
    end = len(TEXT) + len(" Marenka")
    document.replace(len(TEXT), len(TEXT), " Marenka")
    context = keeper.context_at(end)
    assert context is not None
    assert context.parts[0].origin is Origin.LORE
    assert n_to_read(keeper, cache, end) == context.n_tokens, "what stands before the text is new"
    keeper.note_caret(end)
    pause(keeper, worker, qtbot)
    assert n_to_read(keeper, cache, end) == 0
    document.replace(end, end, " sleeps.")
    assert n_to_read(keeper, cache, end + len(" sleeps.")) < 16, "and stays from then on"


@pytest.mark.parametrize("change", ["notes", "text"])
def test_what_changes_while_the_caret_stays_is_read_in_the_next_pause_too(
    keeper: ContextKeeper, worker: Worker, cache: KVCache, qtbot: QtBot, change: str
) -> None:
    document = Document(f"Mirinda: {TEXT}", notes=LORE.to_json())
    keeper.set_document(document)
    keeper.note_caret(len(document))
    pause(keeper, worker, qtbot)
    before = keeper.context_at(len(document))
    if change == "notes":
        document.set_notes(dataclasses.replace(LORE, memory="A tiger, 1794.").to_json())
    else:
        document.replace(0, len("Mirinda"), "Marenka")
    after = keeper.context_at(len(document))
    assert before is not None
    assert after is not None
    assert after.parts[0].origin is (Origin.MEMORY if change == "notes" else Origin.LORE)
    assert n_to_read(keeper, cache, len(document)) > 0
    pause(keeper, worker, qtbot)
    assert n_to_read(keeper, cache, len(document)) == 0


def test_a_document_that_is_left_is_not_listened_to(keeper: ContextKeeper, worker: Worker, qtbot: QtBot) -> None:
    left = Document(TEXT)
    keeper.set_document(left)
    keeper.set_document(Document(TEXT))
    left.replace(0, 0, "Of old. ")
    left.set_notes(LORE.to_json())
    assert_at_rest(worker, qtbot, keeper)


def test_each_move_begins_the_pause_anew_and_only_the_last_place_is_read(
    keeper: ContextKeeper, worker: Worker, cache: KVCache, qtbot: QtBot
) -> None:
    keeper.set_document(Document(TEXT))
    jobs: list[int] = []
    worker.finished.connect(jobs.append)
    for caret in (20, 8, len("Tyger Tyger,")):
        keeper.note_caret(caret)
    pause(keeper, worker, qtbot)
    assert len(jobs) == 2, "one to read, and the test's own"
    context = keeper.context_at(len("Tyger Tyger,"))
    assert context is not None
    assert tuple(cache.token_ids) == context.token_ids


def test_nothing_is_read_ahead_while_somebody_waits_for_the_model(
    keeper: ContextKeeper, worker: Worker, busy: Busy, cache: KVCache, qtbot: QtBot
) -> None:
    keeper.set_document(Document(TEXT))
    busy.now = True
    keeper.note_caret(len(TEXT))
    pause(keeper, worker, qtbot)
    assert not cache.token_ids


def test_reading_ahead_gives_way_to_a_key(keeper: ContextKeeper, worker: Worker, cache: KVCache, qtbot: QtBot) -> None:
    keeper.set_document(Document(LONG))
    stopped: list[int] = []
    worker.stopped.connect(stopped.append)
    said: list[object] = []
    worker.event_arrived.connect(lambda *event: said.append(event))
    keeper.note_caret(len(LONG))
    qtbot.waitUntil(lambda: bool(said), timeout=WAIT_MS)
    keeper.interrupt()
    qtbot.waitUntil(lambda: bool(stopped), timeout=WAIT_MS)
    context = keeper.context_at(len(LONG))
    assert context is not None
    n_read = len(cache.token_ids)
    assert n_read < context.n_tokens
    assert tuple(cache.token_ids) == context.token_ids[:n_read], "what was read is of use"
    assert_at_rest(worker, qtbot, keeper)


def test_a_caret_beyond_what_is_left_of_the_text_is_its_end(
    keeper: ContextKeeper, worker: Worker, cache: KVCache, qtbot: QtBot
) -> None:
    document = Document(TEXT)
    keeper.set_document(document)
    keeper.note_caret(len(TEXT))
    document.replace(12, len(TEXT), "")
    pause(keeper, worker, qtbot)
    context = keeper.context_at(12)
    assert context is not None
    assert tuple(cache.token_ids) == context.token_ids


def test_without_a_model_no_pause_is_waited_for(worker: Worker, qtbot: QtBot) -> None:
    keeper = ContextKeeper(worker, Busy())
    keeper.set_document(Document(TEXT))
    keeper.note_caret(4)
    assert_at_rest(worker, qtbot, keeper)
