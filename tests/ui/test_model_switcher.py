"""Which model speaks: with a real store, a real host and a real library."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from writer.models.catalog import STARTER
from writer.models.manifest import MANIFEST_NAME
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import UserPaths, user_paths
from writer.ui.library import Activity, LibraryController
from writer.ui.model_host import ModelHost
from writer.ui.model_switcher import ModelSwitcher
from writer.ui.worker import Worker

LONG_MS = 60_000


class Desk:
    """A switcher with all that it works with, and what it said."""

    def __init__(self, paths: UserPaths, worker: Worker) -> None:
        self.store = ModelStore(paths.models)
        self.host = ModelHost(worker)
        self.library = LibraryController(paths)
        self.switcher = ModelSwitcher(self.store, self.host, self.library)
        self.chosen: list[tuple[str, str]] = []
        self.arrived: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.switcher.chosen.connect(lambda *choice: self.chosen.append(choice))
        self.switcher.arrived.connect(lambda model: self.arrived.append(model.installed.id))
        self.switcher.failed.connect(lambda *words: self.failed.append(words))

    @property
    def speaking(self) -> str:
        return self.host.model.installed.id if self.host.model is not None else ""


@pytest.fixture
def paths(writer_home: Path) -> UserPaths:
    return user_paths({"WRITER_HOME": str(writer_home)})


@pytest.fixture
def poems(poem_home: Path, paths: UserPaths) -> None:
    """The same small model under two ids."""
    for model_id in ("poem", "ode"):
        folder = shutil.copytree(poem_home / "data" / "models" / "poem", paths.models / model_id)
        values = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        (folder / MANIFEST_NAME).write_text(json.dumps(values | {"id": model_id}), encoding="utf-8")


@pytest.fixture
def desk(paths: UserPaths, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # a starter that is asked for is not to be fetched
    desk = Desk(paths, worker)
    yield desk
    desk.library.close()


@pytest.mark.usefixtures("poems")
def test_the_model_of_the_settings_speaks_first(desk: Desk, qtbot: QtBot) -> None:
    desk.switcher.begin("poem", "int8")
    qtbot.waitUntil(lambda: desk.speaking == "poem", timeout=LONG_MS)
    assert desk.chosen == []  # nothing that the settings do not know already
    assert desk.arrived == []


@pytest.mark.usefixtures("poems")
@pytest.mark.parametrize(
    ("model_id", "precision", "speaks"),
    [("gone", "int8", "ode"), ("poem", "int4", "poem"), ("poem", "no such form", "poem"), ("", "", "ode")],
)
def test_settings_that_have_been_overtaken(
    desk: Desk, qtbot: QtBot, model_id: str, precision: str, speaks: str
) -> None:
    desk.switcher.begin(model_id, precision)
    qtbot.waitUntil(lambda: desk.speaking == speaks, timeout=LONG_MS)
    assert desk.host.model.precision is Precision.INT8
    assert desk.failed == []


def test_on_a_fresh_machine_the_starter_is_fetched(desk: Desk) -> None:
    told: list[tuple[str, Activity | None]] = []
    desk.library.activity_changed.connect(lambda *activity: told.append(activity))
    desk.switcher.begin("", "")
    assert [key for key, _ in told] == [STARTER]
    assert desk.failed == []


def test_a_starter_that_came_with_writer_speaks_at_once_and_nothing_is_fetched(
    poem_home: Path, paths: UserPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk, qtbot: QtBot
) -> None:
    folder = shutil.copytree(poem_home / "data" / "models" / "poem", tmp_path / "shipped" / STARTER)
    values = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    (folder / MANIFEST_NAME).write_text(json.dumps(values | {"id": STARTER}), encoding="utf-8")
    switcher = ModelSwitcher(ModelStore(paths.models, tmp_path / "shipped"), desk.host, desk.library)
    told: list[str] = []
    desk.library.activity_changed.connect(lambda key, _: told.append(key))
    switcher.begin("", "")
    qtbot.waitUntil(lambda: desk.speaking == STARTER, timeout=LONG_MS)
    assert (told, desk.failed) == ([], [])
    assert not paths.models.exists()


def test_a_damaged_model_is_no_fresh_machine(desk: Desk, paths: UserPaths) -> None:
    (paths.models / "poem").mkdir(parents=True)
    desk.switcher.begin("poem", "")
    assert not desk.library.is_busy_with(STARTER)
    assert not desk.host.is_loading


@pytest.mark.usefixtures("poems")
def test_the_writers_choice_speaks_and_is_told_once(desk: Desk, qtbot: QtBot) -> None:
    desk.switcher.begin("poem", "")
    qtbot.waitUntil(lambda: desk.speaking == "poem", timeout=LONG_MS)
    desk.switcher.use("ode", Precision.INT8)
    assert desk.speaking == "poem"  # until the other has been read
    qtbot.waitUntil(lambda: desk.speaking == "ode", timeout=LONG_MS)
    assert desk.chosen == [("ode", "int8")]
    assert desk.arrived == []


@pytest.mark.usefixtures("poems")
def test_of_two_choices_the_last_one_counts(desk: Desk, qtbot: QtBot) -> None:
    desk.switcher.use("poem")
    desk.switcher.use("ode")
    qtbot.waitUntil(lambda: not desk.host.is_loading, timeout=LONG_MS)
    assert desk.speaking == "ode"
    assert desk.chosen == [("ode", "int8")]


@pytest.mark.usefixtures("poems")
def test_what_cannot_be_used_is_told_and_forgotten(desk: Desk, qtbot: QtBot, paths: UserPaths) -> None:
    desk.switcher.begin("poem", "")
    qtbot.waitUntil(lambda: desk.speaking == "poem", timeout=LONG_MS)
    desk.switcher.use("gone")
    assert desk.failed[0][0] == "No model gone is installed."
    weights = paths.models / "ode" / "int8.onnx.data"
    whole = weights.read_bytes()
    weights.write_bytes(bytes(len(whole)))
    desk.switcher.use("ode")
    qtbot.waitUntil(lambda: len(desk.failed) == 2, timeout=LONG_MS)
    assert "has changed" in desk.failed[1][0]
    assert desk.failed[1][1].startswith("Press Get again on its card under Models")
    qtbot.waitUntil(lambda: any(item.id == "ode" and item.problem for item in desk.library.shelf), timeout=LONG_MS)
    assert desk.speaking == "poem"
    assert desk.chosen == []
    weights.write_bytes(whole)
    desk.host.load(desk.store.get("ode"))  # for another reason
    qtbot.waitUntil(lambda: desk.speaking == "ode", timeout=LONG_MS)
    assert desk.chosen == []


@pytest.mark.usefixtures("poems")
@pytest.mark.parametrize(
    ("speaking", "was_asked_for", "speaks", "is_news"),
    [
        ("", True, "ode", True),
        ("", False, "ode", False),
        ("poem", True, "ode", True),
        ("poem", False, "poem", False),
        ("ode", True, "ode", False),
    ],
    ids=["asked for on a fresh machine", "starter", "asked for", "starter too late", "a further form"],
)
def test_what_has_just_been_installed(
    desk: Desk, qtbot: QtBot, speaking: str, was_asked_for: bool, speaks: str, is_news: bool
) -> None:
    if speaking:
        desk.switcher.begin(speaking, "")
        qtbot.waitUntil(lambda: desk.speaking == speaking, timeout=LONG_MS)
    before = desk.host.model
    desk.library.installed.emit(desk.store.get("ode"), was_asked_for)
    assert desk.host.is_loading == (speaks != speaking)
    qtbot.waitUntil(lambda: not desk.host.is_loading, timeout=LONG_MS)
    assert desk.speaking == speaks
    assert (desk.host.model is before) == (speaks == speaking)
    assert desk.arrived == (["ode"] if is_news else [])
    assert desk.chosen == ([("ode", "int8")] if is_news else [])


@pytest.mark.usefixtures("poems")
def test_a_choice_made_while_the_starter_arrives_is_not_overruled(desk: Desk, qtbot: QtBot) -> None:
    desk.switcher.use("poem")
    desk.library.installed.emit(desk.store.get("ode"), False)
    qtbot.waitUntil(lambda: not desk.host.is_loading, timeout=LONG_MS)
    assert desk.speaking == "poem"
    assert desk.chosen == [("poem", "int8")]
