"""How far something has come, in figures that a person reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.models.build import BuildProgress
from writer.models.download import DownloadProgress
from writer.models.progress import Step, duration


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [(0, 0, ""), (5, 0, ""), (0, 3, "0%"), (1, 3, "33%"), (2, 3, "66%"), (999, 1000, "99%"), (1000, 1000, "100%")],
)
def test_percent_is_complete_only_at_the_end(done: int, total: int, shown: str) -> None:
    assert Step("Building", done, total).percent == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1 s"),
        (0.4, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (150, "2 min"),
        (3569, "59 min"),
        (3599, "1 h 0 min"),
        (3600, "1 h 0 min"),
        (9000, "2 h 30 min"),
        (100_000, "27 h 47 min"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@given(st.floats(0, 1e7))
def test_no_sixty_seconds_and_no_sixty_minutes(seconds: float) -> None:
    assert "60" not in duration(seconds).replace(" h", "h").split("h ")[-1]


@pytest.mark.parametrize(
    ("progress", "step"),
    [
        (BuildProgress("Measuring", 2, 8), Step("Measuring", 2, 8)),
        (DownloadProgress(0, 0), Step("Downloading")),
        (DownloadProgress(1_000_000, 4_000_000), Step("Downloading", 1_000_000, 4_000_000, "1 MB of 4 MB")),
        (
            DownloadProgress(1_000_000, 4_000_000, bytes_per_s=100_000.0),
            Step("Downloading", 1_000_000, 4_000_000, "1 MB of 4 MB · 0.1 MB/s · 30 s left"),
        ),
        (
            DownloadProgress(1_000_000, 4_000_000, bytes_per_s=100_000.0, note="Waiting for the hub"),
            Step("Waiting for the hub", 1_000_000, 4_000_000, "1 MB of 4 MB"),
        ),
    ],
)
def test_steps_of_builds_and_downloads(progress: BuildProgress | DownloadProgress, step: Step) -> None:
    assert progress.step == step
