"""Log-probabilities of given text, chunk by chunk."""

import numpy as np
import pytest

from tests.engine.reading import tokens
from writer.engine.events import PrefillProgress
from writer.engine.score import following_logprobs, perplexity_of, token_logprobs
from writer.models.precision import Precision


def test_each_token_is_given_what_stands_before_it(small_gpt2) -> None:
    session, ids = small_gpt2.load(Precision.FP32), tokens(75)
    logits = session.extend(session.new_cache(), ids, n_rows=75).astype(np.float64)
    expected = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = token_logprobs(session, ids)
    assert found.shape == (74,)
    assert np.abs(found - expected[np.arange(74), ids[1:]]).max() < 1e-4
    assert perplexity_of([found[:30], found[30:]]) == np.exp(-found.mean())


def scored(session, cache, trunk: list[int], following: list[int]) -> tuple[np.ndarray, list[PrefillProgress]]:
    scoring = following_logprobs(session, cache, trunk, following)
    events = []
    while True:
        try:
            events.append(next(scoring))
        except StopIteration as stop:
            return stop.value, events


@pytest.mark.parametrize("n_following", [1, 2, 32, 33, 80])
def test_what_follows_a_trunk_scores_as_in_the_whole_text(small_gpt2, n_following: int) -> None:
    session, ids = small_gpt2.load(Precision.FP32), tokens(40 + n_following)
    cache = session.new_cache()
    found, _ = scored(session, cache, ids[:40], ids[40:])
    assert np.abs(found - token_logprobs(session, ids)[39:]).max() < 1e-4
    assert cache.token_ids == ids[:40]


def test_a_trunk_that_was_read_is_not_read_again(small_gpt2) -> None:
    session, ids = small_gpt2.load(Precision.FP32), tokens(120)
    cache = session.new_cache()
    first, _ = scored(session, cache, ids[:60], ids[60:])
    again, events = scored(session, cache, ids[:60], ids[60:])
    assert events[0].reused_tokens == 58  # the last two are read for their scores
    assert np.abs(first - again).max() < 1e-5


def test_a_scoring_that_is_stopped_leaves_the_trunk(small_gpt2) -> None:
    session, ids = small_gpt2.load(Precision.FP32), tokens(160)
    cache = session.new_cache()
    scoring = following_logprobs(session, cache, ids[:40], ids[40:])
    while len(cache.token_ids) <= 40:
        next(scoring)
    scoring.close()
    assert cache.token_ids == ids[:40]


def test_what_does_not_fit_is_refused(small_gpt2) -> None:
    session = small_gpt2.load(Precision.FP32)
    for trunk, following, cache in (
        (tokens(1000), tokens(25), session.new_cache()),
        (tokens(10), tokens(25), session.new_cache(30)),
        (tokens(10), [], session.new_cache()),
    ):
        with pytest.raises(ValueError, match="cannot score"):
            next(following_logprobs(session, cache, trunk, following))
