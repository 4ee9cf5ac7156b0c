"""Nothing that Qt draws is destroyed beside the window's thread."""

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from writer.ui import garbage
from writer.ui.garbage import collected_here


class _Part(QObject):
    """Of a class of ours: those of Qt's own are destroyed on the window's thread by the binding itself."""

    def __init__(self, destroyed_on: list[str]) -> None:
        super().__init__()
        self.cycle = self
        self.destroyed.connect(
            lambda: destroyed_on.append(threading.current_thread().name), Qt.ConnectionType.DirectConnection
        )


def _allocate() -> None:
    """More than Python lets pass before it looks for garbage, in each generation."""
    del [[] for _ in range(150_000)][:]


def wait_for_first_pass(qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0)


@pytest.fixture(autouse=True)
def _automatic(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(garbage, "_PAUSE_MS", 5)
    gc.unfreeze()
    gc.collect()
    was_on = gc.isenabled()
    gc.enable()
    yield
    if not was_on:
        gc.disable()


def test_another_thread_destroys_nothing_and_this_one_does(qtbot: QtBot) -> None:
    destroyed_on: list[str] = []
    with collected_here():
        wait_for_first_pass(qtbot)
        _Part(destroyed_on)
        engine = threading.Thread(target=_allocate, name="engine")
        engine.start()
        engine.join()
        assert destroyed_on == []
        qtbot.waitUntil(lambda: destroyed_on == ["MainThread"])


def test_what_has_lived_long_goes_too(qtbot: QtBot) -> None:
    destroyed_on: list[str] = []
    with collected_here():
        wait_for_first_pass(qtbot)
        part = _Part(destroyed_on)
        gc.collect()  # it is among the oldest from here on
        del part
        qtbot.waitUntil(lambda: destroyed_on == ["MainThread"], timeout=60_000)


def test_the_program_itself_is_not_looked_through_again(qtbot: QtBot) -> None:
    with collected_here():
        wait_for_first_pass(qtbot)
        assert gc.get_freeze_count() > 10_000


def test_afterwards_python_collects_by_itself_again(qtbot: QtBot) -> None:
    def fail() -> None:
        with collected_here():
            assert not gc.isenabled()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert gc.isenabled()
