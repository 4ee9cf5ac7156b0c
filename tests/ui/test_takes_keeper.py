"""The takes of the open manuscript: in memory at once, on the disk soon, whatever the disk does."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.document.faulty_ops import InterposedOps, RefusingOps
from tests.ui.take_records import FEW, KEYS, LAMP, story, take
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author
from writer.document.takes.take_record import Fate, TakeRecord
from writer.document.takes.take_store import TakeStore
from writer.ui.errands import Errands
from writer.ui.takes_keeper import TakesKeeper


@pytest.fixture
def errands(qapp: object) -> Iterator[Errands]:
    errands = Errands()
    yield errands
    errands.close()


@pytest.fixture
def store(tmp_path: Path) -> TakeStore:
    return TakeStore(tmp_path / "takes", FileOps())


@pytest.fixture
def keeper(store: TakeStore, errands: Errands) -> TakesKeeper:
    keeper = TakesKeeper(store, errands)
    keeper.failed.connect(lambda message, hint: pytest.fail(message))
    return keeper


def settle(errands: Errands, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not errands.is_busy)


def changed(record: TakeRecord, **values: object) -> TakeRecord:
    return dataclasses.replace(record, **values)


def test_changes_are_seen_at_once_and_reach_the_disk(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    told: list[tuple[TakeRecord, ...]] = []
    document = story()
    keeper.open("one", document)
    settle(errands, qtbot)
    keeper.changed.connect(told.append)
    keeper.add(FEW)
    document.replace(0, 0, KEYS, Author.MODEL, "keys")
    keeper.set_pinned("wind", True)
    assert told[0] == FEW
    expected = (*FEW[:2], changed(FEW[2], is_pinned=True), changed(FEW[3], fate=Fate.ACCEPTED))
    assert keeper.records == told[-1] == expected
    assert len(told) == 3
    settle(errands, qtbot)
    assert store.load("one") == list(expected)


def test_what_changes_nothing_is_not_told_nor_kept(keeper: TakesKeeper, errands: Errands, qtbot: QtBot) -> None:
    document = story()
    keeper.open("one", document)
    keeper.add(FEW)
    settle(errands, qtbot)
    told: list[object] = []
    keeper.changed.connect(told.append)
    document.replace(0, 0, "O", Author.MODEL, "nobody")
    document.replace(0, 0, "O")
    document.replace(len(document) - 1, len(document), "")  # a letter of what is used in part
    keeper.refuse(["lamp", "steps", "wind", "nobody"])
    keeper.set_pinned("steps", True)
    keeper.set_pinned("nobody", True)
    assert not told
    assert not errands.is_busy
    assert keeper.get("nobody") is keeper.get(None) is None
    assert keeper.get("lamp") == FEW[0]


def test_fates_follow_the_text_here_and_on_the_disk(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    document = story()
    keeper.open("one", document)
    keeper.add(FEW)
    told: list[tuple[TakeRecord, ...]] = []
    keeper.changed.connect(told.append)
    document.replace(0, len(document), "")
    gone = [changed(FEW[0], fate=Fate.REFUSED), changed(FEW[1], fate=Fate.REFUSED), *FEW[2:]]
    assert told == [tuple(gone)], "told once, however many of them a change concerns"
    settle(errands, qtbot)
    assert store.load("one") == gone
    document.undo()
    assert keeper.records == FEW
    settle(errands, qtbot)
    assert store.load("one") == list(FEW)
    document.redo()
    keeper.open("two", story())
    document.undo()  # of a text that is not open any more
    settle(errands, qtbot)
    assert store.load("one") == gone


def test_what_was_kept_wrongly_is_mended_when_the_text_is_opened(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    wrong = [changed(FEW[0], fate=Fate.REFUSED), FEW[1], changed(FEW[2], fate=Fate.ACCEPTED), FEW[3]]
    store.add("one", wrong)
    keeper.open("one", story())
    settle(errands, qtbot)
    assert list(keeper.records) == store.load("one") == list(FEW)


def test_another_manuscript_shows_its_own_takes_alone(keeper: TakesKeeper, errands: Errands, qtbot: QtBot) -> None:
    keeper.open("one", story())
    keeper.add(FEW)
    keeper.open("two", story())
    assert keeper.records == ()
    keeper.open("one", story())
    keeper.open("two", story())  # the first answer comes for a manuscript that is no longer open
    settle(errands, qtbot)
    assert keeper.records == ()
    keeper.open("one", story())
    settle(errands, qtbot)
    assert keeper.records == FEW


def test_takes_that_arrive_before_the_disk_answers_are_there_after_it(
    store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    store.add("one", FEW[:2])
    keeper = TakesKeeper(store, errands)
    keeper.open("one", story())
    new, newer = take("new"), changed(FEW[1], text="Another text, of several words.")
    keeper.add([new, newer])
    assert keeper.records == (new, newer)
    settle(errands, qtbot)
    assert keeper.records == (FEW[0], newer, new)
    assert store.load("one") == [FEW[0], newer, new]


def test_a_take_that_is_erased_is_gone_here_and_on_the_disk(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    keeper.open("one", story())
    keeper.add(FEW)
    keeper.erase("wind")
    keeper.erase("nobody")
    keeper.moved("file", is_copy=False)
    settle(errands, qtbot)
    assert list(keeper.records) == store.load("file") == [FEW[0], FEW[1], FEW[3]]


def test_all_are_erased_and_those_that_come_meanwhile_stay(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    store.add("one", FEW[:2])
    keeper.open("one", story())
    keeper.add(FEW[2:])
    keeper.erase_all()  # before the disk has told of the first two
    keeper.add([take("new")])
    settle(errands, qtbot)
    assert list(keeper.records) == store.load("one") == [take("new")]


def test_what_is_erased_in_one_text_is_not_taken_from_the_next(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    store.add("two", FEW)
    keeper.open("one", story())
    keeper.add(FEW)
    settle(errands, qtbot)
    keeper.erase("wind")
    keeper.erase_all()
    keeper.open("two", story())
    settle(errands, qtbot)
    assert list(keeper.records) == store.load("two") == list(FEW)
    assert store.load("one") == []


@pytest.mark.parametrize("erase", [lambda keeper: keeper.erase("lamp"), lambda keeper: keeper.erase_all()])
def test_what_the_disk_does_not_give_up_stays_in_sight(
    erase: Callable[[TakesKeeper], None], tmp_path: Path, errands: Errands, qtbot: QtBot
) -> None:
    TakeStore(tmp_path / "takes", FileOps()).add("one", FEW)
    keeper = TakesKeeper(TakeStore(tmp_path / "takes", RefusingOps({"create": 28, "remove": 5})), errands)
    failures: list[str] = []
    keeper.failed.connect(lambda message, hint: failures.append(message))
    keeper.open("one", story())
    settle(errands, qtbot)
    erase(keeper)
    settle(errands, qtbot)
    assert len(failures) == 1
    assert failures[0].startswith("Cannot erase")
    assert keeper.records == FEW


def test_a_text_that_gets_a_name_takes_them_along(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    keeper.open("draft", story())
    keeper.add(FEW[:2])
    keeper.moved("file", is_copy=False)
    assert keeper.key == "file"
    assert keeper.records == FEW[:2]
    keeper.add(FEW[2:])
    keeper.refuse(["keys"])
    settle(errands, qtbot)
    assert store.load("draft") == []
    assert store.load("file") == [*FEW[:3], changed(FEW[3], fate=Fate.REFUSED)]


def test_a_copy_leaves_them_with_the_first_file_too(
    keeper: TakesKeeper, store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    keeper.open("file", story())
    keeper.add(FEW[:2])
    keeper.moved("copy", is_copy=True)
    keeper.add(FEW[2:])
    settle(errands, qtbot)
    assert store.load("file") == list(FEW[:2])
    assert store.load("copy") == list(FEW)


def test_a_save_under_the_same_name_moves_nothing(keeper: TakesKeeper, errands: Errands, qtbot: QtBot) -> None:
    keeper.open("file", story())
    keeper.add(FEW)
    settle(errands, qtbot)
    keeper.moved("file", is_copy=True)
    assert not errands.is_busy
    assert keeper.records == FEW


def test_a_store_that_fails_is_told_once_for_each_attempt_and_the_takes_stay_in_memory(
    tmp_path: Path, errands: Errands, qtbot: QtBot
) -> None:
    refused = {"create": 28}
    store, failures = TakeStore(tmp_path / "takes", RefusingOps(refused)), list[tuple[str, str]]()
    keeper = TakesKeeper(store, errands)
    keeper.failed.connect(lambda message, hint: failures.append((message, hint)))
    document = story()
    keeper.open("one", document)
    settle(errands, qtbot)
    assert not failures, "a text without takes is no failure"
    keeper.add(FEW[:2])
    settle(errands, qtbot)
    assert len(failures) == 1
    assert "No space left" in failures[0][0]
    assert str(tmp_path) in failures[0][1]
    assert keeper.records == FEW[:2]
    document.replace(0, 9, "")
    settle(errands, qtbot)
    assert keeper.records[0].fate is Fate.PARTLY
    refused.clear()  # there is room again
    keeper.add(FEW[2:])
    settle(errands, qtbot)
    assert len(failures) == 1
    assert len(keeper.records) == 4
    assert store.load("one") == list(FEW[2:])


def test_a_store_that_cannot_be_read_is_told_and_new_takes_are_kept(
    tmp_path: Path, errands: Errands, qtbot: QtBot
) -> None:
    refused = {"read": 5}
    store, failures = TakeStore(tmp_path / "takes", RefusingOps(refused)), list[str]()
    TakeStore(tmp_path / "takes", FileOps()).add("one", FEW[:1])
    keeper = TakesKeeper(store, errands)
    keeper.failed.connect(lambda message, hint: failures.append(message))
    keeper.open("one", story())
    settle(errands, qtbot)
    assert len(failures) == 1
    keeper.add(FEW[1:])
    settle(errands, qtbot)
    assert len(failures) == 1
    assert keeper.records == FEW[1:]
    refused.clear()
    assert store.load("one") == list(FEW)


class WaitingOps(InterposedOps):
    """A disk that does not answer a request to read before it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def around(self, name: str, call: object, *arguments: object) -> object:
        if name == "read":
            self.let.wait(10)
        return call(*arguments)  # type: ignore[operator]


def test_the_window_does_not_wait_for_a_slow_disk(tmp_path: Path, errands: Errands, qtbot: QtBot) -> None:
    ops = WaitingOps()
    TakeStore(tmp_path / "takes", FileOps()).add("one", FEW)
    keeper = TakesKeeper(TakeStore(tmp_path / "takes", ops), errands)
    keeper.open("one", story())
    keeper.add([take("new", LAMP)])
    assert [record.id for record in keeper.records] == ["new"]
    assert errands.is_busy
    ops.let.set()
    settle(errands, qtbot)
    assert {record.id for record in keeper.records} == {"lamp", "steps", "wind", "keys", "new"}


def test_takes_of_a_manuscript_that_is_named_while_they_are_read(
    store: TakeStore, errands: Errands, qtbot: QtBot
) -> None:
    store.add("draft", FEW)
    keeper = TakesKeeper(store, errands)
    keeper.open("draft", story())
    keeper.moved("file", is_copy=False)
    settle(errands, qtbot)
    assert keeper.records == FEW
