"""Small real models, written by transformers and built by the product's own code."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.models.checkpoint import open_checkpoint
from writer.models.graph import write_graph
from writer.models.loaded import load_on_cpu
from writer.models.precision import Precision
from writer.paths import resources_dir


@dataclass(frozen=True)
class Pair:
    """The same weights in transformers and in this engine."""

    reference: Any
    folder: Path
    load: Callable[[Precision], ModelSession]


def _pair(reference: Any, folder: Path) -> Pair:
    reference = reference.eval()
    reference.save_pretrained(folder)

    def load(precision: Precision) -> ModelSession:
        checkpoint = open_checkpoint(folder)
        graph = folder / f"{precision}.onnx"
        if not graph.exists():
            for _ in write_graph(checkpoint, precision, graph):
                pass
        return load_on_cpu(graph, checkpoint.config, precision, n_threads=2)

    return Pair(reference, folder, load)


@pytest.fixture(scope="session")
def small_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    config = GPT2Config(n_embd=64, n_layer=3, n_head=4, initializer_range=0.15)
    return _pair(GPT2LMHeadModel(config), tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="session")
def small_llama(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(2)
    config = LlamaConfig(
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        vocab_size=50257,
        max_position_embeddings=1024,
        rope_theta=100000.0,
        initializer_range=0.15,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=50256,
    )
    return _pair(LlamaForCausalLM(config), tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def medium_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """GPT-2 medium's exact shape, random weights."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(3)
    config = GPT2Config(n_embd=1024, n_layer=24, n_head=16, initializer_range=0.04)
    return _pair(GPT2LMHeadModel(config), tmp_path_factory.mktemp("medium"))


@pytest.fixture(scope="session")
def gpt2_tokenizer() -> Tokenizer:
    files = resources_dir() / "gpt2-tokenizer"
    return Tokenizer(TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt"))
