"""Exported models of any origin: installed as our own files, or refused in one sentence. Names carry the ids of the
fault matrix (M03 to M16)."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.models import exported
from tests.models.hub_server import Hub, HubBlob, serving
from writer.errors import WriterError
from writer.models import child
from writer.models import export as export_door
from writer.models.build import BuildFinished
from writer.models.child import import_in_child
from writer.models.imported import ImportRequest, graph_file, import_model, trial
from writer.models.imported.repository import choose_files
from writer.models.imported.rewrite import stored_precision
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore

REVISION = "0123456789" * 4


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


# -- M03: random bytes, damaged protobuf ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_m03_random_bytes_are_no_graph(seed: int, folder: Path, store: ModelStore) -> None:
    rng = np.random.default_rng(seed)
    path = folder / "model.onnx"
    original = path.read_bytes()
    if seed == 0:
        path.write_bytes(b"")
    elif seed == 1:
        path.write_bytes(rng.bytes(5000))
    else:
        path.write_bytes(original[: len(original) * seed // 7])
    check_refused(folder, store, r"model\.onnx is no ONNX graph|Writer cannot run|takes no past")


def test_m03_damaged_graphs_never_end_this_process(
    folder: Path, store: ModelStore, request: pytest.FixtureRequest
) -> None:
    path, rng = folder / "model.onnx", np.random.default_rng(9)
    original = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(60 if request.config.getoption("--long") else 4):
        damaged = original.copy()
        damaged[rng.integers(0, len(damaged), 40)] = rng.integers(0, 256, 40)
        path.write_bytes(damaged.tobytes())
        try:
            list(import_in_child(ImportRequest(folder, "opt", exported.GATE_TEXT), store))
        except WriterError as refusal:
            check_sentence(refusal)
        else:  # the damage hit a weight or a name, which changes nothing that could be seen
            store.remove("opt")


# -- M04, M05, M07, M08: where weights lie -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "../secret",
        "/etc/passwd",
        "a/../../secret",
        "sub/model.onnx_data",
        "..",
        "",
        "C:\\secret",
        "a:b",
        "CON",
        "nul.data",
        "data\0",
        "\u202edata",
        "model.onnx_data\n",
    ],
)
def test_m04_weights_outside_the_folder_are_refused(location: str, folder: Path, store: ModelStore) -> None:
    (folder.parent / "secret").write_bytes(b"x" * 100_000)
    change(folder, lambda model: point(external(model), location=location))
    check_refused(folder, store, "which is no name of a file beside it")


def test_m04_weights_of_a_branch_are_looked_at_too(folder: Path, store: ModelStore) -> None:
    def hide(model: onnx.ModelProto) -> None:
        weight = numpy_helper.from_array(np.zeros(4, np.float32), "hidden")
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        point(weight, location="../secret")
        node = helper.make_node("Identity", ["hidden"], ["out"])
        out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [4])
        inner = helper.make_graph([node], "inner", [], [out], [weight])
        outer = helper.make_graph(
            [helper.make_node("If", ["c"], ["out"], then_branch=inner, else_branch=inner)], "outer", [], [out]
        )
        model.graph.node.append(helper.make_node("If", ["c"], ["x"], then_branch=outer, else_branch=outer))

    change(folder, hide)
    check_refused(folder, store, "which is no name of a file beside it")


def test_m04_a_constant_in_another_file_is_refused(folder: Path, store: ModelStore) -> None:
    def hide(model: onnx.ModelProto) -> None:
        value = numpy_helper.from_array(np.zeros(4, np.float32))
        value.ClearField("raw_data")
        value.data_location = TensorProto.EXTERNAL
        point(value, location="../secret")
        model.graph.node.append(helper.make_node("Constant", [], ["x"], value=value))

    change(folder, hide)
    check_refused(folder, store, "keeps constants in another file")


@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo", "folder", "device", "missing"])
@pytest.mark.parametrize("name", ["model.onnx", "model.onnx_data"])
def test_m05_links_pipes_and_devices_are_refused(kind: str, name: str, folder: Path, store: ModelStore) -> None:
    path, elsewhere = folder / name, folder.parent / "elsewhere"
    path.rename(elsewhere)
    match = "no ordinary file"
    if kind == "symlink":
        path.symlink_to(elsewhere)
        match = "is a link"
    elif kind == "hard link":
        os.link(elsewhere, path)
        match = "is a link"
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
        match = "cannot be read|no ordinary file"
    elif kind == "device":
        path.symlink_to("/dev/zero")
        match = "is a link"
    else:
        match = "holds no model|cannot be read"
    check_refused(folder, store, match)


def test_m07_the_marker_of_onnx_runtime_for_memory_is_refused(folder: Path, store: ModelStore) -> None:
    change(folder, lambda model: point(external(model), location="*/_ORT_MEM_ADDR_/*", offset=4096, length=16))
    check_refused(folder, store, "which is no name of a file beside it")


def _grow(tensor: onnx.TensorProto) -> None:
    tensor.dims[:] = [2**20, 2**20]
    del tensor.external_data[-1]


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda tensor: point(tensor, offset=10**9), "cut short"),
        (lambda tensor: point(tensor, offset=-4), "lies nowhere"),
        (lambda tensor: point(tensor, length=7), "does not fit its shape"),
        (lambda tensor: point(tensor, offset="9" * 30), "lies nowhere"),
        (lambda tensor: tensor.dims.__setitem__(0, -1), "negative size"),
        (lambda tensor: _grow(tensor), "cut short|does not fit"),
        (lambda tensor: setattr(tensor, "data_type", TensorProto.STRING), "does not read"),
    ],
)
def test_m08_weights_that_lie_about_their_size_are_refused(
    edit: Callable[[onnx.TensorProto], Any], match: str, folder: Path, store: ModelStore
) -> None:
    change(folder, lambda model: edit(external(model)))
    check_refused(folder, store, match)


def test_m08_many_weights_of_the_same_bytes_are_refused(folder: Path, store: ModelStore) -> None:
    def multiply(model: onnx.ModelProto) -> None:
        for i in range(400):
            copy = model.graph.initializer.add()
            copy.CopyFrom(external(model))
            copy.name = f"copy{i}"

    change(folder, multiply)
    check_refused(folder, store, "the same bytes as many weights")


# -- M09, M10: size, depth, foreign code ---------------------------------------------------------------------------


def test_m09_a_graph_of_more_than_two_gigabytes_is_refused_unread(folder: Path, store: ModelStore) -> None:
    with (folder / "model.onnx").open("r+b") as stream:
        stream.truncate(2**31)  # a hole: it takes no space
    began = time.monotonic()
    check_refused(folder, store, "larger than the 2 GB")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("depth", [40, 5000])
def test_m09_deep_nesting_is_refused(depth: int, folder: Path, store: ModelStore) -> None:
    def field(number: int, content: bytes) -> bytes:
        n, size = len(content), b""
        while n >= 0x80:
            size, n = size + bytes([n & 0x7F | 0x80]), n >> 7
        return bytes([number << 3 | 2]) + size + bytes([n]) + content

    graph = b""
    for _ in range(depth):  # GraphProto.node, NodeProto.attribute, AttributeProto.g
        graph = field(1, field(5, field(6, graph)))
    (folder / "model.onnx").write_bytes(field(7, graph))
    check_refused(folder, store, "nested too deeply")


@pytest.mark.parametrize(
    ("domain", "operator"),
    [("evil", "Run"), ("com.microsoft", "EPContext"), ("com.microsoft", "ATen"), ("org.x", "Add")],
)
def test_m10_foreign_operators_are_refused(domain: str, operator: str, folder: Path, store: ModelStore) -> None:
    change(folder, lambda m: m.graph.node.append(helper.make_node(operator, ["logits"], ["x"], domain=domain)))
    check_refused(folder, store, f"foreign operator {domain}:{operator}")


def test_m10_operators_that_a_model_brings_are_refused(folder: Path, store: ModelStore) -> None:
    change(folder, lambda m: m.functions.add(name="Mine", domain=""))
    check_refused(folder, store, "operators of its own")


def test_m10_no_library_or_setting_of_a_model_reaches_the_store(folder: Path, store: ModelStore) -> None:
    def add(model: onnx.ModelProto) -> None:
        for key, value in {"custom_ops_library": "evil.so", "ort_config": '{"session_options": {}}'}.items():
            model.metadata_props.add(key=key, value=value)

    change(folder, add)
    (folder / "evil.so").write_bytes(b"\x7fELF")
    model = installed(folder, store)
    assert {path.suffix for path in model.folder.iterdir()} == {".json", ".onnx", ".data"}
    stored = onnx.load(model.graph(), load_external_data=False)
    assert {entry.key for entry in stored.metadata_props} == {"writer.start_token_ids", "writer.one_by_one"}


def test_an_endless_graph_is_ended(folder: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that never leaves off costs the child its time, and nobody else's."""

    def loop(model: onnx.ModelProto) -> None:
        more = helper.make_tensor_value_info("more", TensorProto.BOOL, [])
        count = helper.make_tensor_value_info("i", TensorProto.INT64, [])
        outs = [helper.make_tensor_value_info(n, t, s) for n, t, s in (("m", 9, []), ("l", 1, None))]
        body = helper.make_graph(
            [helper.make_node("Identity", ["more"], ["m"]), helper.make_node("Identity", ["carried"], ["l"])],
            "body",
            [count, more, helper.make_tensor_value_info("carried", TensorProto.FLOAT, None)],
            outs,
        )
        model.graph.initializer.append(numpy_helper.from_array(np.array(2**62), "forever"))
        model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
        for node in model.graph.node:
            node.output[:] = ["logits_before" if name == "logits" else name for name in node.output]
        model.graph.node.append(helper.make_node("Loop", ["forever", "yes", "logits_before"], ["logits"], body=body))

    change(folder, loop)
    limits = child.ChildLimits(memory_bytes=8 << 30, cpu_s=5)
    monkeypatch.setattr(child.ChildLimits, "for_graph", lambda _: limits)
    with pytest.raises(WriterError, match="more computing than its size accounts for"):
        list(import_in_child(ImportRequest(folder, "opt", exported.GATE_TEXT), store))
    assert store.list() == []


