"""Float weights -> bytes and nibbles. K is the width of a product's input, N that of its output.

4-bit blocks that know their product's inputs are chosen for what comes out of the product rather than for each weight:
scales by a search weighted with the inputs' mean squares, then each weight after the ones before it, carrying
their error on (GPTQ: Frantar et al., 2022; in the form without an inverse, LDLQ: Chee et al., 2023).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from writer.models.side_by_side import one_thread_for_each_product, side_by_side

Weights = NDArray[np.float32]
Levels = NDArray[np.uint8]

SMALLEST_MAGNITUDE = 1e-9  # keeps zeros from dividing by zero

_LARGEST_NIBBLE = np.float32(15)
# Of a block's range: cutting off its ends makes the steps between them finer, and a step that differs a little puts
# zero, which is always on one, where it suits the others.
_STRETCHES = (1.0, 1.06, 1.03, 0.97, 0.94, 0.9, 0.85, 0.8)
_DAMPING = 0.05  # of the mean square, added to each: inputs that hardly occur must not decide
_TILE_COLUMNS = 4096  # bounds memory; columns do not depend on each other
_SEARCH_WEIGHTS = 1 << 18  # what is done with so many at once stays in a core's cache
_CARRY_ROWS = 128  # what earlier rows hand over reaches so many in one product,
_CARRY_COLUMNS = 512
_FEW_CARRY_ROWS = 16  # the rows of the same stretch so many, and only these one by one
_FIT_ROWS = 512
_FIT_COLUMNS = 256
_FEW_FIT_COLUMNS = 64


def quantise_columns(weight: Weights) -> tuple[NDArray[np.int8], Weights]:
    """(K, N) -> int8 (K, N) and scales (N,), symmetric, so that weight ~ quantised * scales."""
    n = weight.shape[1]
    quantised, scales = np.empty_like(weight, np.int8), np.empty(n, np.float32)
    for begin in range(0, n, _TILE_COLUMNS):
        tile = slice(begin, begin + _TILE_COLUMNS)
        part = weight[:, tile]
        largest = np.maximum(part.max(axis=0), -part.min(axis=0))
        scales[tile] = np.maximum(largest, np.float32(SMALLEST_MAGNITUDE)) / np.float32(127)
        levels = part / scales[tile]
        np.rint(levels, out=levels)
        quantised[:, tile] = levels
    return quantised, scales


def quantise_blocks(
    weight: Weights, bits: int, block: int, inputs: Weights | None = None
) -> tuple[Levels, Weights, Levels]:
    """(K, N) -> MatMulNBits' packed weights (N, blocks, block * bits / 8), scales (N, blocks), zero points.

    8 bits: symmetric about 128 (the operator's default zero point). 4 bits: asymmetric, two values to a byte, low half
    first; zero points packed the same way along the blocks. `inputs` (rows, K), rows that the product multiplies, let
    4-bit weights be chosen for its output; without them each is rounded to the nearest.
    """
    with one_thread_for_each_product():
        return _byte_blocks(weight, block) if bits == 8 else _nibble_blocks(weight, block, inputs)


def _nibble_blocks(weight: Weights, block: int, inputs: Weights | None) -> tuple[Levels, Weights, Levels]:
    k, n = weight.shape
    n_blocks = -(-k // block)
    fit = None if inputs is None else _fit(inputs)
    packed = np.empty((n, n_blocks, block // 2), np.uint8)
    scales = np.empty((n, n_blocks), np.float32)
    zero_points = np.zeros((n, n_blocks + n_blocks % 2), np.uint8)
    for begin in range(0, n, _TILE_COLUMNS):
        tile = slice(begin, begin + _TILE_COLUMNS)
        columns = np.zeros((n_blocks * block, len(scales[tile])), np.float32)
        columns[:k] = weight[:, tile]
        blocks = columns.reshape(n_blocks, block, -1)
        ranges = _block_ranges(blocks, None if fit is None else fit.importance)
        levels = _nearest(blocks, ranges) if fit is None else _carried(columns, ranges, block, fit)
        packed[tile] = _packed(levels.T).reshape(-1, n_blocks, block // 2)
        scales[tile] = ranges.scales.T
        zero_points[tile, :n_blocks] = ranges.zeros.T
    return packed, scales, _packed(zero_points)


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


@dataclass(frozen=True)
class _Ranges:
    """Of 4-bit blocks along K, (blocks, N) each: a level stands for (level - zero) * scale."""

    scales: Weights
    zeros: Weights


def _block_ranges(blocks: Weights, importance: Weights | None) -> _Ranges:
    """Of `blocks` (blocks, channels in each, N). With the channels' `importance` (K,), those among _STRETCHES of a
    block's range that leave it the least squared error so weighted."""
    n_blocks, block, n = blocks.shape
    ranges = _Ranges(np.empty((n_blocks, n), np.float32), np.empty((n_blocks, n), np.float32))
    weighted = None
    if importance is not None:
        weighted = np.pad(importance, (0, n_blocks * block - len(importance))).reshape(n_blocks, 1, block)

    def search(part: slice) -> None:
        few = blocks[part]
        low, high = np.minimum(few.min(axis=1), 0), np.maximum(few.max(axis=1), 0)
        if weighted is None:
            ranges.scales[part], ranges.zeros[part] = _range(low, high, 1.0)
            return
        least = np.full_like(low, np.inf)
        wanted, left = np.empty_like(few), np.empty_like(few)
        for stretch in _STRETCHES:
            scale, zero = _range(low, high, stretch)
            np.multiply(few, np.reciprocal(scale)[:, None], out=wanted)
            _rounded(wanted, zero[:, None], out=left)
            left -= wanted
            left *= left
            error = (weighted[part] @ left)[:, 0]
            error *= scale
            error *= scale
            better = error < least
            for kept, new in ((least, error), (ranges.scales[part], scale), (ranges.zeros[part], zero)):
                np.copyto(kept, new, where=better)

    side_by_side(search, n_blocks, max(1, _SEARCH_WEIGHTS // (block * n)))
    return ranges


def _range(low: Weights, high: Weights, stretch: float) -> tuple[Weights, Weights]:
    """Scales and zero points of blocks whose weights lie between `low` and `high`."""
    scale = np.maximum((high - low) * (np.float32(stretch) / _LARGEST_NIBBLE), np.float32(SMALLEST_MAGNITUDE))
    return scale, np.clip(np.rint(-low * np.float32(stretch) / scale), 0, _LARGEST_NIBBLE)


def _rounded(wanted: Weights, zero: Weights, out: Weights) -> None:
    """`wanted`, in steps of the scale, to the nearest of the sixteen, counted from the zero point."""
    np.rint(wanted, out=out)
    np.maximum(out, -zero, out=out)
    np.minimum(out, _LARGEST_NIBBLE - zero, out=out)


def _nearest(blocks: Weights, ranges: _Ranges) -> Levels:
    """Levels (blocks times channels in each, N)."""
    zeros = ranges.zeros[:, None]
    steps = blocks / ranges.scales[:, None]
    _rounded(steps, zeros, out=steps)
    steps += zeros
    return steps.astype(np.uint8).reshape(-1, steps.shape[2])


@dataclass(frozen=True)
class _Fit:
    """What rounding takes from a product's inputs.

    importance -- (K,), the inputs' mean squares
    order -- (K,), the channels, the least important first; they are rounded from the last to the first
    carry -- (K, K), what each takes over: in that order, the error at j times carry[j, k] is added to weight k < j

    With H = inputs' inputs = L D L', L lower triangular with ones on its diagonal, the squared error of the output is
    the sum over k of D_k (e_k + sum over j > k of e_j L_jk)^2, so the least it can be once all after k are rounded is
    had by taking the sum off k beforehand.
    """

    importance: Weights
    order: NDArray[np.intp]
    carry: Weights


def _fit(inputs: Weights) -> _Fit:
    k = inputs.shape[1]
    importance = np.einsum("nk,nk->k", inputs, inputs) / np.float32(len(inputs))
    order = np.argsort(importance, kind="stable")
    ordered, hessian = np.empty_like(inputs), np.empty((k, k), np.float32)

    def put_in_order(rows: slice) -> None:
        np.take(inputs[rows], order, axis=1, out=ordered[rows], mode="clip")  # the other modes take a copy

    def multiply(columns: slice) -> None:
        lower = hessian[columns.start :, columns]
        np.matmul(ordered[:, columns.start :].T, ordered[:, columns], out=lower)
        lower /= np.float32(len(inputs))

    side_by_side(put_in_order, len(inputs), _FIT_ROWS)
    side_by_side(multiply, k, _FIT_COLUMNS)
    hessian[np.diag_indices(k)] += np.float32(_DAMPING * importance.mean() + SMALLEST_MAGNITUDE)
    _factorise(hessian)
    return _Fit(importance, order, hessian)


def _factorise(matrix: Weights) -> None:
    """Write L into the lower part of a symmetric `matrix` = L D L'; its upper part is not read.

    Damped, its eigenvalues lie within K / _DAMPING of each other, some 80,000 for 4096 channels: float32 is enough."""
    k = len(matrix)
    pivots = np.empty(k, np.float32)
    for begin in range(0, k, _FIT_COLUMNS):
        end = min(begin + _FIT_COLUMNS, k)
        handed_over = (matrix[begin:end, :begin] * pivots[:begin]).T

        def subtract(rows: slice, begin: int = begin, end: int = end, handed_over: Weights = handed_over) -> None:
            below = matrix[begin:][rows]
            below[:, begin:end] -= below[:, :begin] @ handed_over

        side_by_side(subtract, k - begin, _FIT_ROWS)
        _factorise_panel(matrix[begin:, begin:end], pivots[begin:end])


def _factorise_panel(panel: Weights, pivots: Weights) -> None:
    """The same for the first columns of a matrix, which fills in their `pivots`, the first elements of D."""
    n = panel.shape[1]
    for begin in range(0, n, _FEW_FIT_COLUMNS):
        end = min(begin + _FEW_FIT_COLUMNS, n)
        few = panel[begin:, begin:end]
        few -= panel[begin:, :begin] @ (panel[begin:end, :begin] * pivots[:begin]).T
        square = np.linalg.cholesky(few[: end - begin].astype(np.float64))
        roots = square.diagonal().copy()
        square /= roots
        pivots[begin:end] = roots**2
        few[: end - begin] = square
        few[end - begin :] = few[end - begin :] @ (np.linalg.inv(square).T / roots**2).astype(np.float32)


def _carried(columns: Weights, ranges: _Ranges, block: int, fit: _Fit) -> Levels:
    """Levels like `columns` (K up to a whole block, N), one row after the other, each taking over the errors so far.

    The rows are too short for several threads to be worth their while; what a stretch takes over is not."""
    k, n = len(fit.order), columns.shape[1]
    scales, inverses = ranges.scales, np.reciprocal(ranges.scales)
    lowest, highest = -ranges.zeros, _LARGEST_NIBBLE - ranges.zeros
    levels = np.repeat(ranges.zeros.astype(np.uint8), block, axis=0)
    errors = np.empty((k, n), np.float32)  # rows in the fit's order
    for end in range(k, 0, -_CARRY_ROWS):
        begin = max(0, end - _CARRY_ROWS)
        channels = fit.order[begin:end]
        blocks = channels // block
        originals = columns[channels]
        wanted, steps = np.empty_like(originals), np.empty_like(originals)

        def take_over(part: slice, begin: int = begin, end: int = end, wanted: Weights = wanted) -> None:
            np.matmul(fit.carry[end:, begin:end].T, errors[end:, part], out=wanted[:, part])

        side_by_side(take_over, n, _CARRY_COLUMNS)
        wanted += originals
        carry, made = np.ascontiguousarray(fit.carry[begin:end, begin:end].T), errors[begin:end]
        for few_end in range(end - begin, 0, -_FEW_CARRY_ROWS):
            few_begin = max(0, few_end - _FEW_CARRY_ROWS)
            wanted[few_begin:few_end] += carry[few_begin:few_end, few_end:] @ made[few_end:]
            for row in range(few_end - 1, few_begin - 1, -1):
                step, here, i = steps[row], wanted[row], blocks[row]
                here += carry[row, row + 1 : few_end] @ made[row + 1 : few_end]
                np.multiply(here, inverses[i], out=step)
                np.rint(step, out=step)
                np.maximum(step, lowest[i], out=step)
                np.minimum(step, highest[i], out=step)
                np.multiply(step, scales[i], out=here)
                np.subtract(originals[row], here, out=made[row])
        steps -= lowest[blocks]
        levels[channels] = steps
    return levels
