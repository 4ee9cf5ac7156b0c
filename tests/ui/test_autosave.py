"""When a manuscript is saved by itself, on a clock of the test's own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process
from writer.document.manuscript import Desk
from writer.document.versions.version_store import VersionStore
from writer.errors import WriterError
from writer.ui.autosave import LONGEST_S, PAUSE_S, RETRIES_S, Autosave
from writer.ui.errands import Errands
from writer.ui.files import FileController
from writer.ui.safekeeping import Safekeeping


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(qtbot: QtBot, tmp_path: Path) -> Iterator[FileController]:
    ops, state = FileOps(), tmp_path / "state"
    desk = Desk(
        state / "recovery",
        state / "fallback",
        state / "undo",
        state / "locks",
        VersionStore(state / "versions", ops),
        ops,
        Process.current(),
        lambda: datetime.now(UTC),
    )
    window = QWidget()
    qtbot.addWidget(window)
    errands, safekeeping = Errands(), Safekeeping(desk)
    controller = FileController(window, desk, errands, safekeeping)
    path = tmp_path / "story.txt"
    path.write_text("old")
    yield controller
    controller.document.mark_saved()
    controller.close()
    errands.close()


def open_story(files: FileController, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(files.opened, timeout=60_000):
        files.open_path(tmp_path / "story.txt")


def about(seconds: float | None, expected: float) -> bool:
    """Qt's timers are a twentieth off at most."""
    return seconds is not None and 0.95 * expected - 1 < seconds <= 1.05 * expected + 0.01


def test_a_pause_after_the_last_edit_and_a_longest_time_after_the_first(
    files: FileController, clock: Clock, qtbot: QtBot, tmp_path: Path
) -> None:
    autosave = Autosave(files, monotonic=clock)
    open_story(files, qtbot, tmp_path)
    assert autosave.next_s is None
    files.document.replace(0, 0, "a")
    assert about(autosave.next_s, PAUSE_S)
    for _ in range(20):
        clock.now_s += LONGEST_S / 20 - 0.1
        files.document.replace(0, 0, "b")
    assert about(autosave.next_s, 2)
    clock.now_s += 10
    files.document.replace(0, 0, "c")
    assert about(autosave.next_s, 0)
    qtbot.waitUntil(lambda: not files.document.modified, timeout=60_000)
    assert (tmp_path / "story.txt").read_text() == "c" + "b" * 20 + "aold"
    assert autosave.next_s is None


def test_notes_are_saved_like_text(files: FileController, clock: Clock, qtbot: QtBot, tmp_path: Path) -> None:
    autosave = Autosave(files, monotonic=clock)
    open_story(files, qtbot, tmp_path)
    files.document.set_notes({"memory": "The keeper is deaf."})
    assert about(autosave.next_s, PAUSE_S)
    autosave.save_now()
    qtbot.waitUntil(lambda: not files.document.modified, timeout=60_000)
    assert "The keeper is deaf." in (tmp_path / "story.txt.writer.json").read_text()
    former = files.document
    with qtbot.waitSignal(files.opened, timeout=60_000):
        files.new()
    former.set_notes({})
    assert autosave.next_s is None


def test_after_failures_the_pauses_grow_and_a_success_ends_them(
    files: FileController, clock: Clock, qtbot: QtBot, tmp_path: Path
) -> None:
    autosave = Autosave(files, monotonic=clock)
    open_story(files, qtbot, tmp_path)
    files.document.replace(0, 0, "a")
    for pause_s in (*RETRIES_S, RETRIES_S[-1]):
        files.save_failed.emit(WriterError("No space.", ""))
        assert about(autosave.next_s, pause_s)
        files.document.replace(0, 0, "b")
        assert about(autosave.next_s, pause_s), "an edit does not bring the next attempt forward"
    autosave.save_now()
    qtbot.waitUntil(lambda: not files.document.modified, timeout=60_000)
    assert autosave.next_s is None
    files.document.replace(0, 0, "c")
    assert about(autosave.next_s, PAUSE_S)


@pytest.mark.parametrize("reason", ["off", "contested", "read-only", "no file", "unmodified"])
def test_nothing_is_saved_that_the_writer_must_be_asked_about(
    reason: str, files: FileController, qtbot: QtBot, tmp_path: Path
) -> None:
    autosave = Autosave(files)
    if reason != "no file":
        open_story(files, qtbot, tmp_path)
    files.autosaves = reason != "off"
    files.manuscript.is_contested = reason == "contested"
    files.manuscript.read_only = "It is open elsewhere." if reason == "read-only" else ""
    if reason != "unmodified":
        files.document.replace(0, 0, "new ")
    saves: list[object] = []
    files.saved.connect(saves.append)
    autosave.save_now()
    assert not files.is_saving
    qtbot.wait(50)
    assert not saves
    assert (tmp_path / "story.txt").read_text() == "old"
