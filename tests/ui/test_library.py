"""Models got, added, checked and removed beside the writing, one thing at a time."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tests.models import own_entry
from tests.models.hub_server import Hub, serving
from tests.tiny_checkpoint import write_tiny_checkpoint
from writer.engine.devices import DeviceReport
from writer.models import installed as installed_module
from writer.models.shelf import ShelfItem, read_shelf
from writer.models.sources import Purpose, begin
from writer.models.store import InstalledModel, ModelStore
from writer.paths import user_paths
from writer.ui.library import Activity, LibraryController

WEIGHTS = "model.safetensors"
LONG_MS = 60_000


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("served") / "tiny")


@pytest.fixture
def hub(checkpoint: Path, writer_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serves a tiny model, which the user's own catalogue names twice: as `own` and as `other`."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    files = {path.name: path for path in checkpoint.iterdir()}
    entries = [
        own_entry.fields(
            checkpoint / WEIGHTS,
            id=model_id,
            title=title,
            family="gpt2",
            n_ctx=256,
            source={"files": [{"name": name} for name in files]},
        )
        for model_id, title in (("own", "My own"), ("other", "The other"))
    ]
    own_entry.write(writer_home, *entries)
    hub = Hub()
    hub.add(own_entry.REPOSITORY, own_entry.REVISION, files)
    for served in serving(hub):
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("HF_HOME", str(writer_home / "hf"))
        yield served


class Said(QObject):
    """Everything that a library said, in order."""

    def __init__(self, library: LibraryController) -> None:
        super().__init__()
        self.activities: list[tuple[str, Activity | None]] = []
        self.installed: list[tuple[str, bool]] = []
        self.verified: list[str] = []
        self.failures: list[tuple[str, str, str]] = []
        self.crashes: list[Exception] = []
        library.activity_changed.connect(lambda key, activity: self.activities.append((key, activity)))
        library.installed.connect(self._on_installed)
        library.verified.connect(self.verified.append)
        library.failed.connect(lambda *words: self.failures.append(words))
        library.crashed.connect(self.crashes.append)

    def _on_installed(self, model: InstalledModel, was_asked_for: bool) -> None:
        self.installed.append((model.id, was_asked_for))

    def stages(self, key: str) -> list[str]:
        """Of a model, each once; "" for its end."""
        names = [activity.step.stage if activity else "" for told, activity in self.activities if told == key]
        return list(dict.fromkeys(names))


@pytest.fixture
def library(hub: Hub, writer_home: Path, qtbot: QtBot) -> Iterator[LibraryController]:
    library = LibraryController(user_paths({"WRITER_HOME": str(writer_home)}))
    library.refresh()
    qtbot.waitUntil(lambda: bool(library.shelf))
    yield library
    library.close()


@pytest.fixture
def said(library: LibraryController) -> Iterator[Said]:
    said = Said(library)
    yield said
    assert said.crashes == []


@pytest.fixture
def store(writer_home: Path) -> ModelStore:
    return ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)


@pytest.fixture
def until(said: Said, qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    """Waits for something, and fails at once when a failure is told instead."""

    def until(is_so: Callable[[], object]) -> None:
        def is_so_or_failed() -> bool:
            assert said.failures == []
            return bool(is_so())

        qtbot.waitUntil(is_so_or_failed, timeout=LONG_MS)

    return until


def item(library: LibraryController, model_id: str) -> ShelfItem:
    return next(item for item in library.shelf if item.id == model_id)


Until = Callable[[Callable[[], object]], None]


def test_got_verified_and_removed(
    library: LibraryController, said: Said, store: ModelStore, hub: Hub, until: Until
) -> None:
    assert not item(library, "own").is_installed
    library.get("own")
    assert library.is_busy_with("own")
    until(lambda: item(library, "own").is_ready)
    assert said.installed == [("own", True)]
    begun, *stages, ended = said.stages("own")
    assert (begun, ended) == ("Beginning", "")
    assert len(stages) > 2
    assert {activity.title for _, activity in said.activities if activity} == {"My own"}
    assert all(activity.can_pause for _, activity in said.activities if activity)
    assert not library.is_busy_with("own")

    said.activities.clear()
    library.verify("own")
    until(lambda: said.verified == ["My own"])
    until(lambda: not library.is_busy_with("own"))
    stages = [stage for stage in said.stages("own") if stage != "Waiting"]  # for what is just ending
    assert stages == ["Beginning", "Checking every byte", ""]
    assert not any(activity.can_pause for _, activity in said.activities if activity)

    library.remove("own")
    until(lambda: not item(library, "own").is_installed)
    assert store.list() == []
    assert library.shelf  # what can be got is still offered


def test_what_waits_begins_after_the_one_before(library: LibraryController, said: Said, until: Until) -> None:
    library.get("own", was_asked_for=False)
    library.get("other")
    library.get("other")  # a second press changes nothing
    assert said.activities[-1][0] == "other"
    assert said.stages("other") == ["Waiting"]
    assert library.is_busy_with("other")
    until(lambda: item(library, "other").is_ready)
    assert said.installed == [("own", False), ("other", True)]
    keys = [key for key, _ in said.activities]
    end_of_first = said.activities.index(("own", None))
    assert "own" not in keys[end_of_first + 1 :]
    assert keys[:end_of_first].count("other") == 1
    assert [key for key, activity in said.activities if activity is None] == ["own", "other"]


def test_paused_it_keeps_what_has_arrived_and_goes_on_from_there(
    library: LibraryController, said: Said, store: ModelStore, hub: Hub, checkpoint: Path, until: Until
) -> None:
    size = (checkpoint / WEIGHTS).stat().st_size
    hub.bytes_per_s = size / 2
    library.get("own")
    until(lambda: any(activity and activity.step.done > size / 3 for _, activity in said.activities))
    library.pause("own")
    until(lambda: item(library, "own").is_begun)
    part = store.source_folder("own") / f"{WEIGHTS}.part"
    n_kept = part.stat().st_size
    assert n_kept > size / 4
    assert said.activities[-1] == ("own", None)
    assert any(activity.step.figures.endswith(" left") for _, activity in said.activities if activity)
    assert store.list() == []
    assert hub.sent_bytes[WEIGHTS] < size
    hub.bytes_per_s = 0
    library.get("own")
    until(lambda: item(library, "own").is_ready)
    *_, last = (headers["range"] for server, _, headers in hub.requests if server == "cdn" and "range" in headers)
    assert last.startswith(f"bytes={n_kept}-")
    assert not item(library, "own").is_begun


def test_one_that_waits_can_be_taken_back(library: LibraryController, said: Said, hub: Hub, until: Until) -> None:
    library.get("own")
    library.get("other")
    library.pause("other")
    assert said.activities[-1] == ("other", None)
    assert not library.is_busy_with("other")
    library.get("other")
    library.cancel("other")
    assert not library.is_busy_with("other")
    until(lambda: item(library, "own").is_ready)
    assert said.installed == [("own", True)]


def test_cancelled_nothing_of_it_stays(
    library: LibraryController, said: Said, store: ModelStore, hub: Hub, checkpoint: Path, until: Until
) -> None:
    hub.bytes_per_s = (checkpoint / WEIGHTS).stat().st_size / 2
    library.get("own")
    until(lambda: hub.sent_bytes[WEIGHTS] > 100_000)
    library.pause("own")
    until(lambda: item(library, "own").is_begun)
    library.cancel("own")  # of one that is paused
    until(lambda: not item(library, "own").is_begun)
    assert store.source_folders() == ()
    library.get("own")
    before = hub.sent_bytes[WEIGHTS]
    until(lambda: hub.sent_bytes[WEIGHTS] > before)
    library.cancel("own")  # of one that is underway
    until(lambda: not library.is_busy_with("own") and store.source_folders() == ())
    assert said.activities[-1] == ("own", None)
    assert said.installed == []


def test_a_check_that_is_given_up_deletes_nothing(
    library: LibraryController, said: Said, store: ModelStore, until: Until, qtbot: QtBot
) -> None:
    library.get("own")
    until(lambda: item(library, "own").is_ready)
    kept = begin(store, "own", Purpose((), keep=True)) / WEIGHTS  # as `writer models get --keep-source` leaves it
    kept.write_bytes(b"kept")
    for give_up in (lambda: library.verify("own"), lambda: library.remove("own")):
        library.get("other")  # what is given up waits, so that it is given up in time
        give_up()
        library.cancel("own")
        library.cancel("other")
        library.refresh()
        until(lambda: not library.is_busy_with("other") and not library.is_busy_with("own"))

    def give_up_in_time(key: str, activity: Activity | None) -> None:
        if activity is not None and activity.step.stage == "Checking every byte":
            library.cancel(key)

    library.activity_changed.connect(give_up_in_time)
    library.verify("own")
    until(lambda: not library.is_busy_with("own"))
    library.cancel("own")  # too late
    with qtbot.waitSignal(library.devices_described, timeout=LONG_MS):
        library.describe_devices()  # after whatever else was to be done
    assert "Checking every byte" in said.stages("own")
    assert kept.read_bytes() == b"kept"
    assert item(library, "own").is_ready


def test_a_hub_that_fails_is_one_sentence_and_the_next_job_runs(
    library: LibraryController, said: Said, store: ModelStore, hub: Hub, qtbot: QtBot
) -> None:
    hub.repositories.clear()
    library.get("own")
    library.describe_devices()
    with qtbot.waitSignal(library.devices_described, timeout=LONG_MS) as described:
        pass
    assert isinstance(described.args[0], DeviceReport)
    [(key, message, hint)] = said.failures
    assert key == "own"
    assert message.endswith(".")
    assert message.count(". ") == 0
    assert hint
    assert "Error" not in message
    assert said.activities[-1] == ("own", None)
    assert not library.is_busy_with("own")


def test_a_model_that_has_changed_is_damaged_until_it_is_got_again(
    library: LibraryController, said: Said, store: ModelStore, until: Until, qtbot: QtBot
) -> None:
    library.get("own")
    until(lambda: item(library, "own").is_ready)
    weights = store.get("own").folder / "int8.onnx.data"
    weights.write_bytes(bytes(weights.stat().st_size))
    library.verify("own")
    qtbot.waitUntil(lambda: bool(said.failures), timeout=LONG_MS)
    key, message, hint = said.failures.pop()
    assert (key, message) == ("own", "The model own is damaged (int8.onnx.data has changed).")
    assert hint == "Press Get again on its card under Models, or remove it there and add it again."
    assert said.verified == []
    until(lambda: item(library, "own").problem == message)
    assert not item(library, "own").is_ready
    [remembered] = [item for item in read_shelf({}, store) if item.id == "own"]  # as the next start reads it
    assert remembered.problem == message
    library.get("own")
    until(lambda: item(library, "own").is_ready)
    library.verify("own")
    until(lambda: said.verified == ["My own"])


def test_a_model_whose_bytes_were_only_read_wrongly_is_sound_again(
    library: LibraryController, said: Said, store: ModelStore, until: Until, qtbot: QtBot, monkeypatch: Any
) -> None:
    library.get("own")
    until(lambda: item(library, "own").is_ready)
    hash_file = installed_module.hash_file

    def misread(path: Path) -> Any:
        record = yield from hash_file(path)
        return replace(record, sha256="0" * 64)

    monkeypatch.setattr(installed_module, "hash_file", misread)
    library.verify("own")
    qtbot.waitUntil(lambda: bool(said.failures), timeout=LONG_MS)
    said.failures.clear()
    until(lambda: not item(library, "own").is_ready)
    monkeypatch.undo()
    library.verify("own")
    until(lambda: item(library, "own").is_ready)


def test_a_folder_is_added_under_a_key_of_its_own(
    library: LibraryController, said: Said, checkpoint: Path, until: Until, qtbot: QtBot, tmp_path: Path
) -> None:
    library.add(checkpoint)
    until(lambda: item(library, "own") and any(item.id == "tiny" and item.is_ready for item in library.shelf))
    assert said.installed == [("tiny", True)]
    keys = {key for key, _ in said.activities}
    assert len(keys) == 1
    assert keys.isdisjoint({item.id for item in library.shelf})
    assert {activity.title for _, activity in said.activities if activity} == {"tiny"}
    assert not any(activity.can_pause for _, activity in said.activities if activity)
    library.add(tmp_path / "gone")
    qtbot.waitUntil(lambda: bool(said.failures))
    assert "gone" in said.failures[0][1]


def test_a_repository_is_asked_for_by_its_name(library: LibraryController, said: Said, qtbot: QtBot) -> None:
    library.add_repository("no repository")
    qtbot.waitUntil(lambda: bool(said.failures), timeout=LONG_MS)
    assert "OWNER/NAME" in said.failures[0][2]


def test_entries_that_cannot_be_read_leave_the_shipped_ones(
    library: LibraryController, said: Said, writer_home: Path, qtbot: QtBot
) -> None:
    user_paths({"WRITER_HOME": str(writer_home)}).own_catalog.write_text("[[model]")
    library.refresh()
    qtbot.waitUntil(lambda: bool(said.failures))
    assert "models.toml" in said.failures[0][1]
    assert "own" not in {item.id for item in library.shelf}
    assert library.shelf


def test_closed_in_the_middle_of_a_download_it_ends_at_once_and_keeps_what_has_arrived(
    hub: Hub, writer_home: Path, store: ModelStore, checkpoint: Path, qtbot: QtBot
) -> None:
    hub.bytes_per_s = (checkpoint / WEIGHTS).stat().st_size / 20
    library = LibraryController(user_paths({"WRITER_HOME": str(writer_home)}))
    library.get("own")
    library.get("other")
    qtbot.waitUntil(lambda: hub.sent_bytes[WEIGHTS] > 100_000, timeout=LONG_MS)
    began = time.monotonic()
    library.close()
    assert time.monotonic() - began < 10  # the download alone would take twenty seconds
    assert [folder.name for folder in store.source_folders()] == ["own"]
    assert any(path.name.startswith(WEIGHTS) for path in store.source_folder("own").iterdir())


def test_a_repository_given_up_midway_leaves_nothing(
    library: LibraryController, said: Said, store: ModelStore, hub: Hub, checkpoint: Path, until: Until
) -> None:
    hub.bytes_per_s = (checkpoint / WEIGHTS).stat().st_size / 5
    library.add_repository(own_entry.REPOSITORY)
    until(lambda: hub.sent_bytes[WEIGHTS] > 100_000)
    [folder] = store.source_folders()
    key = said.activities[-1][0]
    library.cancel(key)
    until(lambda: not library.is_busy_with(key) and not folder.exists())
    assert said.activities[-1] == (key, None)


def test_a_repository_that_is_paused_stays_on_the_shelf_and_goes_on_from_there(
    library: LibraryController, said: Said, store: ModelStore, hub: Hub, checkpoint: Path, until: Until
) -> None:
    hub.bytes_per_s = (checkpoint / WEIGHTS).stat().st_size / 5
    library.add_repository(own_entry.REPOSITORY)
    until(lambda: hub.sent_bytes[WEIGHTS] > 100_000)
    key, activity = said.activities[-1]
    assert activity is not None
    assert activity.can_pause
    library.pause(key)
    until(lambda: any(item.is_begun for item in library.shelf))
    [begun] = [item for item in library.shelf if item.is_begun]
    assert (begun.title, begun.repository) == (own_entry.REPOSITORY, own_entry.REPOSITORY)
    assert begun.begun_bytes > 50_000
    before = hub.sent_bytes[WEIGHTS]
    library.get(begun.id)  # what its card asks for
    assert library.is_busy_with(begun.id)
    until(lambda: hub.sent_bytes[WEIGHTS] > before)
    assert [folder.name for folder in store.source_folders()] == [begun.id]
    library.cancel(begun.id)
    until(lambda: not library.is_busy_with(begun.id) and not any(item.is_begun for item in library.shelf))
    assert store.source_folders() == ()
