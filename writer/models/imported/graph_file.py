"""A stranger's ONNX file, read as data: every part of it that could lead out of its folder or run foreign code is
looked at before ONNX Runtime sees any of it."""

import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from writer.engine.untrusted_file import is_plain_name, open_regular, shown
from writer.errors import WriterError

_MAX_PROTOBUF_BYTES = 2**31 - 1  # what the format itself allows
_MAX_NODES = 500_000
_MAX_EXPANSION = 2  # tied weights may lie at the same place, but no more than this

_STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
_MICROSOFT = "com.microsoft"
# ONNX Runtime's own operators that exporters of language models use. Its others include some that load files
# (EPContext) or hand over to another program (ATen, TritonOp).
_LANGUAGE_OPERATORS = """
Attention BiasAdd BiasGelu DecoderMaskedMultiHeadAttention DequantizeLinear DynamicQuantizeMatMul
EmbedLayerNormalization FastGelu FusedMatMul GatherBlockQuantized Gelu GroupQueryAttention MatMulInteger16
MatMulIntegerToFloat MatMulNBits MoE MultiHeadAttention QAttention QGemm QLinearAdd QLinearMul QMoE QuantizeLinear
QuickGelu RotaryEmbedding SimplifiedLayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization
SparseAttention
"""
_MICROSOFT_OPERATORS = frozenset(_LANGUAGE_OPERATORS.split())
_BITS = {
    **dict.fromkeys((TensorProto.UINT4, TensorProto.INT4), 4),
    **dict.fromkeys((TensorProto.UINT8, TensorProto.INT8, TensorProto.BOOL), 8),
    **dict.fromkeys((TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.INT16, TensorProto.UINT16), 16),
    **dict.fromkeys((TensorProto.FLOAT, TensorProto.INT32, TensorProto.UINT32), 32),
    **dict.fromkeys((TensorProto.DOUBLE, TensorProto.INT64, TensorProto.UINT64), 64),
}


@dataclass(frozen=True)
class Place:
    """Where the bytes of a tensor lie."""

    file: Path
    offset_bytes: int
    n_bytes: int


@dataclass
class ForeignGraph:
    """A graph that has been looked at. `tensors` are its weights at every depth, `places` (by position in `tensors`)
    where those lie that are not in the file itself."""

    path: Path
    model: ModelProto
    tensors: list[TensorProto] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """The graph's file and those that its weights lie in."""
        return [self.path, *sorted({place.file for place in self.places.values()})]

    @property
    def n_parameters(self) -> int:
        return sum(math.prod(tensor.dims) for tensor in self.tensors)


def read_graph(path: Path) -> ForeignGraph:
    """Raises WriterError for a graph that is damaged, or of a kind that Writer does not run."""
    graph = ForeignGraph(path, _parsed(path))
    if len(graph.model.functions):
        raise refused("brings operators of its own")
    used = {opset.domain for opset in graph.model.opset_import}
    if "" not in used and "ai.onnx" not in used:
        raise refused("names no version of its operators")
    n_nodes = 0
    for part in _graphs(graph.model.graph):
        if len(part.sparse_initializer):
            raise refused("stores weights in a form that Writer does not read")
        graph.tensors.extend(part.initializer)
        n_nodes += len(part.node)
        if n_nodes > _MAX_NODES:
            raise refused("has more steps than any language model")
        for node in part.node:
            _check_node(node)
    for i, tensor in enumerate(graph.tensors):
        if min(tensor.dims, default=0) < 0:
            raise refused("has a weight of a negative size")
        if tensor.data_location == TensorProto.EXTERNAL:
            graph.places[i] = _place(tensor, path.parent)
    _check_amount(graph)
    return graph


def refused(what: str) -> WriterError:
    return WriterError(f"Writer cannot run this model: its graph {what}.", "Export it again, or choose another model.")


