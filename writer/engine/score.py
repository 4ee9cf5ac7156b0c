"""Log-probabilities of given text: how surprised the model is by it."""

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from writer.engine.events import PrefillProgress
from writer.engine.kv_cache import KVCache
from writer.engine.session import Logits, ModelSession

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
        scores.append(_logprobs(session.extend(cache, chunk, n_rows=len(chunk))[: len(targets)], targets))
    return np.concatenate(scores)


def following_logprobs(
    session: ModelSession, cache: KVCache, trunk_ids: Sequence[int], following_ids: Sequence[int]
) -> Generator[PrefillProgress, None, NDArray[np.float64]]:
    """Natural log-probability of each token of `following_ids` after `trunk_ids` and those before it: (n_following,).

    What the cache has read of the trunk is not read again; its trunk is `trunk_ids` afterwards. Each yield is a cancel
    point. Raises ValueError when both together exceed the model's window or the cache.
    """
    n_trunk, n_all = len(trunk_ids), len(trunk_ids) + len(following_ids)
    if not following_ids or n_all > min(session.config.n_ctx, cache.n_slots):
        raise ValueError(f"cannot score {len(following_ids)} tokens after {n_trunk}")
    reading = session.prefill(cache, trunk_ids)
    begun = next(reading)
    yield begun
    logits = yield from reading
    scores = [_logprobs(logits[None].copy(), np.array(following_ids[:1]))]
    try:
        for begin in range(0, len(following_ids) - 1, _CHUNK_TOKENS):
            targets = np.array(following_ids[begin + 1 : begin + 1 + _CHUNK_TOKENS])
            read = following_ids[begin : begin + len(targets)]
            scores.append(_logprobs(session.extend(cache, read, n_rows=len(read)), targets))
            yield PrefillProgress(len(cache.token_ids), n_all, begun.reused_tokens)
    finally:
        cache.truncate(n_trunk)
    return np.concatenate(scores)


def perplexity_of(windows: Sequence[NDArray[np.float64]]) -> float:
    """exp of the mean negative log-probability of a token, over the token_logprobs of disjoint windows."""
    return float(np.exp(-np.concatenate(windows).mean()))


def _logprobs(logits: Logits, targets: NDArray[np.int_]) -> NDArray[np.float64]:
    """Of the target token of each row, (T,). `logits` (T, V) are used up."""
    logits -= logits.max(axis=1, keepdims=True)
    of_targets = logits[np.arange(len(targets)), targets]
    np.exp(logits, out=logits)
    logprobs: NDArray[np.float64] = of_targets - np.log(logits.sum(axis=1, dtype=np.float64))
    return logprobs
