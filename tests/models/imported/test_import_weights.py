"""Weights of a foreign graph that lie elsewhere, lie about themselves or hold no numbers: refused in one sentence.

Names carry the ids of the fault matrix."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.models.imported.cases import change, check_refused, external, point
from writer.models.store import ModelStore


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


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_m12_weights_that_are_no_numbers_are_refused(value: float, folder: Path, store: ModelStore) -> None:
    data = np.fromfile(folder / "model.onnx_data", np.float32)
    data[:] = value
    data.tofile(folder / "model.onnx_data")
    check_refused(folder, store, "numbers that are no probabilities")
