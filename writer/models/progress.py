"""What a download or a build is doing, in words and figures for a person."""

from dataclasses import dataclass

from writer.models.build import BuildProgress
from writer.models.disk import amount
from writer.models.download import DownloadProgress

_MINUTE_S = 60
_HOUR_S = 3600


@dataclass(frozen=True)
class Step:
    """`done` of `total` of a stage; `total` is 0 while it is not known. `figures` says them in their units."""

    stage: str
    done: int
    total: int
    figures: str


def describe(event: DownloadProgress | BuildProgress) -> Step:
    if isinstance(event, BuildProgress):
        return Step(event.stage, event.done, event.total, f"{event.done:,} of {event.total:,}")
    stage = event.note or "Downloading"
    if not event.total_bytes:
        return Step(stage, 0, 0, "")
    figures = [f"{amount(event.done_bytes)} of {amount(event.total_bytes)}"]
    if event.left_s is not None and not event.note:
        figures += [f"{event.bytes_per_s / 1e6:.1f} MB/s", f"{duration(event.left_s)} left"]
    return Step(stage, event.done_bytes, event.total_bytes, " · ".join(figures))


def duration(seconds: float) -> str:
    """As exact as anyone waits for it: seconds, whole minutes, hours and minutes."""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / _MINUTE_S)
    if seconds < _HOUR_S:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
