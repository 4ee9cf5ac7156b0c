"""An honest model to be spoilt, and a process of its own in which spoilt ones are opened."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from transformers import GPT2LMHeadModel

from tests.models.hostile.making import Outcome, Probe, write_json

_PROBE = """
import json, resource, sys, time
from pathlib import Path
from writer.engine.tokenizer import TokenizerSpec
from writer.models.checkpoint import open_checkpoint

def status_mb(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024

readers = {
    "open": open_checkpoint,
    "vocab": lambda folder: TokenizerSpec.from_gpt2_files(folder / "vocab.json", folder / "merges.txt"),
    "saved": TokenizerSpec.load,
}
reader, most_bytes, warm, *paths = sys.argv[1:]
open_checkpoint(Path(warm))
if int(most_bytes):
    resource.setrlimit(resource.RLIMIT_AS, (int(most_bytes), int(most_bytes)))
for path in paths:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is held now
    before, began, words = status_mb("VmRSS"), time.process_time(), "opened"
    try:
        readers[reader](Path(path))
    except BaseException as error:
        words = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - began
    print(json.dumps([words, seconds, status_mb("VmHWM") - before, "jinja2" in sys.modules]), flush=True)
"""


@pytest.fixture
def probe(tiny_gpt2: GPT2LMHeadModel, tmp_path: Path) -> Probe:
    """A function that opens files one after another in a process of its own, and tells what became of each."""
    tiny_gpt2.save_pretrained(tmp_path / "honest")

    def run(*paths: Path, reader: str = "open", most_bytes: int = 0) -> list[Outcome]:
        command = [sys.executable, "-c", _PROBE, reader, str(most_bytes), tmp_path / "honest", *paths]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=20 + 5 * len(paths))
        except subprocess.TimeoutExpired as late:
            pytest.fail(f"stuck after {len((late.stdout or b'').splitlines())} of {list(map(str, paths))}")
        assert done.returncode == 0, done.stderr
        outcomes = [Outcome(*json.loads(line)) for line in done.stdout.splitlines()]
        assert len(outcomes) == len(paths)
        return outcomes

    return run


@pytest.fixture
def folder(tiny_gpt2: GPT2LMHeadModel, tokenizer_json: dict[str, Any], tmp_path: Path) -> Path:
    """An honest model, complete with its tokenizer."""
    path = tmp_path / "model"
    tiny_gpt2.save_pretrained(path)
    write_json(path / "tokenizer.json", tokenizer_json)
    return path
