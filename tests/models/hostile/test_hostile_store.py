"""Models in our own store that were damaged, linked elsewhere or changed at a bad moment.

Names carry the ids of the fault matrix.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from writer.engine.config import GenerationConfig
from writer.engine.events import Token
from writer.engine.generate import generate
from writer.engine.session import ModelSession
from writer.errors import WriterError
from writer.models.build import BuildFinished, BuildRequest, build_model
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]
FILES = ("int8.onnx", "int8.onnx.data", "tokenizer.json")
GREEDY = GenerationConfig(temperature=0, top_p=1.0, max_new_tokens=8)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def built(source: Path, store: ModelStore, *precisions: Precision, add: bool = False) -> InstalledModel:
    request = BuildRequest(source, "tiny", precisions or (Precision.INT8,), GATE_TEXT, add=add)
    *_, finished = build_model(request, store)
    assert isinstance(finished, BuildFinished)
    return finished.model


@pytest.fixture
def model(folder: Path, store: ModelStore) -> InstalledModel:
    return built(folder, store)


def written(model: LoadedModel) -> str:
    model.cache.truncate(0)
    events = generate(model.session, model.tokenizer, model.cache, "The sea", GREEDY)
    return "".join(event.text for event in events if isinstance(event, Token))


# -- M01: cut short


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
def test_m01_a_truncated_file_is_named_and_not_opened(
    share: float, name: str, model: InstalledModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model.folder / name
    os.truncate(path, min(int(path.stat().st_size * share), path.stat().st_size - 1))
    monkeypatch.setattr(ModelSession, "load", lambda *_, **__: pytest.fail("it was given to ONNX Runtime"))
    with pytest.raises(WriterError, match=rf"damaged \({name} .*writer models remove tiny"):
        LoadedModel.load(model)
    with pytest.raises(WriterError, match=name):
        model.verify()
    if name.startswith("int8"):  # these are looked at before anything is hashed, and by `writer models list`
        with pytest.raises(WriterError, match=rf"{name} is missing or cut short"):
            model.graph()


# -- M06: links, as in the cache of Hugging Face


def test_m06_the_store_holds_real_files_of_its_own(folder: Path, store: ModelStore, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        (snapshot / file.name).symlink_to(file.rename(blobs / str(number)))
    model = built(snapshot, store)
    before = written(LoadedModel.load(model))
    for path in model.folder.iterdir():
        assert path.is_file()
        assert not path.is_symlink()
        assert path.stat().st_nlink == 1
    tensors = onnx.load(model.graph(), load_external_data=False).graph.initializer
    places = {entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"}
    assert places == {"int8.onnx.data"}
    for blob in blobs.iterdir():
        blob.write_bytes(b"")
    assert written(LoadedModel.load(model)) == before


# -- M20: changed while it is read, or in use


def test_m20_a_file_that_changes_between_the_check_and_the_reading_is_noticed(
    model: InstalledModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    load: Callable[..., Any] = ModelSession.load

    def tampering(graph: Path, *arguments: Any, **options: Any) -> Any:
        path = graph.with_name("int8.onnx.data")
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        return load(graph, *arguments, **options)

    monkeypatch.setattr(ModelSession, "load", tampering)
    with pytest.raises(WriterError, match="changed while it was being read"):
        LoadedModel.load(model)


def test_m20_a_model_in_use_is_not_changed_by_building_it_anew_or_removing_it(
    model: InstalledModel, folder: Path, store: ModelStore
) -> None:
    loaded = LoadedModel.load(model)
    before = written(loaded)
    built(folder, store, Precision.INT8, Precision.INT4, add=True)
    assert written(loaded) == before
    store.remove("tiny")
    assert written(loaded) == before
