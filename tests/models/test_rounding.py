"""Bytes and nibbles: what the packed form holds, and that rounding for a product's inputs is better than to nearest."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from writer.models import rounding, side_by_side
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


def carried_slowly(weight: Floats, inputs: Floats) -> Floats:
    """LDLQ as its paper has it (Chee et al., 2023, section 3), one weight after the other, in float64; the ranges are
    the product's own."""
    k, n = weight.shape
    importance = (inputs**2).mean(axis=0)
    padded = np.zeros((-(-k // BLOCK) * BLOCK, n), np.float32)
    padded[:k] = weight
    ranges = rounding._block_ranges(padded.reshape(-1, BLOCK, n), importance)
    hessian = inputs.astype(np.float64).T @ inputs / len(inputs) + 0.05 * importance.mean() * np.eye(k)
    order = np.argsort(importance, kind="stable")
    lower = np.linalg.cholesky(hessian[np.ix_(order, order)])
    lower /= np.diag(lower)
    rounded = np.zeros((k, n))
    for i in reversed(range(k)):
        later = order[i + 1 :]
        wanted = weight[order[i]] + lower[i + 1 :, i] @ (weight[later] - rounded[later])
        scale, zero = ranges.scales[order[i] // BLOCK], ranges.zeros[order[i] // BLOCK]
        rounded[order[i]] = (np.clip(np.rint(wanted / scale) + zero, 0, 15) - zero) * scale
    return rounded


@pytest.mark.parametrize("k", [96, 300])
def test_nibbles_are_those_of_the_plain_method(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In stretches, tiles and panels of which none comes out even; but for weights that lie half-way."""
    monkeypatch.setattr(rounding, "_TILE_COLUMNS", 23)
    monkeypatch.setattr(rounding, "_CARRY_COLUMNS", 10)
    monkeypatch.setattr(rounding, "_FIT_COLUMNS", 112)
    inputs, weight = a_product(k, 40, 500)
    expected, found = carried_slowly(weight, inputs), unpacked(weight, inputs)
    assert np.mean(np.abs(found - expected).max(axis=0) < 1e-5) > 0.9


def test_levels_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, weight = a_product(600, 1100, 1100)
    found = []
    for n_threads in (1, 2, 5):
        with ThreadPoolExecutor(n_threads) as pool:
            monkeypatch.setattr(side_by_side, "_pool", lambda pool=pool: pool)
            found.append(quantise_blocks(weight, 4, BLOCK, inputs))
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_float32_bears_inputs_of_which_two_alike_are_nearly_everything() -> None:
    """The worst there is for the factor: all that tells the two apart is the damping."""
    inputs, _ = a_product(700, 1, 900)
    inputs[:, 3] *= 1e4
    inputs[:, 500] = inputs[:, 3]
    fit = rounding._fit(inputs)
    exact = inputs[:, fit.order].astype(np.float64)
    hessian = exact.T @ exact / len(inputs)
    hessian += 0.05 * np.diag(hessian).mean() * np.eye(700)
    lower = np.linalg.cholesky(hessian)
    assert np.linalg.cond(hessian) > 1e4
    assert np.abs(np.tril(fit.carry, -1) - np.tril(lower / np.diag(lower), -1)).max() < 1e-4