# -- M11, M12: another kind of model, weights that are no numbers --------------------------------------------------


def _rename_input(model: onnx.ModelProto, old: str, new: str) -> None:
    for value in model.graph.input:
        value.name = new if value.name == old else value.name
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]


def _drop_outputs(model: onnx.ModelProto, start: str) -> None:
    kept = [value for value in model.graph.output if not value.name.startswith(start)]
    del model.graph.output[:]
    model.graph.output.extend(kept)


def _reorder_past(model: onnx.ModelProto) -> None:
    for value in model.graph.input:
        if value.name.startswith("past"):
            del value.type.tensor_type.shape.dim[0]


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda m: _rename_input(m, "input_ids", "pixel_values"), r"no language model \(it takes pixel_values"),
        (lambda m: _rename_input(m, "position_ids", "token_type_ids"), "wants to be given token_type_ids"),
        (lambda m: _rename_input(m, "past_key_values.1.key", "past_key_values.7.key"), "layers without a past"),
        (lambda m: _drop_outputs(m, "present"), "gives none back"),
        (lambda m: _drop_outputs(m, "logits"), "no scores of words"),
        (_reorder_past, "another order"),
    ],
)
def test_m11_other_inputs_and_outputs_are_refused(
    edit: Callable[[onnx.ModelProto], Any], match: str, folder: Path, store: ModelStore
) -> None:
    change(folder, edit)
    check_refused(folder, store, match)


