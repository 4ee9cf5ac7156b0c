"""When a text that is being written turns in a circle, and how much of it was good.

A model falls into two kinds of circles: it writes the very same words again and again, or a few phrases in turn, ever
surer of each. Writers repeat themselves too, but not so often, and no model is sure of what they write.
"""

from collections.abc import Sequence

import numpy as np

_LONGEST_PERIOD = 64  # tokens, about a paragraph
_LEAST_REPEATED = 12  # tokens that repeat what stood before, however short the period: "ha, ha, ha" is no loop
# A writer may well say something three times, and begin a fourth sentence with the same words.
_REFRAIN_COPIES = 3
_LEAST_OF_FOURTH, _SHARE_OF_FOURTH = 3, 1 / 3

_WINDOW = 72  # tokens; in three copies of less than half of it no more than _REPEATED_SHARE are repeated
_NGRAM = 4
_MOST_NEW = 8  # tokens: a word that is another one makes _NGRAM of them new
_REPEATED_SHARE = 0.9
_SURE = 1.0  # nats


class LoopGuard:
    """A LoopWatch for prose."""

    def look(self, token_ids: Sequence[int], entropies: Sequence[float]) -> int | None:
        return find_loop(token_ids, entropies)


def find_loop(token_ids: Sequence[int], entropies: Sequence[float]) -> int | None:
    """How many tokens stand before the first repetition of a loop that `token_ids` end in; None when they do not.

    entropies -- of the model's own distribution before each token, nats
    """
    n = len(token_ids)
    for period in range(1, min(_LONGEST_PERIOD, n // 2) + 1):
        if token_ids[n - 1] != token_ids[n - 1 - period]:
            continue
        start = _repeats_from(token_ids, period)
        of_fourth = max(_LEAST_OF_FOURTH, round(period * _SHARE_OF_FOURTH))
        if n - start >= max(_LEAST_REPEATED, (_REFRAIN_COPIES - 1) * period + of_fourth):
            return start
    if n < _WINDOW + _NGRAM or np.mean(entropies[-_WINDOW:]) > _SURE:
        return None
    return _phrases_from(token_ids)


def _repeats_from(token_ids: Sequence[int], period: int) -> int:
    """The first of the tokens at the end that each equal the one `period` before."""
    start = len(token_ids)
    while start > period and token_ids[start - 1] == token_ids[start - 1 - period]:
        start -= 1
    return start


def _phrases_from(token_ids: Sequence[int]) -> int | None:
    """Where phrases that stand there already began to fill the text up to its end; None when they do not."""
    seen: set[tuple[int, ...]] = set()
    is_repeated = np.zeros(len(token_ids), bool)
    for i in range(_NGRAM - 1, len(token_ids)):
        ngram = tuple(token_ids[i - _NGRAM + 1 : i + 1])
        is_repeated[i] = ngram in seen
        seen.add(ngram)
    if is_repeated[-_WINDOW:].mean() < _REPEATED_SHARE:
        return None
    start, n_new = len(token_ids), 0
    while start and n_new <= _MOST_NEW:
        start -= 1
        n_new = 0 if is_repeated[start] else n_new + 1
    return start + n_new - (_NGRAM - 1)
