"""Float weights -> bytes and nibbles. K is the width of a product's input, N that of its output.

4-bit blocks that know their product's inputs are chosen for what comes out of the product rather than for each weight:
scales by a search weighted with the inputs' mean squares, then each weight after the ones before it, carrying
their error on (GPTQ: Frantar et al., 2022; in the form without an inverse, LDLQ: Chee et al., 2023).
"""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Levels = NDArray[np.uint8]

SMALLEST_MAGNITUDE = 1e-9  # keeps zeros from dividing by zero

_LARGEST_NIBBLE = 15
# Of a block's range: cutting off its ends makes the steps between them finer, and a step that differs a little puts
# zero, which is always on one, where it suits the others.
_STRETCHES = (1.0, 1.06, 1.03, 0.97, 0.94, 0.9, 0.85, 0.8)
_DAMPING = 0.05  # of the mean square, added to each: inputs that hardly occur must not decide
_CARRY_ROWS = 32  # errors reach the rows of the same stretch one by one, all later ones in one product
_CARRY_COLUMNS = 8192  # bounds memory: columns do not depend on each other


def quantise_columns(weight: Weights) -> tuple[NDArray[np.int8], Weights]:
    """(K, N) -> int8 (K, N) and scales (N,), symmetric, so that weight ~ quantised * scales."""
    scales = np.maximum(np.abs(weight).max(axis=0), SMALLEST_MAGNITUDE).astype(np.float32) / np.float32(127)
    quantised = np.rint(weight / scales)
    return np.clip(quantised, -127, 127).astype(np.int8), scales


def quantise_blocks(
    weight: Weights, bits: int, block: int, inputs: Weights | None = None
) -> tuple[Levels, Weights, Levels]:
    """(K, N) -> MatMulNBits' packed weights (N, blocks, block * bits / 8), scales (N, blocks), zero points.

    8 bits: symmetric about 128 (the operator's default zero point). 4 bits: asymmetric, two values to a byte, low half
    first; zero points packed the same way along the blocks. `inputs` (rows, K), rows that the product multiplies, let
    4-bit weights be chosen for its output; without them each is rounded to the nearest.
    """
    if bits == 8:
        return _byte_blocks(weight, block)
    n = weight.shape[1]
    scales, zeros = _block_ranges(weight, block, None if inputs is None else (inputs**2).mean(axis=0))
    if inputs is None:
        levels = _nibbles(weight, _spread(scales, weight, block), _spread(zeros, weight, block))
    else:
        levels = np.empty(weight.shape, np.uint8)
        order, carry = _carry(inputs)
        for begin in range(0, n, _CARRY_COLUMNS):
            part = slice(begin, begin + _CARRY_COLUMNS)
            levels[:, part] = _carried(weight[:, part], scales[:, part], zeros[:, part], block, order, carry)
    padded = np.repeat(zeros[-1:].astype(np.uint8), len(scales) * block, axis=0)
    padded[: len(levels)] = levels
    blocks = np.ascontiguousarray(padded.T).reshape(n, len(scales), block)
    zero_points = np.zeros((n, len(scales) + len(scales) % 2), np.uint8)
    zero_points[:, : len(scales)] = zeros.T
    return _packed(blocks), np.ascontiguousarray(scales.T), _packed(zero_points)


def _packed(nibbles: Levels) -> Levels:
    """Two neighbours along the last axis in one byte, the first in its low half."""
    packed: Levels = nibbles[..., 0::2] | (nibbles[..., 1::2] << np.uint8(4))
    return packed