def test_m11_a_graph_without_a_past_is_refused(folder: Path, store: ModelStore) -> None:
    def forget(model: onnx.ModelProto) -> None:
        kept = [value for value in model.graph.input if not value.name.startswith("past")]
        del model.graph.input[:]
        model.graph.input.extend(kept)

    change(folder, forget)
    check_refused(folder, store, "takes no past")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"vocab_size": 50257}, "graph knows 400 tokens, and its configuration 50257"),
        ({"max_position_embeddings": 512}, "cannot read the 511 tokens"),
        ({"max_position_embeddings": 16}, "15 tokens at a time"),
        ({"max_position_embeddings": "many"}, "not a whole number"),
        ({"num_attention_heads": -3}, "makes no network"),
    ],
)
def test_m11_a_configuration_of_another_model_is_refused(
    changes: dict[str, Any], match: str, folder: Path, store: ModelStore
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    check_refused(folder, store, match)


def test_m11_a_tokenizer_of_another_model_is_refused(folder: Path, store: ModelStore) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    values["model"]["vocab"] |= {f"more{i}": exported.N_VOCAB + i for i in range(10)}
    (folder / "tokenizer.json").write_text(json.dumps(values))
    check_refused(folder, store, "tokenizer has 410 tokens, but the model knows only 400")


def test_m11_a_graph_that_forgets_is_refused(folder: Path, store: ModelStore) -> None:
    """The past goes in and comes out, but no layer looks at it."""

    def forget(model: onnx.ModelProto) -> None:
        for value in model.graph.input:
            if value.name.endswith(".value"):
                name = value.name
                for node in model.graph.node:
                    node.input[:] = [f"{name}.zero" if i == name else i for i in node.input]
                model.graph.node.insert(0, helper.make_node("Sub", [name, name], [f"{name}.zero"]))

    change(folder, forget)
    check_refused(folder, store, "forgets what it has read")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_m12_weights_that_are_no_numbers_are_refused(value: float, folder: Path, store: ModelStore) -> None:
    data = np.fromfile(folder / "model.onnx_data", np.float32)
    data[:] = value
    data.tofile(folder / "model.onnx_data")
    check_refused(folder, store, "numbers that are no probabilities")


# -- M16: the tokenizer's file -------------------------------------------------------------------------------------


def _with_pattern(folder: Path, pattern: str) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    plain = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    values["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, plain]}
    (folder / "tokenizer.json").write_text(json.dumps(values))


@pytest.mark.parametrize("pattern", [r"(a|a)+$", r"(\w+\s?)*;", r"([0-9]+)+x"])
def test_m16_a_regular_expression_that_explodes_is_refused(pattern: str, folder: Path, store: ModelStore) -> None:
    _with_pattern(folder, pattern)
    with pytest.raises(WriterError, match="cannot cope with this text") as refusal:
        list(import_in_child(ImportRequest(folder, "opt", exported.GATE_TEXT), store))
    check_sentence(refusal.value)


@pytest.mark.parametrize(("n_doublings", "match"), [(13, "takes far too long"), (40, "probably damaged|far too long")])
def test_m16_a_tokenizer_that_eats_time_or_memory_is_ended(
    n_doublings: int, match: str, folder: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    double = {"type": "Replace", "pattern": {"String": "e"}, "content": "ee"}
    values["normalizer"] = {"type": "Sequence", "normalizers": [double] * n_doublings}
    (folder / "tokenizer.json").write_text(json.dumps(values))
    monkeypatch.setattr(child, "_import", _import_in_a_hurry)
    with pytest.raises(WriterError, match=match) as refusal:
        list(import_in_child(ImportRequest(folder, "opt", exported.GATE_TEXT), store))
    check_sentence(refusal.value)


def _import_in_a_hurry(request: ImportRequest, store: ModelStore) -> Any:
    child._silence()
    trial.TRIAL_S = 1.0
    return import_model(request, store)


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda v: v.update(normalizer={"type": "Lowercase"}), "does not keep the text"),
        (lambda v: v.update(decoder={"type": "WordPiece", "prefix": "##", "cleanup": True}), "joins tokens in a way"),
        (lambda v: v.update(decoder=None), "joins tokens in a way"),
        (lambda v: v["model"].update(merges=[["zz", "yy"]]), "tokenizer is damaged|cannot cope"),
        (lambda v: v.update(model={"type": "Nobody"}), "tokenizer is damaged"),
    ],
)
def test_m17_tokenizers_that_cannot_serve_are_refused(
    edit: Callable[[dict[str, Any]], Any], match: str, folder: Path, store: ModelStore
) -> None:
    values = json.loads((folder / "tokenizer.json").read_text())
    edit(values)
    (folder / "tokenizer.json").write_text(json.dumps(values))
    check_refused(folder, store, match)


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
