"""Which processors need exact byte products, and that products are exact on this one."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from writer.engine.cpu import available_threads, cpu_features, saturates_in_int8
from writer.engine.session import _session_options


def test_flags_as_linux_tells_them(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nflags\t\t: fpu avx2 avx512_vnni\nprocessor : 1\nflags : fpu\n")
    assert cpu_features(cpuinfo) == {"fpu", "avx2", "avx512_vnni"}


def test_without_linux_numpy_is_asked(tmp_path: Path) -> None:
    assert cpu_features(tmp_path / "missing") <= {name.lower() for name in cpu_features(tmp_path / "missing")}
    assert len(cpu_features(tmp_path / "missing")) > 0


@pytest.mark.parametrize(
    ("features", "machine", "saturates"),
    [
        ({"avx2"}, "x86_64", True),
        ({"avx2", "avx_vnni"}, "AMD64", False),
        ({"avx512_vnni"}, "x86_64", False),
        (set(), "aarch64", False),
    ],
)
def test_only_x86_before_vnni_saturates(features: set[str], machine: str, saturates: bool) -> None:
    assert saturates_in_int8(frozenset(features), machine) is saturates


def test_large_byte_products_are_exact_here() -> None:
    """255 times 127, summed over 64: sums of pairs do not fit 16 bits, so a processor that saturates cuts them."""
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"])
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [2, 64])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [2, 8])],
        [helper.make_tensor("b", TensorProto.INT8, [64, 8], np.full((64, 8), 127, np.int8).tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), _session_options(1), providers=["CPUExecutionProvider"])
    [found] = session.run(None, {"a": np.full((2, 64), 255, np.uint8)})
    assert (found == 255 * 127 * 64).all()


def test_there_is_always_a_thread() -> None:
    assert available_threads() >= 1