def _byte_blocks(weight: Weights, block: int) -> tuple[Levels, Weights, Levels]:
    k, n = weight.shape
    n_blocks = -(-k // block)
    blocks = np.zeros((n, n_blocks * block), np.float32)
    blocks[:, :k] = weight.T
    blocks = blocks.reshape(n, n_blocks, block)
    scales = np.maximum(np.abs(blocks).max(axis=2), SMALLEST_MAGNITUDE) / np.float32(127)
    levels = np.clip(np.rint(blocks / scales[:, :, None]), -127, 127) + 128
    return levels.astype(np.uint8), scales.astype(np.float32), np.full((n, n_blocks), 128, np.uint8)


def _block_ranges(weight: Weights, block: int, importance: Weights | None) -> tuple[Weights, Weights]:
    """Scales and zero points, (blocks, N) each, of 4-bit blocks along K.

    With `importance` (K,) those among _STRETCHES of its range that leave a block the least squared error so weighted.
    """
    k, n = weight.shape
    n_blocks = -(-k // block)
    scales, zeros = np.empty((n_blocks, n), np.float32), np.empty((n_blocks, n), np.float32)
    for i in range(n_blocks):
        rows = weight[i * block : (i + 1) * block]
        low, high = np.minimum(rows.min(axis=0), 0), np.maximum(rows.max(axis=0), 0)
        least = np.full(n, np.inf, np.float32)
        for stretch in _STRETCHES if importance is not None else _STRETCHES[:1]:
            scale = np.maximum((high - low) * np.float32(stretch / _LARGEST_NIBBLE), np.float32(SMALLEST_MAGNITUDE))
            zero = np.clip(np.rint(-low * np.float32(stretch) / scale), 0, _LARGEST_NIBBLE)
            if importance is None:
                scales[i], zeros[i] = scale, zero
                continue
            left = (_nibbles(rows, scale, zero) - zero) * scale - rows
            error = importance[i * block : (i + 1) * block] @ left**2
            better = error < least
            least = np.where(better, error, least)
            scales[i] = np.where(better, scale, scales[i])
            zeros[i] = np.where(better, zero, zeros[i])
    return scales, zeros


def _nibbles(weight: Weights, scales: Weights, zeros: Weights) -> Levels:
    levels: Levels = np.clip(np.rint(weight / scales) + zeros, 0, _LARGEST_NIBBLE).astype(np.uint8)
    return levels


def _spread(per_block: Weights, weight: Weights, block: int) -> Weights:
    """(blocks, N) -> (K, N)"""
    return np.repeat(per_block, block, axis=0)[: len(weight)]


def _carry(inputs: Weights) -> tuple[NDArray[np.intp], Weights]:
    """In which order the K weights of a column are rounded, the most important first, and what each takes over: in that
    order, the error at j times carry[j, k] is added to weight k > j.

    With H = inputs' inputs = R R', R upper triangular, the squared error of the output is the sum over k of
    (R_kk (e_k + sum over j < k of e_j R_jk / R_kk))^2, so the least it can be once all before k are rounded is had by
    taking the sum off k beforehand."""
    k = inputs.shape[1]
    hessian = (inputs.T @ inputs).astype(np.float64) / len(inputs)
    mean = float(np.trace(hessian)) / k
    hessian[np.diag_indices(k)] += _DAMPING * mean + SMALLEST_MAGNITUDE
    order = np.argsort(-np.diag(hessian), kind="stable")
    backwards = order[::-1]
    lower = np.linalg.cholesky(hessian[np.ix_(backwards, backwards)])
    upper = lower[::-1, ::-1]
    return order, (upper / np.diag(upper)).astype(np.float32)


def _carried(
    weight: Weights, scales: Weights, zeros: Weights, block: int, order: NDArray[np.intp], carry: Weights
) -> Levels:
    """Levels (K, N), one row after the other in `order`, each taking over the errors so far."""
    k, n = weight.shape
    levels = np.empty((k, n), np.uint8)
    errors = np.empty((k, n), np.float32)  # rows in `order`
    for begin in range(0, k, _CARRY_ROWS):
        end = min(begin + _CARRY_ROWS, k)
        wanted = weight[order[begin:end]]
        originals = wanted.copy()
        wanted += carry[:begin, begin:end].T @ errors[:begin]
        for at in range(begin, end):
            row = order[at]
            scale, zero = scales[row // block], zeros[row // block]
            levels[row] = _nibbles(wanted[at - begin], scale, zero)
            errors[at] = originals[at - begin] - (levels[row] - zero) * scale
            wanted[at - begin + 1 :] += carry[at, at + 1 : end, None] * errors[at]
    return levels
