"""The layer-by-layer network against transformers, and against the graphs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from writer.models.checkpoint import Checkpoint, open_checkpoint
from writer.models.reference import LayerDone, ProductInput, run_layers, token_logprobs


def run(checkpoint: Checkpoint, token_ids: Any) -> tuple[list[Any], Any]:
    events = []
    layers = run_layers(checkpoint, token_ids)
    while True:
        try:
            events.append(next(layers))
        except StopIteration as end:
            return events, end.value


@pytest.fixture(params=["tiny_gpt2", "tiny_llama"])
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    found: PreTrainedModel = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def checkpoint(model: PreTrainedModel, tmp_path: Path, byte_vocabulary: Any, byte_merges: Any, write_gguf: Any) -> Any:
    return open_checkpoint(write_gguf(tmp_path / "model.gguf", model))


def test_log_probabilities_are_those_of_transformers(model: PreTrainedModel, checkpoint: Checkpoint) -> None:
    token_ids = np.random.default_rng(3).integers(0, checkpoint.config.n_vocab, (3, 40))
    _, hidden = run(checkpoint, token_ids)
    with torch.no_grad():
        logits = model(torch.tensor(token_ids)).logits.log_softmax(-1)
    expected = logits[:, :-1].gather(2, torch.tensor(token_ids)[:, 1:, None])[..., 0].numpy()
    found = np.array(list(token_logprobs(checkpoint, hidden, token_ids)))
    assert np.abs(found - expected).max() < 1e-4


def test_every_product_shows_its_input_once(checkpoint: Checkpoint) -> None:
    token_ids = np.arange(24).reshape(2, 12)
    events, hidden = run(checkpoint, token_ids)
    inputs = {event.name: event.x.shape for event in events if isinstance(event, ProductInput)}
    config = checkpoint.config
    assert len(inputs) == 4 * config.n_layer + 1
    widths = {"c_fc": config.n_embd, "down_proj": config.n_inner, "head": config.n_embd}
    for name, shape in inputs.items():
        assert shape == (24, widths.get(name.rpartition(".")[2], shape[1]))
    assert [event.done for event in events if isinstance(event, LayerDone)] == list(range(1, config.n_layer + 1))
    assert hidden.shape == (2, 12, config.n_embd)
