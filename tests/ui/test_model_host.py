"""The model that speaks goes on speaking until another one is ready."""

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from writer.models.store import ModelStore
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
    with qtbot.waitSignal(host.loaded, timeout=20_000):
        host.load(installed)
    speaking = host.model
    assert speaking is not None
    weights = installed.folder / "int8.onnx.data"
    weights.write_bytes(bytes(weights.stat().st_size))
    with qtbot.waitSignal(host.failed, timeout=20_000) as failed:
        host.load(installed)
        assert host.model is speaking
    assert "has changed" in failed.args[0]
    assert host.model is speaking
    assert not host.is_loading
