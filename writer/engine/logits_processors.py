"""One small class for each step that narrows what is drawn from; `penalties` has those that move single tokens' scores.

Each takes the tokens so far and the scores (V,) and returns scores; -inf marks a token that cannot be drawn. The
array passed in may be changed. Where transformers has the step, the probabilities that come out are the same;
the source of every other formula stands at its class.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


class LogitsProcessor(Protocol):
    """`name` is how the step is printed."""

    @property
    def name(self) -> str: ...

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores: ...


def softmax(scores: Scores) -> Scores:
    """Probabilities (V,) of scores of which at least one is finite."""
    weights = np.exp(scores - scores.max())
    probabilities: Scores = weights / weights.sum()
    return probabilities


def log_sum(scores: Scores) -> float:
    """log(sum(exp(scores))) of at least one score."""
    highest = float(scores.max())
    return highest + float(np.log(np.exp(scores - highest).sum())) if np.isfinite(highest) else highest


class Temperature:
    name = "temperature"

    def __init__(self, temperature: float) -> None:
        self._temperature = np.float32(temperature)

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        scores /= self._temperature
        return scores


class TopK:
    """Keeps the k largest scores, and those equal to the k-th."""

    name = "top-k"

    def __init__(self, k: int) -> None:
        self.k = k

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        if self.k < len(scores):
            kth = np.partition(scores, -self.k)[-self.k]
            scores[scores < kth] = -np.inf
        return scores


class TopP:
    """Keeps the smallest set of likeliest tokens that hold at least p of the probability (Holtzman et al., 2020)."""

    name = "top-p"

    def __init__(self, p: float) -> None:
        self.p = p

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        probabilities = softmax(scores).astype(np.float64)
        # Sorting the whole vocabulary costs milliseconds: sort the largest, and more of them only if needed.
        n, n_sorted = len(scores), 256
        while True:
            n_sorted = min(n, n_sorted)
            top = np.argpartition(-probabilities, n_sorted - 1)[:n_sorted] if n_sorted < n else np.arange(n)
            # Of equals, the higher id counts as likelier, as in a stable ascending sort.
            order = top[np.lexsort((-top, -probabilities[top]))]
            total = np.cumsum(probabilities[order])
            if total[-1] >= self.p or n_sorted == n:
                break
            n_sorted *= 8
        kept = order[: max(1, int(np.searchsorted(total, self.p)) + 1)]
        return _only(scores, kept)


class MinP:
    """Keeps tokens at least min_p times as likely as the likeliest."""

    name = "min-p"

    def __init__(self, min_p: float) -> None:
        self.min_p = min_p

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        probabilities = softmax(scores)
        return _drop(scores, probabilities < self.min_p * probabilities.max())


class TypicalP:
    """Keeps tokens whose surprise is nearest the entropy, until they hold `mass` (Meister et al., 2023)."""

    name = "typical"

    def __init__(self, mass: float) -> None:
        self._mass = mass

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        probabilities = softmax(scores)
        possible = np.flatnonzero(probabilities > 0)
        p = probabilities[possible].astype(np.float64)
        surprise = -np.log(p)
        distance = np.abs(surprise - (p * surprise).sum())
        order = np.argsort(distance, kind="stable")
        last = min(int(np.searchsorted(np.cumsum(p[order]), self._mass)), len(order) - 1)
        return _only(scores, possible[distance <= distance[order[last]]])


class EpsilonCutoff:
    """Drops tokens less likely than epsilon (Hewitt et al., 2022)."""

    name = "epsilon"

    def __init__(self, epsilon: float) -> None:
        self._epsilon = epsilon

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        return _drop(scores, softmax(scores) < self._epsilon)


class EtaCutoff:
    """Drops tokens less likely than min(epsilon, sqrt(epsilon) * exp(-entropy)) (Hewitt et al., 2022)."""

    name = "eta"

    def __init__(self, epsilon: float) -> None:
        self._epsilon = epsilon

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        probabilities = softmax(scores)
        positive = probabilities[probabilities > 0].astype(np.float64)
        entropy = -(positive * np.log(positive)).sum()
        return _drop(scores, probabilities < min(self._epsilon, np.sqrt(self._epsilon) * np.exp(-entropy)))


class Xtc:
    """Exclude top choices: with the given chance, drops every token of at least `threshold` but the least likely of
    them (p-e-w's XTC, as in llama.cpp; above one half it cannot act)."""

    name = "xtc"

    def __init__(self, probability: float, threshold: float, random: np.random.Generator) -> None:
        self._probability = probability
        self._threshold = threshold
        self._random = random

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        if self._random.random() >= self._probability:
            return scores
        probabilities = softmax(scores)
        obvious = np.flatnonzero(probabilities >= self._threshold)
        if len(obvious) >= 2:
            order = obvious[np.argsort(-probabilities[obvious], kind="stable")]
            scores[order[:-1]] = -np.inf
        return scores


class Mirostat:
    """Mirostat v2 (Basu et al., 2021): drops tokens more surprising than mu bits, then moves mu so that
    the surprise of what is drawn averages tau. `accept` must be told what was drawn."""

    name = "mirostat"

    def __init__(self, tau: float, eta: float) -> None:
        self._tau = tau
        self._eta = eta
        self._mu = 2 * tau
        self._probabilities: Scores = np.empty(0, np.float32)

    def __call__(self, token_ids: Sequence[int], scores: Scores) -> Scores:
        surprise = -np.log2(np.maximum(softmax(scores), np.finfo(np.float32).tiny))
        scores = _drop(scores, surprise > self._mu)
        self._probabilities = softmax(scores)
        return scores

    def accept(self, token_id: int) -> None:
        self._mu -= self._eta * (-float(np.log2(self._probabilities[token_id])) - self._tau)


def _drop(scores: Scores, mask: NDArray[np.bool_]) -> Scores:
    """Mask tokens, but never the likeliest."""
    mask = mask & (scores < scores.max())
    scores[mask] = -np.inf
    return scores


def _only(scores: Scores, kept: NDArray[np.intp]) -> Scores:
    masked = np.full_like(scores, -np.inf)
    masked[kept] = scores[kept]
    return masked
