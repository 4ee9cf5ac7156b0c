"""Days and times in a writer's words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from writer.ui.moments import day_text, moment_text, time_text

NOW = datetime(2025, 3, 5, 0, 30, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (NOW, "Today"),
        (NOW - timedelta(minutes=31), "Yesterday"),
        (NOW - timedelta(days=2), "Monday, 3 March"),
        (NOW - timedelta(days=100), "25 November 2024"),
        (NOW + timedelta(days=1), "Thursday, 6 March"),  # by a clock that was wrong
        (datetime(2025, 3, 4, 22, 15, tzinfo=UTC), "Today"),  # 00:15 where the writer is
        (datetime(2025, 3, 4, 21, 45, tzinfo=UTC), "Yesterday"),
    ],
)
def test_the_day_is_the_writers_own(moment: datetime, day: str) -> None:
    assert day_text(moment, NOW) == day


def test_the_time_is_the_writers_own() -> None:
    assert time_text(datetime(2025, 3, 4, 22, 5, tzinfo=UTC), NOW) == "00:05"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW, "today at 00:30"),
        (NOW - timedelta(hours=1), "yesterday at 23:30"),
        (NOW - timedelta(days=2), "on Monday, 3 March at 00:30"),
    ],
)
def test_a_moment_within_a_sentence(moment: datetime, words: str) -> None:
    assert moment_text(moment, NOW) == words
