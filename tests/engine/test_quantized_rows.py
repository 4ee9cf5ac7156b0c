"""At int8 a row's product does not depend on the rows beside it: what makes caches, takes and replays exact."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from writer.models.graph.builder import GraphBuilder
from writer.models.graph.linear import add_product
from writer.models.precision import Precision

Rows = NDArray[np.float32]

# (K, N, lower bound of the input): a small odd one in both forms, and every product of GPT-2 medium and of
# SmolLM2-135M. How a product is shared out among threads and blocked for caches depends on its shape.
SHAPES = [
    (96, 80, None),
    (96, 80, -0.5),
    (1024, 3072, None),
    (1024, 1024, None),
    (1024, 4096, None),
    (4096, 1024, -0.5),
    (1024, 50257, None),
    (576, 960, None),
    (576, 576, None),
    (576, 3072, None),
    (1536, 576, None),
    (576, 49152, None),
]
N_ALONE = 6


class Product:
    """A graph of one product as the builder writes it, and its weight."""

    def __init__(self, folder: Path, k: int, n: int, at_least: float | None) -> None:
        self.k = k
        self.at_least = at_least
        self._sessions: dict[int, ort.InferenceSession] = {}
        self.weight = np.random.default_rng(1).random((k, n), np.float32) - np.float32(0.5)
        self._path = folder / "product.onnx"
        with GraphBuilder(self._path, Precision.INT8) as builder:
            builder.input("x", TensorProto.FLOAT, [1, "T", k])
            y, rest = add_product(builder, "x", self.weight, None, "w", at_least=at_least)
            builder.node("Add", [y, rest], "y") if rest else builder.node("Identity", [y], "y")
            builder.output("y", TensorProto.FLOAT, [1, "T", n])
            builder.finish()

    def rows(self, n: int) -> Rows:
        """Inputs of every magnitude."""
        random = np.random.default_rng(2)
        rows = random.standard_normal((n, self.k)) * random.uniform(0.01, 50, (n, 1))
        return np.maximum(rows, -np.inf if self.at_least is None else self.at_least).astype(np.float32)

    def run(self, rows: Rows, n_threads: int) -> Rows:
        if n_threads not in self._sessions:
            options = ort.SessionOptions()
            options.intra_op_num_threads = n_threads
            self._sessions[n_threads] = ort.InferenceSession(
                str(self._path), options, providers=["CPUExecutionProvider"]
            )
        found: Any = self._sessions[n_threads].run(None, {"x": rows[None]})[0]
        return np.asarray(found[0])


@pytest.fixture(scope="module", params=SHAPES, ids=[f"{k}x{n}{'-lifted' * bool(least)}" for k, n, least in SHAPES])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Product:
    return Product(tmp_path_factory.mktemp("product"), *request.param)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_rows_are_bit_identical_whatever_stands_beside_them(product: Product, n_threads: int) -> None:
    rows = product.rows(128)
    alone = np.concatenate([product.run(row[None], n_threads) for row in rows[:N_ALONE]])
    for n in (2, 3, 7, 33, 128):
        assert np.array_equal(product.run(rows[:n], n_threads)[:N_ALONE], alone[:n]), n
    shuffled = np.random.default_rng(3).permutation(128)
    assert np.array_equal(product.run(rows[shuffled], n_threads)[np.argsort(shuffled)[:N_ALONE]], alone)
    exact = rows[:N_ALONE] @ product.weight
    assert (np.abs(alone - exact).max(axis=1) / np.abs(exact).max(axis=1)).max() < 0.03


def test_one_thread_and_two_give_the_same_bits(product: Product) -> None:
    rows = product.rows(5)
    for n in (1, 5):
        assert np.array_equal(product.run(rows[:n], 1), product.run(rows[:n], 2))


def test_a_row_of_zeros_is_no_nan(product: Product) -> None:
    """Its scale is zero, and so is what comes of it; also where rows are lifted to zero."""
    rows = np.full((3, product.k), product.at_least or 0.0, np.float32)
    rows[1, 5] += np.float32(1e-30)
    found, exact = product.run(rows, 1), rows @ product.weight
    assert np.abs(found - exact).max() <= 0.01 * np.abs(exact).max()
