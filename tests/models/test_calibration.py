"""Weights fitted to a number format: the same network in full precision, a better one in bytes."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from transformers import GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.models import calibration, reference
from writer.models.calibration import CalibratedWeights, calibration_windows
from writer.models.checkpoint import Checkpoint, open_checkpoint
from writer.models.graph import write_graph
from writer.models.precision import Precision

Floats = NDArray[np.float32]
N_CTX = 48


@pytest.fixture(scope="module")
def tied_llama() -> LlamaForCausalLM:
    """Grouped heads whose head is the embedding."""
    config = LlamaConfig(
        vocab_size=320,
        max_position_embeddings=N_CTX,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture(params=["tiny_gpt2", "tiny_llama", "tied_llama"])
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    found: PreTrainedModel = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def checkpoint(model: PreTrainedModel, tmp_path: Path, write_gguf: Any) -> Checkpoint:
    return open_checkpoint(write_gguf(tmp_path / "model.gguf", model))


def windows(seed: int, n: int = 6) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 320, (n, N_CTX))


class _Rescaled(Checkpoint):
    """A checkpoint that gives the calibrated tensors; the head, when it is tied, is kept apart."""

    def __init__(self, weights: CalibratedWeights) -> None:
        self.config = weights.config
        self._weights = weights

    def tensor(self, name: str) -> Floats:
        return self._weights.tensor(name)


def hidden_rows(checkpoint: Checkpoint, token_ids: NDArray[np.int64]) -> Floats:
    run = reference.run_layers(checkpoint, token_ids)
    while True:
        try:
            next(run)
        except StopIteration as end:
            return np.asarray(end.value)


def test_in_full_precision_nothing_changes(checkpoint: Checkpoint) -> None:
    weights = CalibratedWeights(checkpoint, Precision.INT8, windows(1))
    token_ids = windows(2, 2)
    head = "wte.weight" if checkpoint.config.architecture == "gpt2" else "embed_tokens.weight"
    original = checkpoint.tensor(head if checkpoint.config.tied_head else "lm_head.weight")
    expected = hidden_rows(checkpoint, token_ids) @ original.T
    found = hidden_rows(_Rescaled(weights), token_ids) @ weights.head().T
    assert np.abs(found - expected).max() < 2e-5 * np.abs(expected).max()
    factors = weights._factors
    assert len(factors) == 4 * checkpoint.config.n_layer + 1
    smoothed = [name for name, factor in factors.items() if not np.allclose(factor, 1, atol=1e-3)]
    assert len(smoothed) > len(factors) / 2  # otherwise it would be easy


def logits(graph: Path, checkpoint: Checkpoint, token_ids: NDArray[np.int64]) -> Floats:
    session = ModelSession.load(graph, checkpoint.config)
    rows = [session.extend(session.new_cache(), ids.tolist(), n_rows=len(ids)).copy() for ids in token_ids]
    return np.array(rows)


def written(checkpoint: Checkpoint, precision: Precision, path: Path, cal: NDArray[np.int64] | None) -> Path:
    for _ in write_graph(checkpoint, precision, path, cal):
        pass
    return path


def with_outliers(model: GPT2LMHeadModel) -> GPT2LMHeadModel:
    """The same network, in which a channel of every norm is fifty times larger, and the weights it meets smaller."""
    import torch

    other = copy.deepcopy(model)
    with torch.no_grad():
        for block in other.transformer.h:
            for norm, product in ((block.ln_1, block.attn.c_attn), (block.ln_2, block.mlp.c_fc)):
                norm.weight[3] *= 50
                norm.bias[3] *= 50
                product.weight[3] /= 50
    return other


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT4])
def test_calibration_lowers_the_error(
    precision: Precision, tiny_gpt2: GPT2LMHeadModel, write_gguf: Any, tmp_path: Path
) -> None:
    checkpoint = open_checkpoint(write_gguf(tmp_path / "model.gguf", with_outliers(tiny_gpt2)))
    token_ids = windows(7, 3)
    exact = logits(written(checkpoint, Precision.FP32, tmp_path / "fp32.onnx", None), checkpoint, token_ids)

    def error(name: str, cal: NDArray[np.int64] | None) -> float:
        found = logits(written(checkpoint, precision, tmp_path / name, cal), checkpoint, token_ids)
        return float(np.linalg.norm(found - exact))

    assert error("fitted.onnx", windows(1, 20)) < 0.7 * error("plain.onnx", None)


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT4])
def test_the_same_text_gives_the_same_bytes(precision: Precision, checkpoint: Checkpoint, tmp_path: Path) -> None:
    graphs = [written(checkpoint, precision, tmp_path / f"{name}.onnx", windows(1)) for name in ("a", "b")]
    first, second = (graph.with_name(graph.name + ".data").read_bytes() for graph in graphs)
    assert first == second


def test_what_fills_no_window_is_left_out(byte_vocabulary: dict[str, int], byte_merges: list[str]) -> None:
    tokenizer = Tokenizer(TokenizerSpec.from_vocabulary(byte_vocabulary, byte_merges, "smollm", ["<|endoftext|>"]))
    text = "ab" * 50
    found = calibration_windows(tokenizer, text, N_CTX)
    assert found is not None
    assert found.tolist() == [tokenizer.encode(text)[:48], tokenizer.encode(text)[48:96]]
    assert calibration_windows(tokenizer, text[:47], N_CTX) is None
    assert calibration_windows(tokenizer, "", N_CTX) is None
    long = calibration_windows(tokenizer, text * 100, 1024)
    assert long is not None
    assert long.shape == (calibration.CALIBRATION_TOKENS // calibration.CALIBRATION_WINDOW_TOKENS, 128)


def test_no_more_than_two_layers_inputs_are_held(tiny_gpt2: Any, write_gguf: Any, tmp_path: Path) -> None:
    """The memory of a build does not grow with the network's depth."""
    checkpoint = open_checkpoint(write_gguf(tmp_path / "model.gguf", tiny_gpt2))
    weights = CalibratedWeights(checkpoint, Precision.INT4, windows(1))
    for i in range(checkpoint.config.n_layer):
        for name in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"):
            assert weights.inputs(f"h.{i}.{name}") is not None
            assert len(weights._inputs) == 0
    assert weights.inputs("head") is not None
