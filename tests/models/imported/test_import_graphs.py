"""Foreign graphs that are none, are of another kind or would run other code: refused in one sentence.

Names carry the ids of the fault matrix."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.models import exported
from tests.models.imported.cases import change, check_refused, check_sentence, installed
from writer.errors import WriterError
from writer.models import child
from writer.models.child import import_in_child
from writer.models.imported import ImportRequest
from writer.models.store import ModelStore

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


# -- M09, M10: size, depth, foreign code ---------------------------------------------------------------------------


def test_m09_a_graph_of_more_than_two_gigabytes_is_refused_unread(folder: Path, store: ModelStore) -> None:
    with (folder / "model.onnx").open("r+b") as stream:
        stream.truncate(2**31)  # a hole: it takes no space
    began_s = time.thread_time()
    check_refused(folder, store, "larger than the 2 GB")
    assert time.thread_time() - began_s < 0.3


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


# -- M11: another kind of model ------------------------------------------------------------------------------------


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
