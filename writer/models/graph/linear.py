"""Matrix products and token embeddings in each precision.

W8A8 (`int8`): weights int8 with one scale per output column. Each activation row is divided by its largest
magnitude, quantised with the constants 1/127 and 128, multiplied in integers and scaled back. Because the
quantisation step is a constant, a row's result does not depend on the rows beside it: reusing a cache,
branching and replaying a seed all rest on that. (One range over all rows would also cost half the quality.)
A `wide` product quantises what the first byte left over into a second one, as a further row of the same product.
The products that make queries, keys and values want it: a handful of large activations would leave the
others little resolution there (starter model: 1.8 % loss in place of 4.5 %).

Blocks (`int8-blocks`, `int4`): ONNX Runtime's MatMulNBits; accuracy level 4 multiplies in integers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from writer.models.graph.builder import MICROSOFT, GraphBuilder
from writer.models.precision import Precision

Weights = NDArray[np.float32]

_BLOCKS_8 = 128  # measured: faster than 32 and, at 8 bits, as good
_BLOCKS_4 = 32  # at 4 bits a smaller block is what keeps the text sane
_INTEGER_PRODUCTS = 4  # MatMulNBits accuracy_level
_FINE_STEPS = 254  # rounding leaves half a step either way, which these divide over a byte
_SMALLEST_MAGNITUDE = 1e-9  # keeps a row of zeros from dividing by zero


def add_linear(
    builder: GraphBuilder, x: str, weight: Weights, bias: Weights | None, name: str, *, wide: bool = False
) -> str:
    """`x` (1, T, K) times `weight` (K, N) plus `bias` (N,) -> (1, T, N), in the builder's precision."""
    match builder.precision:
        case Precision.FP32:
            product = builder.node("MatMul", [x, builder.constant(f"{name}.weight", weight)], f"{name}.product")
        case Precision.INT8:
            product = _row_scaled_product(builder, x, weight, name, wide=wide)
        case Precision.INT8_BLOCKS:
            product = _blocked_product(builder, x, weight, name, bits=8, block=_BLOCKS_8)
        case Precision.INT4:
            product = _blocked_product(builder, x, weight, name, bits=4, block=_BLOCKS_4)
    if bias is None:
        return product
    return builder.node("Add", [product, builder.constant(f"{name}.bias", bias)], f"{name}.sum")


def add_embedding(builder: GraphBuilder, ids: str, table: Weights, name: str) -> str:
    """Rows of `table` (V, E) for `ids` (1, T) -> (1, T, E); int8 with a scale per row unless fp32."""
    if builder.precision is Precision.FP32:
        return builder.node("Gather", [builder.constant(f"{name}.weight", table), ids], f"{name}.rows")
    quantised, scales = quantise_columns(table.T)
    rows = builder.node("Gather", [builder.constant(f"{name}.weight", quantised.T), ids], f"{name}.quantised")
    scale = builder.node("Gather", [builder.constant(f"{name}.scale", scales[:, None]), ids], f"{name}.scales")
    floats = builder.node("Cast", [rows], f"{name}.floats", to=1)  # TensorProto.FLOAT
    return builder.node("Mul", [floats, scale], f"{name}.rows")


def quantise_columns(weight: Weights) -> tuple[NDArray[np.int8], Weights]:
    """(K, N) -> int8 (K, N) and scales (N,), symmetric, so that weight ~ quantised * scales."""
    scales = np.maximum(np.abs(weight).max(axis=0), _SMALLEST_MAGNITUDE).astype(np.float32) / np.float32(127)
    quantised = np.rint(weight / scales)
    return np.clip(quantised, -127, 127).astype(np.int8), scales


