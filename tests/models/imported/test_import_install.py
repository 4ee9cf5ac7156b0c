"""Exported models of any origin are installed as our own files. Names carry the ids of the fault matrix."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto

from tests.models import exported
from tests.models.hub_server import Hub, HubBlob, serving
from tests.models.imported.cases import check_refused, check_sentence, installed, left_over
from writer.errors import WriterError
from writer.models import export as export_door
from writer.models.build import BuildFinished
from writer.models.child import import_in_child
from writer.models.imported import ImportRequest, graph_file, import_model
from writer.models.imported.repository import choose_files
from writer.models.imported.rewrite import stored_precision
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import ModelStore

REVISION = "0123456789" * 4


def test_an_exported_folder_is_installed_as_files_of_our_own(graph_folder: Path, store: ModelStore) -> None:
    model = installed(graph_folder, store)
    manifest = store.get("opt").manifest
    assert manifest == model.manifest
    assert (manifest.source_kind, manifest.config.architecture) == ("onnx", "imported")
    assert not manifest.is_compared
    assert "no other form" in manifest.note
    assert set(manifest.source_files) >= {"model.onnx", "model.onnx_data", "config.json", "tokenizer.json"}
    record = manifest.precisions[Precision.FP32]
    assert record.perplexity > 1
    assert record.loss == 0
    assert record.n_gate_tokens >= 3000
    names = {path.name for path in model.folder.iterdir()}
    assert names == {"manifest.json", "tokenizer.json", "fp32.onnx", "fp32.onnx.data"}
    assert all(path.is_file() and not path.is_symlink() for path in model.folder.iterdir())
    model.verify()
    stored = onnx.load(model.graph(), load_external_data=False)
    places = {e.value for t in stored.graph.initializer for e in t.external_data if e.key == "location"}
    assert places == {"fp32.onnx.data"}


def test_a_checkpoint_is_exported_and_imported_in_processes_of_their_own(checkpoint: Path, store: ModelStore) -> None:
    events = list(import_in_child(ImportRequest(checkpoint, "opt", exported.GATE_TEXT), store))
    assert isinstance(events[-1], BuildFinished)
    manifest = events[-1].model.manifest
    assert manifest.licence == "apache-2.0"
    assert manifest.source == str(checkpoint)
    assert {"model.safetensors", "config.json"} <= set(manifest.source_files)
    model = LoadedModel.load(events[-1].model)
    assert model.tokenizer.encode("Alice")
    assert {path.parent.name for path in left_over(store)} == {"opt"}


def test_giving_up_leaves_nothing(graph_folder: Path, store: ModelStore) -> None:
    for n_events in (1, 3, 8):
        events = import_model(ImportRequest(graph_folder, "opt", exported.GATE_TEXT), store)
        for _ in range(n_events):
            next(events)
        events.close()  # type: ignore[attr-defined]
        assert left_over(store) == []


def test_without_the_exporter_it_is_said_how_to_install_it(
    checkpoint: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_door, "_NEEDED", ("a_package_that_nobody_has.at_all",))
    with pytest.raises(WriterError, match=r"pip install \"writer-desktop\[export\]\""):
        next(import_in_child(ImportRequest(checkpoint, "opt", exported.GATE_TEXT), store))


def test_m13_pickled_weights_are_never_exported(checkpoint: Path, store: ModelStore, tmp_path: Path) -> None:
    pickled = Path(shutil.copytree(checkpoint, tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    for index in (None, {"weight_map": {"a": "pytorch_model.bin"}}, {"weight_map": {"a": "../x.safetensors"}}):
        if index:
            (pickled / "model.safetensors.index.json").write_text(json.dumps(index))
        with pytest.raises(WriterError, match="no weights as safetensors"):
            next(import_in_child(ImportRequest(pickled, "opt", exported.GATE_TEXT), store))


def test_what_is_no_model_is_refused(tmp_path: Path, store: ModelStore, checkpoint: Path) -> None:
    check_refused(tmp_path, store, "holds no model.onnx")
    with pytest.raises(WriterError, match=r"no config\.json"):
        next(import_in_child(ImportRequest(tmp_path, "opt", exported.GATE_TEXT), store))
    unknown = Path(shutil.copytree(checkpoint, tmp_path / "unknown"))
    config = json.loads((unknown / "config.json").read_text())
    (unknown / "config.json").write_text(json.dumps({**config, "model_type": "nobodys_network"}))
    with pytest.raises(WriterError, match="nobodys_network model cannot be exported") as refusal:
        list(import_in_child(ImportRequest(unknown, "opt", exported.GATE_TEXT), store))
    check_sentence(refusal.value)


def test_the_formats_of_stored_weights(graph_folder: Path) -> None:
    for kind, precision in (
        (TensorProto.FLOAT, Precision.FP32),
        (TensorProto.FLOAT16, Precision.FP16),
        (TensorProto.INT8, Precision.INT8),
        (TensorProto.UINT4, Precision.INT4),
    ):
        tensor = TensorProto(name="w", data_type=kind, dims=[64, 64])
        graph = graph_file.ForeignGraph(graph_folder, onnx.ModelProto(), [tensor])
        assert stored_precision(graph) is precision


# -- repositories on the hub ---------------------------------------------------------------------------------------


def test_a_repository_is_fetched_and_imported(graph_folder: Path, tmp_path: Path) -> None:
    hub = Hub()
    files = {path.name: path for path in graph_folder.iterdir()}
    files["onnx/model.onnx"] = files.pop("model.onnx")
    files["onnx/model.onnx_data"] = files.pop("model.onnx_data")
    blobs = {name: HubBlob(path, is_large=name.startswith("onnx/")) for name, path in files.items()}
    hub.repositories["somebody/opt-tiny", REVISION] = blobs
    for running in serving(hub):
        environment = {"WRITER_HOME": str(tmp_path), "HF_ENDPOINT": running.url, "HF_HOME": str(tmp_path / "cache")}
        run = writer("models", "import", "somebody/opt-tiny", "--id", "tiny", "--json", **environment)
        assert run.returncode == 0, run.stderr
        manifest = json.loads(run.stdout)["manifest"]
        assert manifest["source"] == f"huggingface.co somebody/opt-tiny at {REVISION}"
        assert manifest["title"] == "opt-tiny"
        assert not list(tmp_path.rglob("model.onnx")), "what was fetched has served"
        failed = writer("models", "import", "somebody/else", "--id", "tiny", **environment)
        assert failed.returncode == 1
        assert failed.stderr.count("\n") < 3
        assert "does not have else" in failed.stderr


def writer(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "writer", *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_what_is_fetched_of_a_repository() -> None:
    common = ("config.json", "tokenizer.json", "README.md", ".gitattributes", "pytorch_model.bin")
    weights = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json")
    chosen = choose_files("a/b", (*common, *weights, "model.fp16.safetensors"))
    assert set(chosen) == {"config.json", "tokenizer.json", "README.md", *weights}
    graphs = ("onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_q4.onnx", "onnx/model_q4.onnx_data")
    chosen = choose_files("a/b", (*common, *weights, *graphs))
    assert set(chosen) == {"config.json", "tokenizer.json", "README.md", "onnx/model.onnx", "onnx/model.onnx_data"}
    with pytest.raises(WriterError, match="no weights as safetensors"):
        choose_files("a/b", common)


def test_the_command_line_imports(graph_folder: Path, tmp_path: Path) -> None:
    environment = {"WRITER_HOME": str(tmp_path)}
    run = writer("models", "import", str(graph_folder), "--id", "mine", **environment)
    assert run.returncode == 0, run.stderr
    assert "no other form" in run.stdout
    assert "in full precision" not in run.stdout
    text = ("generate", "Alice", "--model", "mine", "--max-new-tokens", "5", "--seed", "1")
    wrote = writer(*text, **environment)
    assert wrote.returncode == 0, wrote.stderr
    assert wrote.stdout.strip()
    failed = writer("models", "import", "no-such-folder", "--id", "mine", **environment)
    assert failed.returncode == 2
    assert failed.stderr.count("\n") == 1
