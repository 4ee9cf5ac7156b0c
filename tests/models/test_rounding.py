"""Bytes and nibbles: what the packed form holds, and that rounding for a product's inputs is better than to nearest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from writer.models.rounding import quantise_blocks, quantise_columns

BLOCK = 32
Floats = NDArray[np.float32]


def unpacked(weight: Floats, inputs: Floats | None) -> Floats:
    """The weight that 4-bit blocks stand for, read as MatMulNBits documents its format."""
    packed, scales, zeros = quantise_blocks(weight, 4, BLOCK, inputs)
    k, n = weight.shape
    levels = np.stack([packed & 15, packed >> 4], axis=-1).reshape(n, -1, BLOCK).astype(np.float32)
    zero = np.stack([zeros & 15, zeros >> 4], axis=-1).reshape(n, -1)[:, : levels.shape[1]].astype(np.float32)
    return ((levels - zero[..., None]) * scales[..., None]).reshape(n, -1)[:, :k].T


def a_product(k: int, n: int, n_rows: int) -> tuple[Floats, Floats]:
    """Inputs whose channels go together and differ in size, as activations do, and a weight."""
    random = np.random.default_rng(5)
    mixing = random.standard_normal((k // 4, k)) * random.lognormal(0, 1, k)
    inputs = random.standard_normal((n_rows, k // 4)) @ mixing + 0.1 * random.standard_normal((n_rows, k))
    return inputs.astype(np.float32), random.standard_normal((k, n)).astype(np.float32)


@pytest.mark.parametrize("k", [64, 96, 100])
def test_nibbles_chosen_for_inputs_beat_the_nearest(k: int) -> None:
    inputs, weight = a_product(k, 48, 400)
    fitted, later = inputs[:300], inputs[300:]

    def error(rounded: Floats) -> float:
        return float(np.linalg.norm(later @ (rounded - weight)) / np.linalg.norm(later @ weight))

    nearest, chosen = error(unpacked(weight, None)), error(unpacked(weight, fitted))
    assert nearest < 0.2
    assert chosen < 0.6 * nearest


def test_the_same_inputs_give_the_same_bytes() -> None:
    inputs, weight = a_product(96, 40, 200)
    once, again = (quantise_blocks(weight, 4, BLOCK, inputs) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


def test_fewer_inputs_than_channels_and_channels_that_are_never_used_are_no_trouble() -> None:
    inputs, weight = a_product(96, 40, 10)
    inputs[:, 7] = 0
    for rows in (inputs, np.zeros_like(inputs)):
        rounded = unpacked(weight, rows)
        assert np.isfinite(rounded).all()
        assert np.abs(rounded - weight).max() < 4


def test_bytes_stand_within_half_a_step_of_their_weights() -> None:
    _, weight = a_product(100, 40, 1)
    quantised, scales = quantise_columns(weight)
    assert (np.abs(quantised * scales - weight) <= scales * 0.501).all()
    packed, block_scales, _ = quantise_blocks(weight, 8, BLOCK)
    blocks = (packed.astype(np.float32) - 128) * block_scales[..., None]
    assert np.abs(blocks.reshape(40, -1)[:, :100].T - weight).max() <= block_scales.max() * 0.501
