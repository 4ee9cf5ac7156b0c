"""Writing files by hand that no honest program writes, and what is measured when they are opened."""

import json
import os
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from writer.engine.config import ModelConfig
from writer.models.checkpoint.checkpoint import expected_shapes

LITTLE_S, LITTLE_MB = 1.0, 50.0  # what M14 allows


@dataclass(frozen=True)
class Outcome:
    """What became of one file that was opened in a process of its own."""

    words: str  # "opened", or the error
    seconds: float  # of the processor's time, which a busy machine does not stretch
    grown_mb: float  # at the peak
    imported_jinja: bool


Probe = Callable[..., list[Outcome]]


def assert_cheap(outcomes: Iterable[Outcome], most_s: float = LITTLE_S, most_mb: float = LITTLE_MB) -> None:
    for outcome in outcomes:
        assert outcome.seconds <= most_s, outcome
        assert outcome.grown_mb <= most_mb, outcome


def write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


def edit(path: Path, **changes: object) -> None:
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | changes)


def raw_safetensors(path: Path, header: bytes, data: bytes = b"", length: int | None = None) -> Path:
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)
    return path


def entry(begin: int, end: int, shape: str = "[1]") -> str:
    return f'{{"dtype":"F32","shape":{shape},"data_offsets":[{begin},{end}]}}'


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def raw_gguf(
    path: Path,
    fields: bytes = b"",
    n_fields: int = 0,
    tensors: Iterable[tuple[str, list[int], int]] = (),
    data: bytes = bytes(256),
    n_tensors: int | None = None,
) -> Path:
    """`tensors` as (name, dimensions, offset), all of float32."""
    infos = [
        text(name.encode()) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, offset)
        for name, dims, offset in tensors
    ]
    counts = struct.pack("<IQQ", 3, len(infos) if n_tensors is None else n_tensors, n_fields)
    header = b"GGUF" + counts + fields + b"".join(infos)
    path.write_bytes(header + bytes(-len(header) % 32) + data)
    return path


def gpt2_xl(folder: Path) -> Path:
    """gpt2-xl as it is published: 6.4 GB, of which the file holds none."""
    shape = {"n_embd": 1600, "n_layer": 48, "n_head": 25}
    write_json(folder / "config.json", {"model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, **shape})
    config = ModelConfig(
        "gpt2", n_vocab=50257, n_ctx=1024, n_kv_head=25, head_dim=64, n_inner=6400, norm_eps=1e-5, tied_head=True,
        eos_token_ids=(), **shape,
    )  # fmt: skip
    shapes = expected_shapes(config) | {f"h.{i}.attn.bias": (1, 1, 1024, 1024) for i in range(48)}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, dims in shapes.items():
        begin, end = end, end + 4 * int(np.prod(dims))
        header[name] = {"dtype": "F32", "shape": dims, "data_offsets": [begin, end]}
    file = raw_safetensors(folder / "model.safetensors", json.dumps(header).encode())
    os.truncate(file, file.stat().st_size + end)
    return folder
