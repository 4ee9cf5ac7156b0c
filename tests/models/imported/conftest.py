"""A small exported model, and where it is to be installed."""

import shutil
from pathlib import Path

import onnx
import pytest

from tests.models import exported
from writer.models.store import ModelStore


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("opt")
    exported.save_checkpoint("opt", folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Small\n")
    return folder


@pytest.fixture(scope="session")
def graph_folder(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exported, with its weights in a file beside the graph. Not to be written to."""
    folder = exported.export(checkpoint, tmp_path_factory.mktemp("graph") / "opt")
    model = onnx.load(folder / "model.onnx")
    (folder / "model.onnx").unlink()
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="model.onnx_data", size_threshold=256)
    return folder


@pytest.fixture
def folder(graph_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(graph_folder, tmp_path / "opt"))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")
