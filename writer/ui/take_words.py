"""What is said of a take in few words: its beginning, its place, when it was made and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from writer.document.takes.take_record import Fate, TakeRecord
from writer.ui.moments import day_text, moment_text, time_text

FATES = {
    Fate.OPEN: "Not used yet",
    Fate.ACCEPTED: "Used",
    Fate.PARTLY: "Used in part",
    Fate.REFUSED: "Not used",
}
_EXCERPT = 220  # code points: more than two lines hold
_LEAD = 36  # code points of the text before the place
_FAR = 60  # code points into a take: what was searched for is not on its first lines


def made(record: TakeRecord, now: datetime) -> str:
    """Within a sentence: "made today at 14:32"."""
    time = _time(record)
    return f"made {moment_text(time, now)}" if time else "made at an unknown time"


def short_made(record: TakeRecord, now: datetime) -> str:
    """In a list: "Today 14:32"."""
    time = _time(record)
    return f"{day_text(time, now)} {time_text(time, now)}" if time else ""


def _time(record: TakeRecord) -> datetime | None:
    """None for a time that is none, of a damaged file."""
    try:
        return datetime.fromisoformat(record.time)
    except ValueError:
        return None


def one_line(text: str) -> str:
    """The beginning of a text, white space folded."""
    return " ".join(text[: 2 * _EXCERPT].split())[:_EXCERPT]


def first_words(text: str, length: int) -> str:
    """The first whole words of a text, up to `length` code points."""
    line = one_line(text)
    if len(line) <= length:
        return line
    return f"{line[:length].rsplit(' ', 1)[0]}…"


def last_words(text: str, length: int) -> str:
    """The last whole words of a text, up to `length` code points: the place that comes after them."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return f"…{line[-length:].partition(' ')[2] or line[-length:]}"


def excerpt(record: TakeRecord, words: Sequence[str]) -> tuple[str, str]:
    """What a row shows: the end of what stands before the place, and the take from its beginning, or from shortly
    before the first of the `words` searched for when that is further on."""
    text = " ".join(record.text.split())
    at = min((found for word in words if (found := text.lower().find(word)) >= 0), default=0)
    if at > _FAR:
        start = text.rfind(" ", 0, at - _LEAD // 2) + 1
        return "", f"…{text[start : start + _EXCERPT]}"
    lead = last_words(record.before, _LEAD)
    has_space = record.before[-1:].isspace() or record.text[:1].isspace()
    return f"{lead}{' ' if lead and has_space else ''}", text[:_EXCERPT]
