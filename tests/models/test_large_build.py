"""Building models of real size: how much memory it takes, seen from outside."""

import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from writer.engine.config import ModelConfig
from writer.models.checkpoint.checkpoint import expected_shapes

SMALL = {"n_embd": 64, "n_layer": 2, "n_head": 4}
MEDIUM = {"n_embd": 1024, "n_layer": 24, "n_head": 16}
XL = {"n_embd": 1600, "n_layer": 48, "n_head": 25}


def write_checkpoint(folder: Path, shape: dict[str, int]) -> int:
    """A GPT-2 with random weights, tensor by tensor; returns the bytes of its weights."""
    n_embd, n_layer, n_head = shape["n_embd"], shape["n_layer"], shape["n_head"]
    config = ModelConfig(
        "gpt2", 50257, 1024, n_embd, n_layer, n_head, n_head, n_embd // n_head, 4 * n_embd, 1e-5, (50256,)
    )
    folder.mkdir()
    sizes = {name: int(np.prod(shape)) * 4 for name, shape in expected_shapes(config).items()}
    header: dict[str, Any] = {}
    place = 0
    for name, tensor_shape in expected_shapes(config).items():
        header[name] = {"dtype": "F32", "shape": tensor_shape, "data_offsets": [place, place + sizes[name]]}
        place += sizes[name]
    text = json.dumps(header).encode()
    pool = (np.random.default_rng(0).standard_normal(1 << 21) * 0.02).astype("<f4").tobytes()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for number, left in enumerate(sizes.values()):
            begin = number * 4096 % len(pool)  # no two tensors alike
            while left:
                part = pool[begin : begin + left]
                file.write(part)
                left, begin = left - len(part), 0
    fields = {"model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, "eos_token_id": 50256, **shape}
    (folder / "config.json").write_text(json.dumps(fields))
    return place


def peak_of_family(command: list[str]) -> tuple[int, str]:
    """Run a command; returns the largest sum of resident bytes of it and all its children, and its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            peak = max(peak, sum(map(_resident, _family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    ended.set()
    watcher.join()
    assert process.returncode == 0, output
    return peak, output


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


@pytest.mark.parametrize(
    ("shape", "allowed_bytes"),
    [
        pytest.param(SMALL, 1_000_000_000, id="small"),
        pytest.param(MEDIUM, int(1.2 * 1_419_292_672), id="medium", marks=pytest.mark.long),
        pytest.param(XL, 8_000_000_000, id="xl", marks=pytest.mark.long),
    ],
)
def test_a_build_with_its_gate_keeps_within_its_memory(
    shape: dict[str, int], allowed_bytes: int, tmp_path: Path, writer_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_checkpoint(tmp_path / "checkpoint", shape)
    writer = [sys.executable, "-m", "writer"]
    peak, _ = peak_of_family([*writer, "models", "build", str(tmp_path / "checkpoint"), "--id", "large"])
    with capsys.disabled():
        print(f"\nbuild of n_embd={shape['n_embd']}: at most {peak / 1e9:.2f} GB resident")
    assert peak < allowed_bytes
    generating, text = peak_of_family([*writer, "generate", "The sea", "--model", "large", "--max-new-tokens", "4"])
    assert text.strip()
    assert generating < allowed_bytes
