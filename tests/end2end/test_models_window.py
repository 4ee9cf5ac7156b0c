"""Models got, chosen and removed in the window, beside the writing."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from tests.models.hub_server import Hub, serving
from writer.models.catalog import DEFAULT_MODEL, HubSource, find_entry, load_catalog
from writer.models.download.transfer import _SMALLEST_SYNC_BYTES
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths
from writer.ui.main_window import MainWindow
from writer.ui.model_card import ModelCard

OpenWindow = Callable[[str], MainWindow]
ENTRY = find_entry(load_catalog(resources_dir() / "models.toml"), DEFAULT_MODEL)
WEIGHTS = "model.safetensors"
LONG_MS = 90_000


@pytest.fixture
def hub(poem_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """Serves a small model under the repository and revision of the catalogue's GPT-2 medium."""
    assert isinstance(ENTRY.source, HubSource)
    hub = Hub()
    names = [file.name for file in ENTRY.source.files]
    hub.add(ENTRY.source.repository, ENTRY.source.revision, {n: poem_home / "checkpoint" / n for n in names})
    with contextlib.contextmanager(serving)(hub):
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        yield hub


def card(window: MainWindow, model_id: str) -> ModelCard:
    return next(card for card in window.models.findChildren(ModelCard) if card.item.id == model_id)


def press(window: MainWindow, model_id: str, name: str) -> None:
    button = next(b for b in card(window, model_id).findChildren(QPushButton, name) if b.isVisible())
    assert button.isEnabled()
    button.click()


def until(window: MainWindow, qtbot: QtBot, is_so: Callable[[], object]) -> None:
    """Raises at once when the window tells of a failure instead."""

    def is_so_or_failed() -> bool:
        assert window.notices.property("kind") != "error" or not window.notices.message, window.notices.message
        return bool(is_so())

    qtbot.waitUntil(is_so_or_failed, timeout=LONG_MS)


@pytest.fixture
def window(open_window: OpenWindow, hub: Hub, qtbot: QtBot) -> MainWindow:
    """With the models' panel open."""
    window = open_window("Tyger Tyger")
    window.rail.open("models")
    window.library.refresh()
    qtbot.waitUntil(lambda: bool(window.library.shelf))
    return window


def test_gpt2_medium_is_got_while_the_writer_writes_and_then_speaks(
    window: MainWindow, hub: Hub, qtbot: QtBot, writer_home: Path
) -> None:
    hub.bytes_per_s = 4_000_000
    document = window.files.document
    press(window, DEFAULT_MODEL, "get")
    until(window, qtbot, lambda: hub.sent_bytes[WEIGHTS] > 0)
    QTest.keyClicks(window.editor, ", burning")
    assert document.text == "Tyger Tyger, burning"
    assert "GPT-2 medium" in window.status.activity_text
    hub.bytes_per_s = 0
    until(window, qtbot, lambda: window.host.model.installed.id == DEFAULT_MODEL)
    assert "speaks now" in window.notices.message
    qtbot.waitUntil(lambda: window.status.activity_text == "")
    assert document.text == "Tyger Tyger, burning"
    assert window.editor.selection == (20, 20)
    window.menus.undo.trigger()
    assert document.text == "Tyger Tyger, "
    window.menus.redo.trigger()
    assert window.settings.model_id == DEFAULT_MODEL
    with qtbot.waitSignal(window.generation.rate_changed, timeout=LONG_MS):
        window.menus.continue_writing.trigger()
    until(window, qtbot, lambda: document.text.startswith("Tyger Tyger, burning bright"))
    window.generation.stop()
    ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models).get(DEFAULT_MODEL).verify()


def test_a_paused_download_goes_on_where_it_was_in_another_window(
    window: MainWindow, open_window: OpenWindow, hub: Hub, qtbot: QtBot, poem_home: Path
) -> None:
    size = (poem_home / "checkpoint" / WEIGHTS).stat().st_size
    hub.bytes_per_s = size / 4
    press(window, DEFAULT_MODEL, "get")
    until(window, qtbot, lambda: hub.sent_bytes[WEIGHTS] > size / 2)
    press(window, DEFAULT_MODEL, "pause")
    until(window, qtbot, lambda: card(window, DEFAULT_MODEL).item.is_begun)
    window.files.document.mark_saved()
    window.close()
    hub.bytes_per_s = 0
    again = open_window("Tyger Tyger")
    again.rail.open("models")
    again.library.refresh()
    qtbot.waitUntil(lambda: bool(again.library.shelf))
    until(
        again, qtbot, lambda: any(b.isVisible() for b in card(again, DEFAULT_MODEL).findChildren(QPushButton, "resume"))
    )
    press(again, DEFAULT_MODEL, "resume")
    until(again, qtbot, lambda: again.host.model.installed.id == DEFAULT_MODEL)
    begins = [headers["range"] for _, path, headers in hub.requests if WEIGHTS in path and "range" in headers]
    # What was on the line when it was paused is sent again; that is the more the busier the machine.
    assert int(begins[-1].removeprefix("bytes=").rstrip("-")) > size / 5, begins


