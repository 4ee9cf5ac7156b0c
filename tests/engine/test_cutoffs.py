"""The short way to top-k, top-p and min-p leads where the steps lead one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.engine import logits_processors as steps
from writer.engine.cutoffs import tokens_within


def by_steps(scores, top_k, top_p, min_p):
    if top_k:
        scores = steps.TopK(top_k)([], scores)
    if top_p < 1:
        scores = steps.TopP(top_p)([], scores)
    if min_p:
        scores = steps.MinP(min_p)([], scores)
    return np.flatnonzero(scores > -np.inf)


@given(
    seed=st.integers(0, 2**20),
    spread=st.sampled_from([0.2, 1.0, 3.0, 6.0]),
    top_k=st.sampled_from([0, 1, 5, 40, 400]),
    top_p=st.sampled_from([1.0, 0.99, 0.9, 0.5, 0.05]),
    min_p=st.sampled_from([0.0, 1e-6, 0.01, 0.08, 0.5, 1.0]),
    n_forbidden=st.sampled_from([0, 0, 1500, 2960, 2999]),
)
def test_the_same_tokens_are_left(seed, spread, top_k, top_p, min_p, n_forbidden):
    random = np.random.default_rng(seed)
    scores = (random.standard_normal(3000) * spread).astype(np.float32)
    scores[random.permutation(3000)[:n_forbidden]] = -np.inf
    found = tokens_within(scores.copy(), top_k, top_p, min_p)
    if found is not None:
        assert found.tolist() == by_steps(scores.copy(), top_k, top_p, min_p).tolist()


@pytest.mark.parametrize(("top_k", "top_p", "min_p"), [(0, 0.95, 0.08), (40, 0.9, 0.0), (0, 1.0, 0.05), (40, 1.0, 0.0)])
def test_what_a_language_model_gives_is_answered(top_k, top_p, min_p):
    """Scores with one clear favourite and a long tail, some tokens forbidden."""
    random = np.random.default_rng(1)
    scores = (random.standard_normal(50_000) * 2.5).astype(np.float32)
    scores[random.integers(0, 50_000, 30)] += 12
    scores[:100] = -np.inf
    found = tokens_within(scores.copy(), top_k, top_p, min_p)
    assert found is not None
    assert found.tolist() == by_steps(scores.copy(), top_k, top_p, min_p).tolist()


def test_equals_are_kept_or_left_as_the_steps_do():
    scores = np.array([1, 3, 3, 3, 2, -np.inf], np.float32)
    for top_k in (1, 2, 3, 4):
        assert (
            tokens_within(scores.copy(), top_k, 1.0, 0.0).tolist() == by_steps(scores.copy(), top_k, 1.0, 0.0).tolist()
        )
    for top_p in (0.2, 0.3, 0.6, 0.9):
        assert tokens_within(scores.copy(), 0, top_p, 0.0).tolist() == by_steps(scores.copy(), 0, top_p, 0.0).tolist()
