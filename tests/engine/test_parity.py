"""The same weights give the same logits and the same greedy text as transformers."""

import numpy as np
import pytest

from writer.engine.session import ModelSession
from writer.models.precision import Precision


def _prefill(session: ModelSession, cache, token_ids):
    reading = session.prefill(cache, token_ids)
    while True:
        try:
            next(reading)
        except StopIteration as stop:
            return stop.value


@pytest.mark.parametrize("name", ["small_gpt2", "small_llama", "medium_gpt2"])
def test_fp32_logits_and_greedy_text_equal_transformers(name, request):
    import torch

    pair = request.getfixturevalue(name)
    session = pair.load(Precision.FP32)
    prompt = np.random.default_rng(0).integers(0, 50000, 40).tolist()

    with torch.no_grad():
        expected = pair.reference(torch.tensor([prompt])).logits[0].numpy()
    cache = session.new_cache()
    logits = session.extend(cache, prompt, n_rows=len(prompt))
    assert np.abs(logits - expected).max() < 1e-3

    with torch.no_grad():
        greedy = pair.reference.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=200,
            do_sample=False,
            pad_token_id=50256,
            eos_token_id=None,
        )[0, len(prompt) :].tolist()
    written = []
    row = _prefill(session, session.new_cache(), prompt)
    cache.truncate(0)
    row = _prefill(session, cache, prompt)
    while len(written) < 200:
        written.append(int(row.argmax()))
        row = session.decode_step(cache, written[-1])
    assert written == greedy
    assert len(set(greedy)) > 5, "a text that repeats one token proves little"


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT8_BLOCKS, Precision.INT4])
@pytest.mark.parametrize("name", ["small_gpt2", "small_llama"])
def test_quantised_logits_stay_near_full_precision(name, precision, request):
    pair = request.getfixturevalue(name)
    prompt = np.random.default_rng(0).integers(0, 50000, 64).tolist()
    full, quantised = pair.load(Precision.FP32), pair.load(precision)
    expected = full.extend(full.new_cache(), prompt, n_rows=64)
    found = quantised.extend(quantised.new_cache(), prompt, n_rows=64)
    correlation = np.corrcoef(expected.ravel(), found.ravel())[0, 1]
    assert correlation > (0.85 if precision is Precision.INT4 else 0.995)
