"""The model that speaks goes on speaking until another one is ready."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from writer.engine.threads import most_threads
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.ui.model_host import ModelHost
from writer.ui.worker import Worker


@pytest.fixture
def store(poem_home: Path, tmp_path: Path) -> ModelStore:
    shutil.copytree(poem_home / "data", tmp_path / "data")
    return ModelStore(tmp_path / "data" / "models")


def test_a_model_that_cannot_be_read_leaves_the_one_that_speaks(
    store: ModelStore, worker: Worker, qtbot: QtBot
) -> None:
    host = ModelHost(worker)
    installed = store.get("poem")
    with qtbot.waitSignal(host.loaded, timeout=60_000):
        host.load(installed)
    speaking = host.model
    assert speaking is not None
    weights = installed.folder / "int8.onnx.data"
    weights.write_bytes(bytes(weights.stat().st_size))
    with qtbot.waitSignal(host.failed, timeout=60_000) as failed:
        host.load(installed)
        assert host.model is speaking
    assert "has changed" in failed.args[0]
    assert host.model is speaking
    assert not host.is_loading


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was asked of every load: form, threads and device."""
    asked: list[tuple[Any, ...]] = []
    load = LoadedModel.load

    def noted(installed: InstalledModel, *how: Any) -> LoadedModel:
        asked.append(how)
        return load(installed, *how)

    monkeypatch.setattr(LoadedModel, "load", noted)
    return asked


def test_the_choice_of_device_and_threads_holds_from_the_next_load_on(
    store: ModelStore, worker: Worker, qtbot: QtBot, asked: list[tuple[Any, ...]]
) -> None:
    host = ModelHost(worker)
    host.set_machine("", 0)
    host.load_again(in_its_own_form=True)  # there is none yet
    for device, n_threads in (("cpu", 1), ("", 0), ("abacus", 10_000)):
        with qtbot.waitSignal(host.loaded, timeout=60_000):
            host.load(store.get("poem"), Precision.INT8)
        host.set_machine(device, n_threads)
    with qtbot.waitSignal(host.loaded, timeout=60_000):
        host.load_again(in_its_own_form=False)
    with qtbot.waitSignal(host.loaded, timeout=60_000):
        host.load_again(in_its_own_form=True)
    form = Precision.INT8
    assert asked == [
        (form, None, None),
        (form, 1, "cpu"),
        (form, None, None),
        (form, most_threads(), None),  # as many as there are, and a device that this Writer does not know
        (None, most_threads(), None),
    ]


def test_what_is_being_read_is_read_again(
    store: ModelStore, worker: Worker, qtbot: QtBot, asked: list[tuple[Any, ...]]
) -> None:
    host = ModelHost(worker)
    host.load(store.get("poem"), Precision.INT8)
    host.set_machine("cpu", 1)
    with qtbot.waitSignal(host.loaded, timeout=60_000):
        host.load_again(in_its_own_form=False)
    assert asked[-1] == (Precision.INT8, 1, "cpu")
    assert host.model is not None
    assert not host.is_loading
