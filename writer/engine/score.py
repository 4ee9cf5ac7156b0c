"""Log-probabilities of given text: how surprised the model is by it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from writer.engine.session import PREFILL_CHUNK_TOKENS, ModelSession


def token_logprobs(session: ModelSession, token_ids: Sequence[int]) -> NDArray[np.float64]:
    """Natural log-probability of each token but the first, given those before it: (len - 1,).

    `token_ids` must fit into the model's window."""
    cache = session.new_cache(len(token_ids))
    scores: list[NDArray[np.float64]] = []
    for begin in range(0, len(token_ids) - 1, PREFILL_CHUNK_TOKENS):
        chunk = token_ids[begin : begin + PREFILL_CHUNK_TOKENS]
        targets = np.array(token_ids[begin + 1 : begin + 1 + len(chunk)])
        logits = session.extend(cache, chunk, n_rows=len(chunk))[: len(targets)]  # (T, V)
        largest = logits.max(axis=1)
        log_total = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1, dtype=np.float64))
        scores.append(logits[np.arange(len(targets)), targets] - log_total)
    return np.concatenate(scores)


def perplexity_of(windows: Sequence[NDArray[np.float64]]) -> float:
    """exp of the mean negative log-probability of a token, over the token_logprobs of disjoint windows."""
    return float(np.exp(-np.concatenate(windows).mean()))
