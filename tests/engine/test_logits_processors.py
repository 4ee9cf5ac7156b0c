"""Probabilities equal transformers' wherever it has the step; the others equal tables worked out by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from writer.engine import logits_processors as ours
from writer.engine import penalties

V = 60
TOLERANCE = 1e-5

# (name, our step, transformers' step), each made fresh
PAIRS: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
    *(
        (f"temperature {t}", lambda t=t: ours.Temperature(t), lambda t=t: transformers.TemperatureLogitsWarper(t))
        for t in (0.3, 0.8, 1.7)
    ),
    *((f"top-k {k}", lambda k=k: ours.TopK(k), lambda k=k: transformers.TopKLogitsWarper(k)) for k in (1, 5, V, 3 * V)),
    *(
        (f"top-p {p}", lambda p=p: ours.TopP(p), lambda p=p: transformers.TopPLogitsWarper(p))
        for p in (0.01, 0.3, 0.9, 0.999)
    ),
    *((f"min-p {p}", lambda p=p: ours.MinP(p), lambda p=p: transformers.MinPLogitsWarper(p)) for p in (0.02, 0.2, 0.9)),
    *(
        (f"typical {m}", lambda m=m: ours.TypicalP(m), lambda m=m: transformers.TypicalLogitsWarper(m))
        for m in (0.1, 0.5, 0.95)
    ),
    *(
        (f"epsilon {e}", lambda e=e: ours.EpsilonCutoff(e), lambda e=e: transformers.EpsilonLogitsWarper(e))
        for e in (3e-4, 0.02, 0.3)
    ),
    *(
        (f"eta {e}", lambda e=e: ours.EtaCutoff(e), lambda e=e: transformers.EtaLogitsWarper(e))
        for e in (3e-4, 0.02, 0.3)
    ),
    *(
        (
            f"repetition {p}",
            lambda p=p: penalties.RepetitionPenalty(p),
            lambda p=p: transformers.RepetitionPenaltyLogitsProcessor(p),
        )
        for p in (0.7, 1.1, 2.0)
    ),
    *(
        (
            f"n-gram {n}",
            lambda n=n: penalties.NoRepeatNGram(n),
            lambda n=n: transformers.NoRepeatNGramLogitsProcessor(n),
        )
        for n in (1, 2, 3, 9)
    ),
    (
        "bias",
        lambda: penalties.SequenceBias({(3,): 2.5, (1, 2): -4.0, (5, 5, 7): 9.0}),
        lambda: transformers.SequenceBiasLogitsProcessor({(3,): 2.5, (1, 2): -4.0, (5, 5, 7): 9.0}),
    ),
    *(
        (
            f"min new tokens {n}",
            lambda n=n: penalties.MinNewTokens(4, n, [0, 2]),
            lambda n=n: transformers.MinNewTokensLengthLogitsProcessor(4, n, [0, 2], device="cpu"),
        )
        for n in (1, 8, 9, 30)
    ),
]


def probabilities(scores: torch.Tensor) -> np.ndarray[Any, Any]:
    return torch.softmax(scores, -1).numpy()


def compare(
    make_ours: Callable[[], Any], make_theirs: Callable[[], Any], ids: list[int], scores: np.ndarray[Any, Any]
) -> None:
    theirs = make_theirs()(torch.tensor([ids]), torch.tensor(scores[None]))[0]
    found = torch.tensor(make_ours()(ids, scores.copy()))
    np.testing.assert_allclose(probabilities(found), probabilities(theirs), atol=TOLERANCE)


@pytest.mark.parametrize(("name", "make_ours", "make_theirs"), PAIRS, ids=[p[0] for p in PAIRS])
@given(
    # Few different tokens, so that words and phrases do repeat.
    ids=st.lists(st.integers(0, 8), min_size=12, max_size=12),
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.1, 1.0, 3.0, 12.0]),
)
def test_probabilities_equal_transformers(
    name: str, make_ours: Callable[[], Any], make_theirs: Callable[[], Any], ids: list[int], seed: int, spread: float
) -> None:
    scores = (np.random.default_rng(seed).standard_normal(V) * spread).astype(np.float32)
    compare(make_ours, make_theirs, ids, scores)


@pytest.mark.parametrize(("name", "make_ours", "make_theirs"), PAIRS, ids=[p[0] for p in PAIRS])
@pytest.mark.parametrize("shape", ["one sure", "two close leaders", "a long flat tail"])
def test_probabilities_equal_transformers_at_the_edges(
    name: str, make_ours: Callable[[], Any], make_theirs: Callable[[], Any], shape: str
) -> None:
    scores = np.linspace(0, -0.5, V, dtype=np.float32)
    if shape == "one sure":
        scores[7] = 40
    elif shape == "two close leaders":
        scores[[4, 9]] = 6, 5.99  # which of equals a sort puts first is nobody's promise
    compare(make_ours, make_theirs, [1, 2, 3, 1, 5, 5], scores)


def test_a_large_vocabulary_is_cut_at_the_same_place() -> None:
    rng = np.random.default_rng(5)
    for spread in (0.05, 1.0, 6.0):
        scores = (rng.standard_normal(50_257) * spread).astype(np.float32)
        for p in (0.5, 0.95):
            compare(lambda p=p: ours.TopP(p), lambda p=p: transformers.TopPLogitsWarper(p), [1], scores)


def row(*values: float) -> ours.Scores:
    return np.array(values, np.float32)


NO = float("-inf")


class Chance:
    """A generator that always says the same."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


