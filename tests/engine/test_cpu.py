"""Which processors need exact byte products, and that products are exact on this one."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from writer.engine.cpu import cpu_features, cpu_name, instruction_sets, saturates_in_int8, slow_cpu_note
from writer.models.graph.builder import GraphBuilder
from writer.models.graph.linear import add_product
from writer.models.precision import Precision

K, N = 64, 32


def test_flags_as_linux_tells_them(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nflags\t\t: fpu avx2 avx512_vnni\nprocessor : 1\nflags : fpu\n")
    assert cpu_features(cpuinfo) == {"fpu", "avx2", "avx512_vnni"}


def test_flags_of_arm_processors(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n")
    features = cpu_features(cpuinfo)
    assert features == {"fp", "asimd", "asimddp", "i8mm"}
    assert instruction_sets(features, "aarch64") == {"dot products": True, "I8MM": True}
    assert cpu_name(cpuinfo) != ""


def test_a_processor_has_the_name_that_linux_tells(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model\t\t: 2\nmodel name\t: Fast One @ 3:1 GHz\nflags\t: sse2\n")
    assert cpu_name(cpuinfo) == "Fast One @ 3:1 GHz"


@pytest.mark.parametrize(
    ("features", "machine", "is_slow"),
    [
        ({"sse2", "avx"}, "x86_64", True),
        ({"sse2"}, "AMD64", True),
        ({"avx2"}, "x86_64", False),
        ({"asimd"}, "aarch64", False),
    ],
)
def test_no_avx2_is_one_sentence(features: set[str], machine: str, is_slow: bool) -> None:
    note = slow_cpu_note(frozenset(features), machine)
    assert ("AVX2" in note and note.count(".") == 1) is is_slow
    assert instruction_sets(frozenset(features), "x86_64")["AVX2"] is ("avx2" in features)


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


@pytest.fixture(scope="module", params=[None, -0.5], ids=["signed", "lifted"])
def largest_product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's own graph of rows of ones times a weight of ones: every byte is the largest there is, 255 x 127, so
    that the sum of a pair does not fit 16 bits. The answer is K."""
    path = tmp_path_factory.mktemp("largest") / "product.onnx"
    with GraphBuilder(path, Precision.INT8) as builder:
        builder.input("x", TensorProto.FLOAT, [1, "T", K])
        y, rest = add_product(builder, "x", np.ones((K, N), np.float32), None, "w", at_least=request.param)
        y = builder.node("Add", [y, rest], "sum") if rest else y
        builder.node("Identity", [y], "y")
        builder.output("y", TensorProto.FLOAT, [1, "T", N])
        builder.finish()
    return path


def measure(graph: Path, *emulator: str) -> dict[str, list[Any]]:
    root = Path(__file__).resolve().parents[2]
    command = [*emulator, sys.executable, str(Path(__file__).with_name("byte_products.py")), str(graph)]
    environ = os.environ | {"PYTHONPATH": str(root)}
    child = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=root, env=environ)
    assert child.returncode == 0, child.stderr
    found: dict[str, list[Any]] = json.loads(child.stdout)
    return found


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="QEMU's user mode runs x86 programs on Linux"
)
@pytest.mark.parametrize(("processor", "saturates"), [("Haswell", True), ("IvyBridge", False)])
def test_large_byte_products_are_exact_on_older_processors(
    largest_product: Path, processor: str, saturates: bool
) -> None:
    """On a processor from 2013, and one from 2012 for whose lack of AVX2 ONNX Runtime takes another way, emulated."""
    found = measure(largest_product, "qemu-x86_64", "-cpu", processor)
    assert ("avx2" in found["features"]) is saturates
    assert not {"avx512_vnni", "avx512_icl"} & set(found["features"])
    # Pairs cut at 32,767 leave next to nothing: this is what the option is for, and the emulator really shows it.
    assert (max(found["default"]) < K / 2) is saturates
    assert found["ours"] == pytest.approx([K] * (3 * N), rel=1e-5)


def test_large_byte_products_are_exact_here(largest_product: Path) -> None:
    assert measure(largest_product)["ours"] == pytest.approx([K] * (3 * N), rel=1e-5)
