"""At int8 a row's product does not depend on the rows beside it: what makes caches, takes and replays exact."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto

from writer.models.graph.builder import GraphBuilder
from writer.models.graph.linear import _row_scaled_product
from writer.models.precision import Precision

K, N = 96, 80


@pytest.fixture(scope="module", params=[False, True], ids=["one byte", "two bytes"])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:  # type: ignore[type-arg]
    """A graph of one product, and its weight."""
    path = tmp_path_factory.mktemp("product") / "product.onnx"
    weight = (np.random.default_rng(1).standard_normal((K, N)) * 0.1).astype(np.float32)
    with GraphBuilder(path, Precision.INT8) as builder:
        builder.input("x", TensorProto.FLOAT, [1, "T", K])
        y = _row_scaled_product(builder, "x", weight, "w", wide=request.param)
        builder.node("Identity", [y], "y")
        builder.output("y", TensorProto.FLOAT, [1, "T", N])
        builder.finish()
    return path, weight


def run(path: Path, rows: np.ndarray, n_threads: int) -> np.ndarray:  # type: ignore[type-arg]
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": rows[None]})[0][0])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_rows_are_bit_identical_whatever_stands_beside_them(product: tuple[Path, np.ndarray], n_threads: int) -> None:  # type: ignore[type-arg]
    path, weight = product
    rng = np.random.default_rng(2)
    rows = (rng.standard_normal((128, K)) * rng.uniform(0.01, 50, (128, 1))).astype(np.float32)
    alone = np.concatenate([run(path, row[None], n_threads) for row in rows[:20]])
    for n in (2, 3, 7, 16, 20, 33, 128):
        together = run(path, rows[:n], n_threads)
        assert np.array_equal(together[:20], alone[:n]), n
    shuffled = rng.permutation(128)
    assert np.array_equal(run(path, rows[shuffled], n_threads)[np.argsort(shuffled)][:20], alone)
    error = np.abs(alone - rows[:20] @ weight).max(axis=1) / np.abs(rows[:20] @ weight).max(axis=1)
    assert error.max() < 0.03


def test_a_row_of_zeros_is_no_nan(product: tuple[Path, np.ndarray]) -> None:  # type: ignore[type-arg]
    rows = np.zeros((3, K), np.float32)
    rows[1, 5] = 1e-30
    assert np.isfinite(run(product[0], rows, 1)).all()
