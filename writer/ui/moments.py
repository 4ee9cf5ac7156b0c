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