def _row_scaled_product(builder: GraphBuilder, x: str, weight: Weights, name: str, *, wide: bool) -> str:
    quantised, scales = quantise_columns(weight)
    step = builder.constant("int8.step", np.float32(1 / 127))
    zero = builder.constant("int8.zero", np.uint8(128))
    smallest = builder.constant("int8.smallest", np.float32(_SMALLEST_MAGNITUDE))
    last_axis = builder.constant("int8.last_axis", np.array([-1], np.int64))

    magnitudes = builder.node("Abs", [x], f"{name}.abs")
    largest = builder.node("ReduceMax", [magnitudes, last_axis], f"{name}.max", keepdims=1)
    largest = builder.node("Max", [largest, smallest], f"{name}.range")
    unit = builder.node("Div", [x, largest], f"{name}.unit")
    levels = builder.node("QuantizeLinear", [unit, step, zero], f"{name}.levels")
    columns = [builder.constant(f"{name}.weight", quantised), step, builder.constant(f"{name}.scale", scales), zero]
    if wide:
        levels = _with_second_byte(builder, unit, levels, step, zero, name)
    product = builder.node("MatMulIntegerToFloat", [levels, *columns], f"{name}.integer", domain=MICROSOFT)
    if wide:
        coarse, fine = f"{name}.coarse_product", f"{name}.fine_product"
        builder.node("Split", [product], coarse, fine, axis=0, num_outputs=2)
        share = builder.constant("int8.fine_share", np.float32(1 / _FINE_STEPS))
        product = builder.node("Add", [coarse, builder.node("Mul", [fine, share], f"{name}.fine")], f"{name}.both")
    return builder.node("Mul", [product, largest], f"{name}.product")


def _with_second_byte(builder: GraphBuilder, unit: str, levels: str, step: str, zero: str, name: str) -> str:
    """(1, T, K) -> (2, T, K): the levels, and what they left over in steps _FINE_STEPS times finer."""
    fine_step = builder.constant("int8.fine_step", np.float32(1 / 127 / _FINE_STEPS))
    coarse = builder.node("DequantizeLinear", [levels, step, zero], f"{name}.coarse")
    left = builder.node("Sub", [unit, coarse], f"{name}.left")
    fine = builder.node("QuantizeLinear", [left, fine_step, zero], f"{name}.fine_levels")
    return builder.node("Concat", [levels, fine], f"{name}.both_levels", axis=0)


def _blocked_product(builder: GraphBuilder, x: str, weight: Weights, name: str, *, bits: int, block: int) -> str:
    packed, scales, zeros = quantise_blocks(weight, bits, block)
    inputs = [x, builder.constant(f"{name}.weight", packed), builder.constant(f"{name}.scale", scales)]
    if bits == 4:
        inputs.append(builder.constant(f"{name}.zero", zeros))
    attributes: dict[str, Any] = {"K": weight.shape[0], "N": weight.shape[1], "bits": bits, "block_size": block}
    attributes["accuracy_level"] = _INTEGER_PRODUCTS
    return builder.node("MatMulNBits", inputs, f"{name}.product", domain=MICROSOFT, **attributes)


def quantise_blocks(weight: Weights, bits: int, block: int) -> tuple[NDArray[np.uint8], Weights, NDArray[np.uint8]]:
    """(K, N) -> MatMulNBits' packed weights (N, blocks, block * bits / 8), scales (N, blocks), zero points.

    8 bits: symmetric about 128 (the operator's default zero point). 4 bits: asymmetric, round to nearest,
    two values to a byte, low half first; zero points packed the same way along the blocks.
    """
    k, n = weight.shape
    n_blocks = -(-k // block)
    blocks = np.zeros((n, n_blocks * block), np.float32)
    blocks[:, :k] = weight.T
    blocks = blocks.reshape(n, n_blocks, block)
    if bits == 8:
        scales = np.maximum(np.abs(blocks).max(axis=2), _SMALLEST_MAGNITUDE) / np.float32(127)
        levels = np.clip(np.rint(blocks / scales[:, :, None]), -127, 127) + 128
        return levels.astype(np.uint8), scales.astype(np.float32), np.full((n, n_blocks), 128, np.uint8)
    low = np.minimum(blocks.min(axis=2), 0)
    high = np.maximum(blocks.max(axis=2), 0)
    scales = np.maximum((high - low) / np.float32(15), _SMALLEST_MAGNITUDE).astype(np.float32)
    zeros = np.clip(np.rint(-low / scales), 0, 15)
    levels = np.clip(np.rint(blocks / scales[:, :, None]) + zeros[:, :, None], 0, 15).astype(np.uint8)
    packed = levels[:, :, 0::2] | (levels[:, :, 1::2] << 4)
    padded = np.zeros((n, n_blocks + n_blocks % 2), np.uint8)
    padded[:, :n_blocks] = zeros.astype(np.uint8)
    return packed, scales, padded[:, 0::2] | (padded[:, 1::2] << 4)
