"""A foreign graph into Writer's own store: one graph file, one file of weights, both ours and nobody else's."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from onnx import TensorProto

from writer.errors import WriterError
from writer.models.graph.builder import ALIGNMENT_BYTES, INLINE_BYTES
from writer.models.imported.graph_file import ForeignGraph, Place, open_unlinked
from writer.models.precision import Precision

_PIECE_BYTES = 1 << 24
_HALVES = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})
_BYTES = frozenset({TensorProto.INT8, TensorProto.UINT8})
_NIBBLES = frozenset({TensorProto.INT4, TensorProto.UINT4})


def stored_precision(graph: ForeignGraph) -> Precision:
    """The number format that most of the weights are in."""
    amounts = dict.fromkeys((Precision.FP32, Precision.FP16, Precision.INT8, Precision.INT4), 0)
    in_nibbles = {
        node.input[1]
        for node in graph.model.graph.node
        if node.op_type == "MatMulNBits" and any(a.name == "bits" and a.i == 4 for a in node.attribute)
    }
    for tensor in graph.tensors:
        n_values = math.prod(tensor.dims)
        if tensor.data_type in _NIBBLES or tensor.name in in_nibbles:
            amounts[Precision.INT4] += n_values * (1 if tensor.data_type in _NIBBLES else 2)
        elif tensor.data_type in _BYTES:
            amounts[Precision.INT8] += n_values
        elif tensor.data_type in _HALVES:
            amounts[Precision.FP16] += n_values
        elif tensor.data_type == TensorProto.FLOAT:
            amounts[Precision.FP32] += n_values
    return max(amounts, key=lambda precision: amounts[precision])


def store_weights(graph: ForeignGraph, target: Path) -> Iterator[tuple[int, int]]:
    """Write `target`.data and let the graph name it; yields (weights done, weights in all).

    What the graph says besides the network (its metadata, its training, its makers' comments) is dropped: ONNX Runtime
    takes settings from some of it."""
    data_path = target.with_name(target.name + ".data")
    total = len(graph.tensors)
    with data_path.open("wb") as data:
        for i, tensor in enumerate(graph.tensors):
            place = graph.places.get(i)
            if place is None and not _is_large(tensor):
                continue
            data.write(b"\0" * (-data.tell() % ALIGNMENT_BYTES))
            offset = data.tell()
            if place is None:
                data.write(tensor.raw_data)
            else:
                _copy(place, data)
            _point_to(tensor, data_path.name, offset, data.tell() - offset)
            yield i + 1, total
    model = graph.model
    for name in ("metadata_props", "training_info", "doc_string", "model_version", "domain"):
        model.ClearField(name)
    model.graph.ClearField("doc_string")
    model.graph.ClearField("metadata_props")


def write_graph(graph: ForeignGraph, target: Path, metadata: dict[str, str]) -> None:
    """Write the graph itself, once its weights are stored."""
    del graph.model.metadata_props[:]
    for key, value in metadata.items():
        graph.model.metadata_props.add(key=key, value=value)
    target.write_bytes(graph.model.SerializeToString())


def _is_large(tensor: TensorProto) -> bool:
    return tensor.data_type != TensorProto.STRING and tensor.ByteSize() > INLINE_BYTES and len(tensor.raw_data) > 0


def _copy(place: Place, data: BinaryIO) -> None:
    """Raises WriterError when the file has become a link since it was looked at, or shorter."""
    left = place.n_bytes
    with open_unlinked(place.file) as stream:
        stream.seek(place.offset_bytes)
        while left and (piece := stream.read(min(left, _PIECE_BYTES))):
            data.write(piece)
            left -= len(piece)
    if left:
        raise WriterError(f"{place.file.name} has been cut short.", "Get the model again.")


def _point_to(tensor: TensorProto, name: str, offset: int, n_bytes: int) -> None:
    for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
        tensor.ClearField(field)
    del tensor.external_data[:]
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": name, "offset": offset, "length": n_bytes}.items():
        tensor.external_data.add(key=key, value=str(value))
