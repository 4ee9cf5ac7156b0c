"""The header of a GGUF file: metadata, and where each tensor lies.

Read by hand rather than with `gguf.GGUFReader`, which trusts the counts in the file (a lying one keeps it busy for
ever), maps the file (one that shrinks ends the process) and needs seconds for a vocabulary. Layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"""

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from writer.engine.untrusted_file import open_regular
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import MAX_TENSORS, damaged, unsupported

GGUF_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
# Bounds for what becomes Python objects, which take many times the bytes they have in the file. The largest
# vocabularies in use need about 10 MB and, with types and merges, 1.1 million values.
_MAX_HEADER_BYTES = 2**26
_MAX_FIELDS = 4096
_MAX_ARRAY_VALUES = 2**21  # of all arrays together
_MAX_TEXT_BYTES = 2**20
_MAX_DIMENSIONS = 4
_DEFAULT_ALIGNMENT_BYTES = 32

# Value types by their number in the file.
_SCALARS = {0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 10: "<u8", 11: "<i8", 12: "<f8"}
_BOOL, _STRING, _ARRAY = 7, 8, 9


@dataclass(frozen=True)
class TensorPlace:
    """`shape` has the slowest dimension first, as numpy counts; rows along the last one are quantised in blocks."""

    shape: tuple[int, ...]
    type: GGMLQuantizationType
    offset_bytes: int  # from the beginning of the file
    row_bytes: int

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape[:-1]) * self.row_bytes


@dataclass(frozen=True)
class GgufHeader:
    metadata: dict[str, Any]
    tensors: dict[str, TensorPlace]


def read_gguf_header(path: Path) -> GgufHeader:
    """Raises WriterError when the header is damaged, or promises more than the file holds."""
    try:
        with open_regular(path) as stream:
            return _HeaderReader(stream, os.fstat(stream.fileno()).st_size).header()
    except WriterError:
        raise
    except (ValueError, struct.error) as error:
        raise damaged(path.name, str(error)) from error


class _HeaderReader:
    """Reads forward and never asks the file for more than it has left. Damage is a ValueError."""

    def __init__(self, stream: BinaryIO, file_bytes: int) -> None:
        self._stream = stream
        self._file_bytes = file_bytes
        self._left_bytes = min(file_bytes, _MAX_HEADER_BYTES)
        self._left_values = _MAX_ARRAY_VALUES

    def header(self) -> GgufHeader:
        if self._take(4) != GGUF_MAGIC:
            raise ValueError("it is no GGUF file")
        version = self._number("<I")
        if version not in _VERSIONS:
            raise unsupported(f"its file is of GGUF version {version}")
        n_tensors, n_fields = self._number("<Q"), self._number("<Q")
        if n_tensors > MAX_TENSORS or n_fields > _MAX_FIELDS:
            raise ValueError("more tensors or fields than any model has")
        metadata: dict[str, Any] = {}
        for _ in range(n_fields):
            key = self._text()
            if key in metadata:
                raise ValueError(f"the field {key} stands twice")
            metadata[key] = self._value(self._number("<I"))
        infos = [self._tensor_info() for _ in range(n_tensors)]
        alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT_BYTES)
        if type(alignment) is not int or not 0 < alignment <= 2**20 or alignment & (alignment - 1):
            raise ValueError("the alignment is no power of two")
        header_bytes = self._stream.tell()
        start = header_bytes + -header_bytes % alignment
        tensors: dict[str, TensorPlace] = {}
        for name, shape, kind, offset in infos:
            if name in tensors:
                raise ValueError(f"the tensor {name} stands twice")
            if offset % alignment:
                raise ValueError(f"the tensor {name} is not aligned")
            tensors[name] = self._place(shape, kind, start + offset)
        _check_no_overlap(tensors)
        return GgufHeader(metadata, tensors)

    def _place(self, shape: tuple[int, ...], kind: int, offset: int) -> TensorPlace:
        try:
            stored_as = GGMLQuantizationType(kind)
        except ValueError:
            raise unsupported(f"its weights are stored in an unknown form (type {kind})") from None
        block_values, block_bytes = GGML_QUANT_SIZES[stored_as]
        if shape[-1] % block_values:
            raise ValueError("a row is no whole number of blocks")
        row_bytes = shape[-1] // block_values * block_bytes
        place = TensorPlace(shape, stored_as, offset, row_bytes)
        if offset + place.n_bytes > self._file_bytes:
            raise ValueError("a tensor lies beyond the end")
        return place

    def _tensor_info(self) -> tuple[str, tuple[int, ...], int, int]:
        """(name, shape, type, offset in the data section)."""
        name = self._text()
        n_dimensions = self._number("<I")
        if not 0 < n_dimensions <= _MAX_DIMENSIONS:
            raise ValueError(f"a tensor of {n_dimensions} dimensions")
        fastest_first = [self._number("<Q") for _ in range(n_dimensions)]
        if not all(fastest_first):
            raise ValueError("an empty tensor")
        return name, tuple(reversed(fastest_first)), self._number("<I"), self._number("<Q")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array(self._number("<I"), self._number("<Q"))
        if kind == _BOOL:
            return self._take(1) != b"\0"
        return self._scalars(kind, 1)[0]

    def _array(self, kind: int, n_values: int) -> list[Any]:
        if n_values > self._left_values:
            raise ValueError("more values than any model's description has")
        self._left_values -= n_values
        if kind in _SCALARS:
            return self._scalars(kind, n_values)
        if kind == _BOOL:
            return [byte != 0 for byte in self._take(n_values)]
        if kind != _STRING:
            raise ValueError(f"an array of values of type {kind}")  # arrays of arrays, which no model has, among them
        return [self._text() for _ in range(n_values)]

    def _scalars(self, kind: int, n_values: int) -> list[Any]:
        if kind not in _SCALARS:
            raise ValueError(f"a value of unknown type {kind}")
        dtype = np.dtype(_SCALARS[kind])
        values: list[Any] = np.frombuffer(self._take(n_values * dtype.itemsize), dtype).tolist()
        return values

    def _text(self) -> str:
        n_bytes = self._number("<Q")
        if n_bytes > _MAX_TEXT_BYTES:
            raise ValueError("a text longer than any model's")
        return self._take(n_bytes).decode("utf-8")

    def _number(self, form: str) -> int:
        (value,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return int(value)

    def _take(self, n_bytes: int) -> bytes:
        if n_bytes > self._left_bytes:
            raise ValueError("the header goes on beyond the end")
        self._left_bytes -= n_bytes
        data = self._stream.read(n_bytes)
        if len(data) != n_bytes:
            raise ValueError("the file breaks off")
        return data


def _check_no_overlap(tensors: Mapping[str, TensorPlace]) -> None:
    end = 0
    for place in sorted(tensors.values(), key=lambda place: place.offset_bytes):
        if place.offset_bytes < end:
            raise ValueError("tensors overlap")
        end = place.offset_bytes + place.n_bytes
