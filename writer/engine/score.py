"""Log-probabilities of given text: how surprised the model is by it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from writer.engine.session import ModelSession

# Every token gets logits: a longer chunk, as for reading, would be a little faster and take a good deal of memory.
_CHUNK_TOKENS = 32


def token_logprobs(session: ModelSession, token_ids: Sequence[int]) -> NDArray[np.float64]:
    """Natural log-probability of each token but the first, given those before it: (len - 1,).

    `token_ids` must fit into the model's window."""
    cache = session.new_cache(len(token_ids))
    scores: list[NDArray[np.float64]] = []
    for begin in range(0, len(token_ids) - 1, _CHUNK_TOKENS):
        chunk = token_ids[begin : begin + _CHUNK_TOKENS]
        targets = np.array(token_ids[begin + 1 : begin + 1 + len(chunk)])
        logits = session.extend(cache, chunk, n_rows=len(chunk))[: len(targets)]  # (T, V)
        logits -= logits.max(axis=1, keepdims=True)
        of_targets = logits[np.arange(len(targets)), targets]
        np.exp(logits, out=logits)
        scores.append(of_targets - np.log(logits.sum(axis=1, dtype=np.float64)))
    return np.concatenate(scores)


def perplexity_of(windows: Sequence[NDArray[np.float64]]) -> float:
    """exp of the mean negative log-probability of a token, over the token_logprobs of disjoint windows."""
    return float(np.exp(-np.concatenate(windows).mean()))
