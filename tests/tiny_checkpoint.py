"""A model small enough to be built in a second, written without torch: for interpreters that have none."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from writer.engine.config import ModelConfig
from writer.models.checkpoint.checkpoint import expected_shapes

N_CTX = 256


def write_tiny_checkpoint(folder: Path) -> Path:
    """A folder with a GPT-2 of random weights and a byte-level vocabulary, as Hugging Face would have it."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    characters = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    tokens = ["<|endoftext|>", *characters, "th", "the"]
    config = ModelConfig("gpt2", len(tokens), N_CTX, 64, 2, 4, 4, 16, 256, 1e-5, (0,))
    rng = np.random.default_rng(0)
    weights = {
        name: (rng.standard_normal(shape) * 0.1).astype(np.float32) for name, shape in expected_shapes(config).items()
    }
    folder.mkdir()
    save_file(weights, folder / "model.safetensors")
    shape = {"n_positions": N_CTX, "n_embd": 64, "n_layer": 2, "n_head": 4}
    fields = {"model_type": "gpt2", "vocab_size": len(tokens), "eos_token_id": 0, **shape}
    (folder / "config.json").write_text(json.dumps(fields))
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\nt h\nth e\n", encoding="utf-8")
    return folder
