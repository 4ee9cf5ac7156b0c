"""Installed models: which one speaks, and whether its bytes are still those that were built."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from writer.errors import WriterError
from writer.models.build import BuildFinished, BuildRequest, build_model
from writer.models.loaded import LoadedModel
from writer.models.manifest import MANIFEST_NAME, Manifest
from writer.models.precision import Precision
from writer.models.shelf import shelf_item
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]


@pytest.fixture
def model(write_gguf, tiny_llama, tmp_path) -> InstalledModel:
    source = write_gguf(tmp_path / "tiny.gguf", tiny_llama)
    request = BuildRequest(source, "tiny", (Precision.INT8, Precision.FP32), GATE_TEXT, origin="package tiny==1")
    finished = list(build_model(request, ModelStore(tmp_path / "models")))[-1]
    assert isinstance(finished, BuildFinished)
    return finished.model


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_whole_model_is_read_and_verified(model):
    model.verify()
    assert LoadedModel.load(model).session.config == model.config
    assert model.manifest.source == "package tiny==1"


@pytest.mark.parametrize("name", ["int8.onnx", "int8.onnx.data", "tokenizer.json"])
def test_one_flipped_bit_is_not_loaded_m02(model, name):
    flip_a_bit(model.folder / name)
    with pytest.raises(WriterError, match=f"{name} has changed.*writer models remove tiny"):
        LoadedModel.load(model)
    with pytest.raises(WriterError, match="has changed"):
        model.verify()


def test_a_changed_form_does_not_keep_another_from_being_read(model):
    flip_a_bit(model.folder / "fp32.onnx.data")
    LoadedModel.load(model, Precision.INT8)
    with pytest.raises(WriterError, match=r"fp32\.onnx\.data has changed"):
        model.verify()
    assert "fp32.onnx.data has changed" in shelf_item(model).problem  # and is remembered
    LoadedModel.load(model, Precision.INT8)
    with pytest.raises(WriterError, match=r"fp32\.onnx\.data has changed"):
        LoadedModel.load(model, Precision.FP32)


def test_a_manifest_of_before_shared_files_is_read(model):
    path = model.folder / MANIFEST_NAME
    values = json.loads(path.read_text())
    del values["shared_files"], values["source"]
    path.write_text(json.dumps(values))
    assert ModelStore(model.folder.parent).get("tiny").manifest == replace(model.manifest, shared_files={}, source="")
    assert isinstance(Manifest.from_json(values), Manifest)


@pytest.mark.parametrize(
    ("installed", "asked", "speaks"),
    [
        ([], "", None),
        (["starter"], "", "starter"),
        (["distilgpt2", "starter"], "", "distilgpt2"),
        (["distilgpt2", "gpt2-medium-q8", "starter"], "", "gpt2-medium-q8"),
        (["distilgpt2", "gpt2-medium", "gpt2-medium-q8"], "", "gpt2-medium"),
        (["distilgpt2", "gpt2-medium"], "distilgpt2", "distilgpt2"),
        (["gpt2-medium", "starter"], "gone", "gpt2-medium"),
    ],
)
def test_which_model_speaks(model, installed, asked, speaks, tmp_path):
    store = ModelStore(tmp_path / "several")
    for model_id in installed:
        (store.models_dir / model_id).mkdir(parents=True)
        manifest = replace(model.manifest, id=model_id)
        (store.models_dir / model_id / MANIFEST_NAME).write_text(json.dumps(manifest.to_json()))
    chosen = store.preferred(asked)
    assert (chosen and chosen.id) == speaks


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.list(),
        lambda store: store.damaged(),
        lambda store: store.preferred(),
        lambda store: store.get("tiny"),
        lambda store: store.remove("tiny"),
    ],
    ids=["list", "damaged", "preferred", "get", "remove"],
)
def test_a_models_folder_that_cannot_be_read_is_one_sentence(ask, tmp_path, monkeypatch):
    models_dir, is_dir = tmp_path / "models", Path.is_dir

    def refused(path):
        if path.is_relative_to(models_dir):
            raise PermissionError(13, "Permission denied")
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refused)  # who tests as root is refused nothing
    with pytest.raises(WriterError) as told:
        ask(ModelStore(models_dir))
    assert told.value.message == f"The models folder {models_dir} cannot be used (Permission denied)."
    assert told.value.hint.startswith("Make the folder readable and writable")
