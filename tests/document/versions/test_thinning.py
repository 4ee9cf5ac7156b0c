"""Which versions stay: for each age something of every hour, day or week, and nothing that must not go."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.versions.thinning import N_ALWAYS_KEPT, beyond_caps, superfluous
from writer.document.versions.version_record import Reason, Version

NOW = datetime(2031, 5, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MANY = 10_000


def version(sequence: int, time: datetime, reason: Reason = Reason.SAVE, name: str = "", content: str = "") -> Version:
    return Version("k", sequence, content or f"{sequence:064x}", time, reason, name)


def versions_at(ages: list[timedelta], **details: object) -> list[Version]:
    """Newest first, by their ages."""
    oldest_first = sorted(ages, reverse=True)
    return [version(n, NOW - age, **details) for n, age in enumerate(oldest_first)][::-1]  # type: ignore[arg-type]


def left(versions: list[Version], now: datetime = NOW, max_versions: int = MANY) -> list[Version]:
    going = superfluous(versions, now, max_versions)
    assert going <= set(versions)
    return [version for version in versions if version not in going]


def ages(versions: list[Version]) -> list[timedelta]:
    return [NOW - version.time for version in versions]


def test_a_year_of_writing_is_thinned_step_by_step() -> None:
    every_ten_minutes = [timedelta(minutes=10 * n) for n in range(6 * 24 * 365)]
    kept = ages(left(versions_at(every_ten_minutes)))
    assert [age for age in kept if age <= DAY] == every_ten_minutes[: 6 * 24 + 1]
    for after, up_to, spacing in ((DAY, 7 * DAY, HOUR), (7 * DAY, 90 * DAY, DAY), (90 * DAY, 365 * DAY, 7 * DAY)):
        there = [age for age in kept if after < age <= up_to]
        assert abs(len(there) - (up_to - after) / spacing) <= 2
        gaps = [later - earlier for earlier, later in itertools.pairwise(there)]
        assert all(gap == spacing for gap in gaps[1:-1])


@pytest.mark.parametrize("step", [timedelta(minutes=25), timedelta(hours=5)])
def test_thinning_day_by_day_keeps_as_much_as_thinning_at_last(step: timedelta) -> None:
    kept: list[Version] = []
    time, sequence = NOW - 200 * DAY, 0
    while time <= NOW:
        kept.insert(0, version(sequence, time))
        if sequence % 13 == 0:
            kept = left(kept, time)
        time, sequence = time + step, sequence + 1
    everything = [version(n, NOW - 200 * DAY + n * step) for n in range(sequence)][::-1]
    at_last = left(everything)
    assert {v.time.date() for v in left(kept)} == {v.time.date() for v in at_last}
    assert abs(len(left(kept)) - len(at_last)) <= 20


@given(st.lists(st.floats(0, 400).map(lambda days: timedelta(days=days)), max_size=80), st.integers(1, 40))
def test_every_hour_day_and_week_keeps_its_newest(found: list[timedelta], max_versions: int) -> None:
    versions = versions_at(found)
    kept = left(versions)
    assert left(kept) == kept
    assert kept[:N_ALWAYS_KEPT] == versions[:N_ALWAYS_KEPT]
    for gone in set(versions) - set(kept):
        age = NOW - gone.time
        assert age > DAY
        longest = HOUR if age <= 7 * DAY else DAY if age <= 90 * DAY else 7 * DAY
        assert any(gone.sequence < other.sequence and other.time - gone.time <= longest for other in kept)


def test_versions_with_names_always_stay() -> None:
    versions = versions_at([300 * DAY + timedelta(minutes=n) for n in range(100)], name="Draft two")
    assert left(versions) == versions
    assert not beyond_caps(versions, {v.content: 1_000 for v in versions}, 10, 10)


@pytest.mark.parametrize("reason", list(Reason))
def test_what_was_kept_before_something_drastic_stays_for_three_months(reason: Reason) -> None:
    others = versions_at([timedelta(minutes=n) for n in range(N_ALWAYS_KEPT)])
    within = [version(-n, NOW - 89 * DAY - n * timedelta(seconds=1), reason) for n in range(1, 5)]
    beyond = [version(-n, NOW - 95 * DAY - n * timedelta(seconds=1), reason) for n in range(5, 9)]
    kept = left([*others, *within, *beyond])
    usual = reason in (Reason.SAVE, Reason.GENERATION)
    assert len(set(kept) & set(within)) == (1 if usual else 4)
    assert len(set(kept) & set(beyond)) == 1


def test_days_end_at_the_writers_midnight() -> None:
    far_east = timezone(timedelta(hours=10))
    before_midnight = datetime(2031, 4, 1, 23, 30, tzinfo=far_east)
    recent = versions_at([timedelta(minutes=n) for n in range(N_ALWAYS_KEPT)])
    old = [version(-n, before_midnight + n * timedelta(minutes=-20)) for n in range(3)]
    after = version(0, before_midnight + HOUR)
    kept = left([*recent, after, *(version(-n - 1, v.time) for n, v in enumerate(old))])
    assert [v.time for v in kept[N_ALWAYS_KEPT:]] == [after.time, before_midnight]


def test_a_crowded_day_keeps_one_in_ten_minutes_and_the_weeks_before_it() -> None:
    crowd = [timedelta(seconds=30 * n) for n in range(2_000)]
    weeks = [timedelta(days=100 + 7 * n) for n in range(10)]
    kept = left(versions_at([*crowd, *weeks]), max_versions=1_000)
    assert ages(kept)[-10:] == weeks
    assert 100 < len(kept) < 200
    assert len(left(versions_at([*crowd, *weeks]), max_versions=2_010)) == 2_010


@pytest.mark.parametrize("years", [-1, 1])
def test_d34_a_clock_that_jumps_by_a_year_thins_nothing_of_what_was_written_just_now(years: int) -> None:
    versions = versions_at([timedelta(minutes=n) for n in range(N_ALWAYS_KEPT)])
    now = NOW + years * timedelta(days=365)
    assert left([version(10_000, now), *versions], now)[:N_ALWAYS_KEPT] == [version(10_000, now), *versions[:-1]]


def test_caps_take_the_oldest_without_a_name_and_never_the_newest() -> None:
    versions = versions_at([n * HOUR for n in range(10)])
    named = version(-1, NOW - 20 * HOUR, name="First draft")
    found = [*versions, named]
    sizes = {v.content: 100 for v in found}
    assert beyond_caps(found, sizes, 1_100, 11) == set()
    assert beyond_caps(found, sizes, 1_099, 11) == set(versions[-2:])  # one more than must: a tenth is to be free
    assert beyond_caps(found, sizes, 1_100, 10) == set(versions[-2:])
    assert beyond_caps(found, sizes, 1_100, 5) == set(versions[-6:])
    assert beyond_caps(found, sizes, 0, 1) == set(versions[1:])


def test_a_content_that_several_versions_share_counts_once() -> None:
    shared = [version(n, NOW - n * HOUR, content="c" * 64) for n in range(5, 0, -1)]
    other = version(0, NOW - 9 * HOUR)
    sizes = {"c" * 64: 100, other.content: 100}
    assert beyond_caps([*shared, other], sizes, 200, MANY) == set()
    assert beyond_caps([*shared, other], sizes, 120, MANY) == {other}


def test_a_version_whose_content_another_has_too_frees_nothing() -> None:
    newest, oldest = version(2, NOW, content="c" * 64), version(0, NOW - 2 * HOUR, content="c" * 64)
    other = version(1, NOW - HOUR)
    sizes = {"c" * 64: 100, other.content: 100}
    assert beyond_caps([newest, other, oldest], sizes, 150, MANY) == {oldest, other}
