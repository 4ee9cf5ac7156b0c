"""Penalties equal tables worked out by hand; where transformers has them, see `test_logits_processors`."""

import numpy as np
import pytest

from writer.engine.logits_processors import Scores
from writer.engine.penalties import Dry, FrequencyPresencePenalty, RepetitionPenalty


def row(*values: float) -> Scores:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("ids", "last", "expected"),
    [
        # scores 1 2 3 4; frequency 0.5 for every time, presence 0.25 once
        ([], 0, (1, 2, 3, 4)),
        ([1], 0, (1, 2 - 0.5 - 0.25, 3, 4)),
        ([1, 1, 3], 0, (1, 2 - 2 * 0.5 - 0.25, 3, 4 - 0.5 - 0.25)),
        ([1, 1, 3], 2, (1, 2 - 0.5 - 0.25, 3, 4 - 0.5 - 0.25)),  # only the last two count
        ([1, 1, 3], 1, (1, 2, 3, 4 - 0.5 - 0.25)),
    ],
)
def test_frequency_and_presence(ids: list[int], last: int, expected: tuple[float, ...]) -> None:
    found = FrequencyPresencePenalty(0.5, 0.25, last)(ids, row(1, 2, 3, 4))
    np.testing.assert_allclose(found, row(*expected))


def test_repetition_looks_back_as_far_as_it_is_told() -> None:
    found = RepetitionPenalty(2.0, 2)([0, 1, 2], row(1, 2, -3, 4))
    np.testing.assert_allclose(found, row(1, 2 / 2, -3 * 2, 4))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        # multiplier 1, base 2, allowed length 2, token 9 breaks: penalty 2 ** (length - 2)
        ([1, 2, 3, 4], {}),  # nothing repeats
        ([1, 5, 2, 1], {}),  # "1" repeats, and 5 followed it: length 1 is allowed
        ([1, 2, 5, 1, 2], {5: 2**0}),  # "1 2" repeats, 5 would prolong it
        ([0, 1, 2, 5, 0, 1, 2], {5: 2**1}),  # "0 1 2"
        ([3, 1, 2, 5, 3, 1, 2, 6, 3, 1, 2], {5: 2**1, 6: 2**1}),  # two ways on
        ([1, 2, 5, 7, 1, 2, 5, 1, 2], {5: 2**0, 7: 0}),  # after "1 2" came 5, twice; 7 came after "1 2 5"
        ([0, 9, 1, 2, 5, 0, 9, 1, 2], {5: 2**0}),  # the breaker ends the match at "1 2"
        ([1, 2, 9, 1, 2], {}),  # a breaker is never penalised
        ([7, 7, 7, 7], {7: 2**1}),  # "7 7 7" stands before the last 7
    ],
)
def test_dry(ids: list[int], expected: dict[int, float]) -> None:
    found = Dry(1.0, 2.0, 2, frozenset({9}))(ids, np.zeros(10, np.float32))
    wanted = np.zeros(10, np.float32)
    for token_id, penalty in expected.items():
        wanted[token_id] = -penalty
    np.testing.assert_allclose(found, wanted)


def test_dry_of_a_long_repetition_stays_a_number() -> None:
    found = Dry(100.0, 10.0, 1, frozenset())([1] * 2000, np.zeros(4, np.float32))
    assert found[1] <= -1e30
    assert np.isfinite(found[[0, 2, 3]]).all()
    assert not np.isnan(found).any()
