"""One safetensors file: a header of names, types and places, then the numbers.

The library checks the header (its length, overlaps, duplicates, places beyond the end); the numbers are read with
ordinary file reads, because numpy has no bfloat16 and because a mapped file that shrinks ends the process."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import StoredTensor, Weights, damaged, unsupported

_NUMPY_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_CHUNK_VALUES = 2**22  # half-precision values turned into float32 at a time
_PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


@dataclass(frozen=True)
class _Place:
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset_bytes: int  # from the beginning of the file


def open_safetensors(file: Path) -> dict[str, StoredTensor]:
    """Every tensor of one file under the name it has there. Raises WriterError when the file is damaged."""
    if is_pickle(file):
        raise pickle_refused(file.name)
    try:
        with safe_open(file, framework="numpy"):
            pass  # opening is the check
        with file.open("rb") as stream:
            header_bytes = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(header_bytes))
        places = {
            name: _Place(file, entry["dtype"], tuple(entry["shape"]), 8 + header_bytes + entry["data_offsets"][0])
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise damaged(file.name) from error
    return {name: StoredTensor(place.shape, _reader(place)) for name, place in places.items()}


def is_pickle(file: Path) -> bool:
    """By its first bytes (a zip archive, as torch writes, or a bare pickle), whatever its name; else by its name."""
    with file.open("rb") as stream:
        start = stream.read(4)
    return start == b"PK\x03\x04" or start[:2] in (b"\x80\x02", b"\x80\x04") or file.suffix.lower() in _PICKLE_SUFFIXES


def pickle_refused(name: str) -> WriterError:
    return WriterError(
        f"{name} is a pickle file, which can run any program when it is opened, so it is never loaded.",
        "Use the model's safetensors or GGUF version.",
    )


def _reader(place: _Place) -> Callable[[], Weights]:
    def read() -> Weights:
        dtype = _NUMPY_TYPES.get(place.dtype)
        if dtype is None:
            raise unsupported(f"its weights are stored as {place.dtype}")
        n_values = math.prod(place.shape)
        values = np.empty(n_values, np.float32)
        try:
            with place.file.open("rb") as stream:
                stream.seek(place.offset_bytes)
                for start in range(0, n_values, _CHUNK_VALUES):
                    part = values[start : start + _CHUNK_VALUES]
                    stored = np.frombuffer(stream.read(part.size * int(dtype[-1])), dtype)
                    # The bits of a bfloat16 are the upper half of a float32's.
                    part[:] = (stored.astype("<u4") << 16).view("<f4") if place.dtype == "BF16" else stored
        except (OSError, ValueError) as error:
            raise damaged(place.file.name) from error
        return values.reshape(place.shape)

    return read
