"""One safetensors file: a header of names, types and places, then the numbers.

The library checks the header (types, sizes, overlaps, places beyond the end), once it is known to be of a size that
costs neither time nor memory. The numbers are read with ordinary file reads, because numpy has no bfloat16 and because
a mapped file that shrinks ends the process."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from writer.engine.untrusted_file import open_regular, parse_json
from writer.models.checkpoint.checkpoint import StoredTensor, Weights, damaged, unsupported
from writer.models.checkpoint.foreign_files import refuse_foreign

_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_CHUNK_VALUES = 2**22  # half-precision values turned into float32 at a time
# gpt2-xl's header has 0.1 MB and 6,000 values. The format allows 100 MB, which take 25 s and gigabytes to read.
_MAX_HEADER_BYTES = 2**22
_MAX_HEADER_VALUES = 100_000


@dataclass(frozen=True)
class _Place:
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset_bytes: int  # from the beginning of the file


def open_safetensors(file: Path) -> dict[str, StoredTensor]:
    """Every tensor of one file under the name it has there. Raises WriterError when the file is damaged."""
    refuse_foreign(file)
    try:
        with open_regular(file) as stream:
            header_bytes = int.from_bytes(stream.read(8), "little")
            if header_bytes > _MAX_HEADER_BYTES:
                raise ValueError("its header is larger than any model's")
            text = stream.read(header_bytes)
        header = parse_json(text, _MAX_HEADER_VALUES, _distinct)
        with safe_open(file, framework="numpy"):
            pass  # opening is the check
        places = {
            name: _Place(file, entry["dtype"], tuple(entry["shape"]), 8 + header_bytes + entry["data_offsets"][0])
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(file.name, str(error)) from error
    return {name: StoredTensor(place.shape, _reader(place)) for name, place in places.items()}


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The format forbids a name to stand twice; the library lets it pass when both mean the same bytes."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands twice in its header")
    return values


def _reader(place: _Place) -> Callable[[], Weights]:
    def read() -> Weights:
        dtype = _NUMPY_TYPES.get(place.dtype)
        if dtype is None:
            raise unsupported(f"its weights are stored as {place.dtype}")
        n_values = math.prod(place.shape)
        try:
            with open_regular(place.file) as stream:
                stream.seek(place.offset_bytes)
                if place.dtype == "F32":
                    values = _next_values(stream, dtype, n_values).astype(np.float32, copy=False)
                else:
                    values = np.empty(n_values, np.float32)
                    for start in range(0, n_values, _CHUNK_VALUES):
                        part = values[start : start + _CHUNK_VALUES]
                        stored = _next_values(stream, dtype, part.size)
                        # The bits of a bfloat16 are the upper half of a float32's.
                        part[:] = (stored.astype("<u4") << 16).view("<f4") if place.dtype == "BF16" else stored
        except (OSError, ValueError) as error:
            raise damaged(place.file.name) from error
        return values.reshape(place.shape)

    return read


def _next_values(stream: BinaryIO, dtype: str, n_values: int) -> NDArray[Any]:
    values = np.fromfile(stream, dtype, n_values)
    if values.size != n_values:  # numpy would spread a single one over all of them
        raise ValueError("the file breaks off")
    return values
