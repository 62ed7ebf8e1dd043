"""The calendar of figures: days and months are those of Shanghai, moments are UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_INSTANT = timedelta(microseconds=1)


def day_of(moment: datetime) -> date:
    """Return the day in Shanghai on which the moment falls."""
    return moment.astimezone(SHANGHAI).date()


def midnight_after(moment: datetime) -> datetime:
    """Return the moment (UTC) at which the day in Shanghai ends on which ``moment`` falls."""
    tomorrow = day_of(moment) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), SHANGHAI).astimezone(UTC)


def day_up_to(moment: datetime) -> date:
    """Return the day in Shanghai that the moment ends or lies in: midnight belongs to the day before it.

    For counters, which measure what happened until then: a count at New Year's midnight closes the old year.
    """
    return day_of(moment - _INSTANT)


def month_of(day: date) -> str:
    """Return the month of a day as ``2021-07``."""
    return day.isoformat()[:7]


def recording_day(moment: datetime) -> date:
    """Return the day, in UTC, in whose sums a fact recorded at the moment is kept.

    Recording is asked for by instant, never by calendar, so this only cuts the time line into pieces.
    """
    return moment.astimezone(UTC).date()


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def days_of_month(month: str) -> list[date]:
    """Return the days of a month such as ``2021-07``."""
    first = date.fromisoformat(f"{month}-01")
    return [first + timedelta(days=n) for n in range(month_end(first).day)]
