"""Log-probabilities of given text, chunk by chunk."""

import numpy as np

from tests.engine.reading import tokens
from writer.engine.score import perplexity_of, token_logprobs


def test_each_token_is_given_what_stands_before_it(small_gpt2) -> None:
    from writer.models.precision import Precision

    session, ids = small_gpt2.load(Precision.FP32), tokens(75)
    logits = session.extend(session.new_cache(), ids, n_rows=75).astype(np.float64)
    expected = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = token_logprobs(session, ids)
    assert found.shape == (74,)
    assert np.abs(found - expected[np.arange(74), ids[1:]]).max() < 1e-4
    assert perplexity_of([found[:30], found[30:]]) == np.exp(-found.mean())
