"""The record of what a writer takes of what is suggested."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.calibration import Acceptance

CONFIDENCES = st.floats(-12, 0)
RECORDS = st.lists(st.tuples(CONFIDENCES, st.booleans()), max_size=80)


def record_of(*outcomes: tuple[float, int, int]) -> Acceptance:
    """(confidence, shown, taken) each."""
    record = Acceptance()
    for confidence, n_shown, n_taken in outcomes:
        for i in range(n_shown):
            record.record(confidence, i < n_taken)
    return record


@pytest.mark.parametrize("one_in", [2, 3, 4, 6, 10])
def test_before_there_is_a_record_the_model_is_believed(one_in: int) -> None:
    assert math.exp(Acceptance().threshold(one_in)) == pytest.approx(1 / one_in, rel=0.05)


def test_who_takes_more_than_the_model_expects_is_shown_more() -> None:
    assert record_of((-1.9, 40, 20), (-1.4, 40, 24)).threshold(4) < Acceptance().threshold(4) - 0.3


def test_who_takes_less_than_the_model_expects_is_shown_less() -> None:
    assert record_of((-0.9, 40, 4), (-1.4, 40, 2)).threshold(4) > Acceptance().threshold(4) + 0.3


def test_three_refusals_do_not_silence_what_was_shown() -> None:
    assert record_of((-0.9, 3, 0)).threshold(4) < -0.9


def test_a_writer_who_refuses_everything_still_sees_the_surest() -> None:
    record = record_of(*((-i / 8, 60, 0) for i in range(40)))
    assert -0.3 < record.threshold(4) < 0
    assert record.threshold(1) == record.threshold(4)


def test_a_writer_who_takes_everything_sees_everything() -> None:
    assert record_of(*((-i / 8, 60, 60) for i in range(40))).threshold(4) == -math.inf


def test_the_surest_suggestions_taken_again_bring_the_others_back() -> None:
    record = record_of(*((-i / 8, 60, 0) for i in range(40)))
    silent = record.threshold(4)
    for _ in range(200):
        record.record(-0.1, True)
        record.record(-0.3, True)
    assert record.threshold(4) < silent - 0.1


def test_old_habits_fade() -> None:
    record = record_of((-1.0, 2000, 0))
    for _ in range(150):
        record.record(-1.0, True)
    share = next(share for confidence, share, _ in record.curve() if abs(confidence + 1.0) < 0.2)
    assert share > 0.5


@given(RECORDS)
def test_the_curve_never_falls_and_the_threshold_is_where_it_crosses(outcomes: list[tuple[float, bool]]) -> None:
    record = Acceptance()
    for outcome in outcomes:
        record.record(*outcome)
    curve = record.curve()
    shares = [share for _, share, _ in curve]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert sum(count for *_, count in curve) == record.n_recorded == len(outcomes)
    thresholds = [record.threshold(one_in) for one_in in (1, 2, 3, 4, 8, 20)]
    assert thresholds == sorted(thresholds, reverse=True)
    for one_in, threshold in zip((1, 2, 3, 4, 8, 20), thresholds, strict=True):
        assert threshold < 0
        for confidence, share, _ in curve[:-1]:
            if confidence < threshold:
                assert share < 1 / one_in
            elif confidence > threshold:
                assert share >= 1 / one_in - 1e-9


@given(RECORDS)
def test_a_record_is_kept_as_numbers_only_and_comes_back(outcomes: list[tuple[float, bool]]) -> None:
    record = Acceptance()
    for outcome in outcomes:
        record.record(*outcome)
    kept = json.loads(json.dumps(record.to_json(), allow_nan=False))
    assert all(isinstance(n, (int, float)) for n in [kept["format_version"], *kept["shown"], *kept["accepted"]])
    assert kept.keys() == {"format_version", "shown", "accepted"}
    assert Acceptance.from_json(kept).curve() == record.curve()


def damaged(**changes: object) -> dict[str, object]:
    return record_of((-1.0, 9, 3)).to_json() | changes


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "text",
        {},
        damaged(format_version=2),
        damaged(shown=None),
        damaged(shown=[1.0]),
        damaged(accepted=["a"] * 16),
        damaged(accepted=[True] * 16),
        damaged(accepted=[99.0] * 16),
        damaged(shown=[float("nan")] * 16),
        damaged(shown=[float("inf")] * 16),
        damaged(shown=[1e300] * 16),
        damaged(accepted=[-1.0] * 16),
    ],
)
def test_a_damaged_record_is_an_empty_one(values: object) -> None:
    assert Acceptance.from_json(values).to_json() == Acceptance().to_json()


def test_erasing_leaves_nothing() -> None:
    record = record_of((-1.0, 9, 3))
    record.erase()
    assert record.to_json() == Acceptance().to_json()
    assert record.n_recorded == 0


@pytest.mark.parametrize("confidence", [0.0, 0.7, -0.25, -1e9, -math.inf, math.inf])
def test_any_confidence_is_counted_once(confidence: float) -> None:
    assert record_of((confidence, 1, 1)).n_recorded == 1


def test_a_confidence_that_is_no_number_is_not_counted() -> None:
    assert record_of((math.nan, 1, 1)).n_recorded == 0
