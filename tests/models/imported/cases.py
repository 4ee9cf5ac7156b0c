"""What the tests of imported models share: installing, refusing, and editing a graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto

from tests.models import exported
from writer.errors import WriterError
from writer.models.build import BuildFinished
from writer.models.imported import ImportRequest, import_model
from writer.models.store import InstalledModel, ModelStore


def installed(source: Path, store: ModelStore, model_id: str = "opt") -> InstalledModel:
    *_, finished = import_model(ImportRequest(source, model_id, exported.GATE_TEXT), store)
    assert isinstance(finished, BuildFinished)
    return finished.model


def check_refused(source: Path, store: ModelStore, match: str) -> None:
    """Refused, in one sentence and a hint, with nothing left behind."""
    with pytest.raises(WriterError, match=match) as refusal:
        installed(source, store)
    check_sentence(refusal.value)
    assert left_over(store) == []


def left_over(store: ModelStore) -> list[Path]:
    """Files of models, whole or half; what locks them stays."""
    return [path for path in store.models_dir.rglob("*") if path.is_file() and path.suffix != ".lock"]


def check_sentence(error: WriterError) -> None:
    for text in (error.message, error.hint):
        assert text.endswith(".")
        assert text.isprintable()
        assert len(text) < 300


def change(folder: Path, edit: Callable[[onnx.ModelProto], Any]) -> None:
    """Edit the graph without touching its external data."""
    path = folder / "model.onnx"
    model = onnx.load(path, load_external_data=False)
    edit(model)
    path.write_bytes(model.SerializeToString())


def external(model: onnx.ModelProto) -> onnx.TensorProto:
    """The first weight that lies outside the graph."""
    return next(t for t in model.graph.initializer if t.data_location == TensorProto.EXTERNAL)


def point(tensor: onnx.TensorProto, **entries: object) -> None:
    kept = {entry.key: entry.value for entry in tensor.external_data} | {k: str(v) for k, v in entries.items()}
    del tensor.external_data[:]
    for key, value in kept.items():
        tensor.external_data.add(key=key, value=value)