def test_models_are_switched_and_removed(window: MainWindow, qtbot: QtBot, writer_home: Path) -> None:
    press(window, DEFAULT_MODEL, "get")
    until(window, qtbot, lambda: window.host.model.installed.id == DEFAULT_MODEL)
    until(window, qtbot, lambda: card(window, DEFAULT_MODEL).item.is_ready)
    press(window, "poem", "use")
    until(window, qtbot, lambda: window.host.model.installed.id == "poem")
    assert window.settings.model_id == "poem"
    actions = {action.text(): action for action in card(window, DEFAULT_MODEL).menu.actions()}
    actions["Check every byte"].trigger()
    until(window, qtbot, lambda: "Every byte" in window.notices.message)
    actions = {action.text(): action for action in card(window, DEFAULT_MODEL).menu.actions()}
    actions["Remove…"].trigger()
    press(window, DEFAULT_MODEL, "remove")
    until(window, qtbot, lambda: not card(window, DEFAULT_MODEL).item.is_installed)
    models = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)
    assert [model.id for model in models.list()] == ["poem"]
    assert window.files.document.text == "Tyger Tyger"


def test_the_number_of_threads_is_chosen_kept_and_used(
    window: MainWindow, qtbot: QtBot, writer_home: Path, open_window: OpenWindow
) -> None:
    before = window.host.model
    box = window.models.findChild(QSpinBox, "threads")
    box.setValue(1)
    until(window, qtbot, lambda: window.host.model is not before)
    assert window.host.model.installed.id == "poem"
    assert (window.settings.n_threads, window.settings.device) == (1, "")
    window.menus.continue_writing.trigger()
    until(window, qtbot, lambda: len(window.files.document.text) > len("Tyger Tyger"))
    window.close()
    again = open_window("Tyger")
    assert again.models.findChild(QSpinBox, "threads").value() == 1


def test_a_hub_that_fails_is_told_in_one_sentence(window: MainWindow, hub: Hub, qtbot: QtBot) -> None:
    hub.repositories.clear()
    press(window, DEFAULT_MODEL, "get")
    qtbot.waitUntil(lambda: bool(window.notices.message), timeout=LONG_MS)
    assert "Traceback" not in window.notices.message
    qtbot.waitUntil(lambda: window.status.activity_text == "")
    QTest.keyClicks(window.editor, "!")
    assert window.files.document.text == "Tyger Tyger!"


# -- killed --------------------------------------------------------------------------------------------------------


def start_window(home: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.end2end.get_in_window"]
    environ = os.environ | {"WRITER_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "PIP_NO_INDEX": "1"}
    return subprocess.Popen(
        command, cwd=resources_dir().parent, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def kill_window(home: Path, is_time: Callable[[], bool]) -> None:
    with start_window(home) as process:
        deadline = time.monotonic() + LONG_MS / 1000
        while not is_time():
            assert process.poll() is None, "it was to be killed before its end"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)


MOMENTS = random.Random(5)


@pytest.mark.parametrize(
    ("share", "build_s"),
    [
        (0.6, 0.5),
        *(pytest.param(MOMENTS.uniform(0.05, 0.95), MOMENTS.uniform(0, 1.5), marks=pytest.mark.long) for _ in range(9)),
    ],
)
def test_killed_while_it_fetches_and_while_it_builds_the_window_gets_it_all_the_same(
    share: float, build_s: float, hub: Hub, poem: str, poem_home: Path, writer_home: Path
) -> None:
    """share -- of the weights that have been served at the first kill; build_s -- into the build, the second"""
    size = (poem_home / "checkpoint" / WEIGHTS).stat().st_size
    store = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)
    hub.bytes_per_s = size / 2
    kill_window(writer_home, lambda: hub.sent_bytes[WEIGHTS] > share * size)
    assert store.list() == []
    sent_bytes = hub.settled_bytes(WEIGHTS)
    whole = store.source_folder(DEFAULT_MODEL) / WEIGHTS
    arrived_bytes = whole.with_name(f"{WEIGHTS}.part").stat().st_size
    assert arrived_bytes > 0.9 * share * size

    hub.bytes_per_s = 0
    began_s: list[float] = []

    def is_building() -> bool:
        if not began_s and whole.exists():
            began_s.append(time.monotonic())
        return bool(began_s) and time.monotonic() > began_s[0] + build_s

    kill_window(writer_home, is_building)
    for model in store.list():  # in its last moments it may have been quicker
        model.verify()
    sent_bytes, before_bytes = hub.sent_bytes[WEIGHTS], sent_bytes
    kept_bytes = arrived_bytes - max(0.1 * arrived_bytes, _SMALLEST_SYNC_BYTES)  # of little, a sync's worth is lost
    assert sent_bytes - before_bytes <= size - kept_bytes

    with start_window(writer_home) as process:
        written, _ = process.communicate(timeout=LONG_MS / 1000)
    assert process.returncode == 0
    assert written.startswith(poem.splitlines()[0])
    assert hub.sent_bytes[WEIGHTS] == sent_bytes
    store.get(DEFAULT_MODEL).verify()
