"""Points in time in a writer's words."""

from datetime import datetime, timedelta

from PySide6.QtCore import QDate, QLocale

_ENGLISH = QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)  # as all that the window says


def day_text(moment: datetime, now: datetime) -> str:
    """The day of `moment` where `now` is: Today, Yesterday, "Monday, 3 March", or "3 March 2024" of another year."""
    day, today = moment.astimezone(now.tzinfo).date(), now.date()
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    pattern = "dddd, d MMMM" if day.year == today.year else "d MMMM yyyy"
    return _ENGLISH.toString(QDate(day.year, day.month, day.day), pattern)


def time_text(moment: datetime, now: datetime) -> str:
    """Hours and minutes where `now` is."""
    return f"{moment.astimezone(now.tzinfo):%H:%M}"


def moment_text(moment: datetime, now: datetime) -> str:
    """Within a sentence: "today at 14:32", "on Monday, 3 March at 14:32"."""
    day, time = day_text(moment, now), time_text(moment, now)
    return f"{day.lower()} at {time}" if day in ("Today", "Yesterday") else f"on {day} at {time}"