def open_unlinked(path: Path) -> BinaryIO:
    """Open a file that has one name only. Raises WriterError for a link, a pipe, a device or a missing file."""
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            raise linked(path)
        stream = open_regular(path)
    except OSError as error:
        raise WriterError(
            f"The model's file {shown(path.name)} cannot be read ({error.strerror}).", "Get the model again."
        ) from error
    if os.fstat(stream.fileno()).st_nlink != 1:
        stream.close()
        raise linked(path)
    return stream


def linked(path: Path) -> WriterError:
    return WriterError(
        f"{shown(path.name)} is a link to a file elsewhere, so it is not read.", "Copy the model's own files (cp -rL)."
    )


def _parsed(path: Path) -> ModelProto:
    with open_unlinked(path) as stream:
        if os.fstat(stream.fileno()).st_size > _MAX_PROTOBUF_BYTES:
            raise WriterError(
                f"{shown(path.name)} is larger than the 2 GB that an ONNX file can hold.",
                "Export the model with its weights in a file beside it.",
            )
        data = stream.read(_MAX_PROTOBUF_BYTES + 1)
    try:
        # The library itself refuses what is nested more than a hundred levels deep.
        model: ModelProto = onnx.load_model_from_string(data)
    except Exception as error:  # an exception of protobuf's, which is not asked for by name here
        raise WriterError(
            f"{shown(path.name)} is no ONNX graph, or is damaged or nested too deeply.", "Get the model again."
        ) from error
    if not model.graph.node:
        raise WriterError(f"{shown(path.name)} is no ONNX graph, or holds none.", "Get the model again.")
    return model


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """The graph and those within its nodes (branches and loops)."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH or attribute.HasField("g"):
                yield from _graphs(attribute.g)
            for part in attribute.graphs:
                yield from _graphs(part)


def _check_node(node: NodeProto) -> None:
    known = node.domain in _STANDARD_DOMAINS or (node.domain == _MICROSOFT and node.op_type in _MICROSOFT_OPERATORS)
    if not known:
        raise refused(f"uses the foreign operator {shown(node.domain)}:{shown(node.op_type)}")
    for attribute in node.attribute:
        tensors = [*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])]
        if any(tensor.data_location == TensorProto.EXTERNAL for tensor in tensors):
            raise refused("keeps constants in another file")
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            raise refused("stores weights in a form that Writer does not read")


def _place(tensor: TensorProto, folder: Path) -> Place:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    name = entries.get("location", "")
    if not is_plain_name(name):  # nor ONNX Runtime's marker "*/_ORT_MEM_ADDR_/*", which makes the offset an address
        raise refused(f"keeps its weights in {shown(name)!r}, which is no name of a file beside it")
    if tensor.data_type not in _BITS:
        raise refused("stores weights in a form that Writer does not read")
    numbers = [entries.get("offset", "0"), entries.get("length", "0")]
    if not all(number.isascii() and number.isdecimal() and len(number) < 20 for number in numbers):
        raise refused("says of a weight that it lies nowhere")
    offset, length = map(int, numbers)
    n_bytes = (math.prod(tensor.dims) * _BITS[tensor.data_type] + 7) // 8
    if "length" in entries and length != n_bytes:
        raise refused("has a weight whose length does not fit its shape")
    return Place(folder / name, offset, n_bytes)


def _check_amount(graph: ForeignGraph) -> None:
    """Every weight lies within its file, and they do not unfold into far more than the files hold."""
    sizes: dict[Path, int] = {}
    for place in graph.places.values():
        if place.file not in sizes:
            with open_unlinked(place.file) as stream:
                sizes[place.file] = os.fstat(stream.fileno()).st_size
        if place.offset_bytes + place.n_bytes > sizes[place.file]:
            raise WriterError(f"{shown(place.file.name)} is damaged or cut short.", "Get the model again.")
    if sum(place.n_bytes for place in graph.places.values()) > _MAX_EXPANSION * sum(sizes.values()):
        raise refused("uses the same bytes as many weights")