LOG_TENTHS = tuple(np.log(np.array([5, 3, 1.5, 0.5]) / 10))  # probabilities 0.5, 0.3, 0.15, 0.05


@pytest.mark.parametrize(
    ("probability", "chance", "threshold", "kept"),
    [
        (0.5, 0.6, 0.1, [0, 1, 2, 3]),  # this time it does not act
        (0.5, 0.4, 0.1, [2, 3]),  # 0.5, 0.3 and 0.15 are obvious: the least of them stays
        (1.0, 0.99, 0.2, [1, 2, 3]),  # 0.5 and 0.3 are obvious
        (1.0, 0.0, 0.4, [0, 1, 2, 3]),  # one alone is never taken away
        (1.0, 0.0, 0.01, [3]),  # all are obvious
    ],
)
def test_xtc(probability: float, chance: float, threshold: float, kept: list[int]) -> None:
    xtc = ours.Xtc(probability, threshold, Chance(chance))  # type: ignore[arg-type]
    found = xtc([], row(*LOG_TENTHS))
    assert np.flatnonzero(np.isfinite(found)).tolist() == kept


def test_mirostat_by_hand() -> None:
    # Probabilities 1/2, 1/4, 1/8, 1/8: surprises 1, 2, 3, 3 bits. tau 1.5, eta 0.5: mu begins at 3.
    scores = row(*np.log([1 / 2, 1 / 4, 1 / 8, 1 / 8]))
    mirostat = ours.Mirostat(1.5, 0.5)
    mirostat._mu = 2.5
    found = mirostat([], scores.copy())
    assert np.flatnonzero(np.isfinite(found)).tolist() == [0, 1]  # 3 bits > 2.5
    # Of these two, renormalised, token 1 has 1/3: log2(3) bits. mu = 2.5 - 0.5 * (1.58496 - 1.5)
    mirostat.accept(1)
    assert mirostat._mu == pytest.approx(2.5 - 0.5 * (np.log2(3) - 1.5), abs=1e-6)
    # A sure token (0 bits) raises mu again by 0.5 * 1.5.
    before = mirostat._mu
    mirostat([], row(50, 0, 0, 0))
    mirostat.accept(0)
    assert mirostat._mu == pytest.approx(before + 0.75, abs=1e-5)


def test_mirostat_keeps_the_likeliest_however_surprising() -> None:
    mirostat = ours.Mirostat(0.1, 0.5)
    found = mirostat([], np.zeros(8, np.float32))
    assert np.isfinite(found).any()
