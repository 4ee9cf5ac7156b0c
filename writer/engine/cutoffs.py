"""Top-k, top-p and min-p in one pass over few tokens.

The steps one after the other each walk over the whole vocabulary several times, and sorting it costs more than a layer
of a small network. What can be drawn are a handful of tokens near the best: these cut-offs are found among those alone,
and are the same, or None is the answer.
"""

import numpy as np
from numpy.typing import NDArray

from writer.engine.logits_processors import Scores

# A ten-thousandth of the best token's probability: what lies below is summed up and not sorted.
_REACH = np.float32(9)
_MARGIN = np.float32(0.01)  # for rounding, where the exact comparison follows
_GROUP_TOKENS = 64
_LEAST_WEIGHT = float(np.exp(-_REACH))


def _at_most_the_kth(scores: Scores, k: int) -> float:
    """The k-th largest of the best scores of many groups: no larger than the k-th of all, and seldom much smaller.
    Groups are taken across the vocabulary, which costs one pass."""
    n_groups = len(scores) // _GROUP_TOKENS
    if n_groups < k:
        return float(np.partition(scores, -k)[-k])
    best = scores[: n_groups * _GROUP_TOKENS].reshape(_GROUP_TOKENS, n_groups).max(axis=0)
    return float(np.partition(best, -k)[-k])


def tokens_within(scores: Scores, top_k: int, top_p: float, min_p: float) -> NDArray[np.intp] | None:
    """Ids of the tokens that top-k, top-p and min-p leave, in that order of steps; None when they cannot be
    told by a look at the best alone. Neutral are 0, 1 and 0."""
    limits_count = 0 < top_k < len(scores)
    if not (limits_count or top_p < 1 or min_p > _LEAST_WEIGHT):
        return None
    # Without a count min-p may come first, and leaves least to sort: it drops nothing that is likelier than what stays.
    has_floor = min_p > _LEAST_WEIGHT and not limits_count
    best = scores.max()
    if limits_count:
        at_most_kth = _at_most_the_kth(scores, top_k)
        if at_most_kth == -np.inf:  # fewer than so many may be drawn at all
            return None
        near = np.flatnonzero(scores >= at_most_kth)
    else:
        near = np.flatnonzero(scores > best - (_MARGIN - np.log(min_p) if has_floor else _REACH))
    values = scores[near]
    total = 0.0
    if limits_count:
        least = np.partition(values, -top_k)[-top_k]
        near, values = near[values >= least], values[values >= least]
    elif top_p < 1:
        total = float(np.exp(scores - best).sum(dtype=np.float64))
    weights = np.exp(values - best, dtype=np.float64)
    if has_floor:
        near, weights = near[weights >= min_p], weights[weights >= min_p]
    if top_p < 1:
        # Of equals, the higher id counts as likelier, as in a stable ascending sort.
        order = np.lexsort((-near, -weights))
        share = np.cumsum(weights[order]) / (total or weights.sum())
        if share[-1] < top_p and not has_floor:
            return None
        kept = order[: max(1, int(np.searchsorted(share, top_p)) + 1)]
        near, weights = near[kept], weights[kept]
    return np.sort(near[weights >= min_p])
