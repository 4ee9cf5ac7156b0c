"""How far a download or a build has come, in words and figures for a person."""

from dataclasses import dataclass

_MINUTE_S = 60
_HOUR_MIN = 60


@dataclass(frozen=True)
class Step:
    """`done` of `total` of a stage; `total` is 0 while it is not known.

    figures -- bytes, speed and time left of a download; "" for what is counted in no unit anyone knows"""

    stage: str
    done: int = 0
    total: int = 0
    figures: str = ""

    @property
    def percent(self) -> str:
        """Of this stage, "" while it is not known."""
        return f"{100 * self.done // self.total}%" if self.total else ""


def duration(seconds: float) -> str:
    """As exact as anyone waits for it: seconds, whole minutes, hours and minutes."""
    whole_s, minutes = max(1, round(seconds)), round(seconds / _MINUTE_S)
    if whole_s < _MINUTE_S:
        return f"{whole_s} s"
    if minutes < _HOUR_MIN:
        return f"{minutes} min"
    return f"{minutes // _HOUR_MIN} h {minutes % _HOUR_MIN} min"
