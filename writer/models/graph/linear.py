"""Matrix products and token embeddings in each precision.

W8A8 (`int8`): weights int8 with one scale per output column. Each activation row is divided by its largest
magnitude, quantised with the constants 1/127 and 128, multiplied in integers and scaled back. Because the
quantisation step is a constant, a row's result does not depend on the rows beside it: reusing a cache,
branching and replaying a seed all rest on that. (One range over all rows would also cost half the quality.)
How far the large activations of a few channels coarsen all others is up to who prepares the weights
(`writer.models.calibration`).

Blocks (`int8-blocks`, `int4`): ONNX Runtime's MatMulNBits; accuracy level 4 multiplies in integers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from writer.models.calibration import CalibratedWeights
from writer.models.graph.builder import MICROSOFT, GraphBuilder
from writer.models.precision import Precision
from writer.models.rounding import Weights, quantise_blocks, quantise_columns

_BLOCKS_8 = 128  # measured: faster than 32 and, at 8 bits, as good
_BLOCKS_4 = 32  # at 4 bits a smaller block is what keeps the text sane
_INTEGER_PRODUCTS = 4  # MatMulNBits accuracy_level


def add_linear(builder: GraphBuilder, x: str, weight: Weights, name: str, *, inputs: Weights | None = None) -> str:
    """`add_product` without a bias."""
    return add_product(builder, x, weight, None, name, inputs=inputs)[0]


def add_product(
    builder: GraphBuilder,
    x: str,
    weight: Weights,
    bias: Weights | None,
    name: str,
    *,
    inputs: Weights | None = None,
    at_least: float | None = None,
) -> tuple[str, str]:
    """`x` (1, T, K) times `weight` (K, N) -> (1, T, N), in the builder's precision, and the constant (N,) that is still
    to be added to it, "" for none: what follows may do that in passing.

    bias -- (N,)
    inputs -- rows (n, K) like those of `x`, for which 4-bit weights are chosen
    at_least -- a negative number that no element of `x` lies below, where positive ones go far beyond it: bytes need
                not be spent on both signs then
    """
    match builder.precision:
        case Precision.INT8:
            quantised, scales = quantise_columns(weight)
            if at_least is not None:
                lift = builder.constant(f"{name}.lift", np.float32(-at_least))
                x = builder.node("Add", [x, lift], f"{name}.lifted")
                below = np.float32(at_least) * scales * quantised.sum(axis=0, dtype=np.float32)
                bias = below if bias is None else bias + below
            product = _row_scaled_product(builder, x, quantised, scales, name, signed=at_least is None)
        case Precision.INT8_BLOCKS:
            product = _blocked_product(builder, x, weight, name, bits=8, block=_BLOCKS_8)
        case Precision.INT4:
            product = _blocked_product(builder, x, weight, name, bits=4, block=_BLOCKS_4, inputs=inputs)
        case _:
            product = builder.node("MatMul", [x, builder.constant(f"{name}.weight", weight)], f"{name}.product")
    return product, "" if bias is None else builder.constant(f"{name}.bias", bias)


def add_embedding(builder: GraphBuilder, ids: str, table: Weights, name: str) -> str:
    """Rows of `table` (V, E) for `ids` (1, T) -> (1, T, E); int8 with a scale per row unless fp32."""
    if builder.precision is Precision.FP32:
        return builder.node("Gather", [builder.constant(f"{name}.weight", table), ids], f"{name}.rows")
    quantised, scales = quantise_columns(table.T)
    rows = builder.node("Gather", [builder.constant(f"{name}.weight", quantised.T), ids], f"{name}.quantised")
    scale = builder.node("Gather", [builder.constant(f"{name}.scale", scales[:, None]), ids], f"{name}.scales")
    floats = builder.node("Cast", [rows], f"{name}.floats", to=1)  # TensorProto.FLOAT
    return builder.node("Mul", [floats, scale], f"{name}.rows")


def add_head(builder: GraphBuilder, rows: str, weights: CalibratedWeights, embedding: str) -> str:
    """`rows` (1, R, E) -> logits (1, R, V). `embedding` names the constant table that a tied head shares."""
    if builder.precision is Precision.FP32 and weights.config.tied_head:
        return add_table_product(builder, rows, f"{embedding}.weight", "head")
    return add_linear(builder, rows, weights.head().T, "head", inputs=weights.inputs("head"))


def add_table_product(builder: GraphBuilder, x: str, table: str, name: str) -> str:
    """`x` (1, R, E) times every row of the constant `table` (V, E) -> (1, R, V).

    The table is the product's first operand: of a second one ONNX Runtime makes a copy in an order of its own, and the
    table itself would have to stay beside it for the embedding."""
    columns = builder.node("Transpose", [x], f"{name}.columns", perm=[0, 2, 1])
    turned = builder.node("MatMul", [table, columns], f"{name}.turned")  # (1, V, R)
    return builder.node("Transpose", [turned], f"{name}.product", perm=[0, 2, 1])


def _row_scaled_product(
    builder: GraphBuilder, x: str, quantised: NDArray[np.int8], scales: Weights, name: str, *, signed: bool = True
) -> str:
    """W8A8. An `x` that is not `signed` has no negative element: its bytes begin at 0, in steps half as large."""
    if signed:
        step, zero = builder.constant("int8.step", np.float32(1 / 127)), builder.constant("int8.zero", np.uint8(128))
    else:
        step, zero = builder.constant("int8.fine", np.float32(1 / 255)), builder.constant("int8.lowest", np.uint8(0))
    last_axis = builder.constant("int8.last_axis", np.array([-1], np.int64))

    magnitudes = builder.node("Abs", [x], f"{name}.abs") if signed else x
    largest = builder.node("ReduceMax", [magnitudes, last_axis], f"{name}.max", keepdims=1)
    # A row of zeros is divided by zero: whatever bytes come of it, their product is multiplied by zero below.
    unit = builder.node("Div", [x, largest], f"{name}.unit")
    levels = builder.node("QuantizeLinear", [unit, step, zero], f"{name}.levels")
    columns = [builder.constant(f"{name}.weight", quantised), step, builder.constant(f"{name}.scale", scales), zero]
    product = builder.node("MatMulIntegerToFloat", [levels, *columns], f"{name}.integer", domain=MICROSOFT)
    return builder.node("Mul", [product, largest], f"{name}.product")


def _blocked_product(
    builder: GraphBuilder, x: str, weight: Weights, name: str, *, bits: int, block: int, inputs: Weights | None = None
) -> str:
    packed, scales, zeros = quantise_blocks(weight, bits, block, inputs)
    operands = [x, builder.constant(f"{name}.weight", packed), builder.constant(f"{name}.scale", scales)]
    if bits == 4:
        operands.append(builder.constant(f"{name}.zero", zeros))
    attributes: dict[str, Any] = {"K": weight.shape[0], "N": weight.shape[1], "bits": bits, "block_size": block}
    attributes["accuracy_level"] = _INTEGER_PRODUCTS
    return builder.node("MatMulNBits", operands, f"{name}.product", domain=MICROSOFT, **attributes)
