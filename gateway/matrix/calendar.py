"""The calendar of figures: days and months are those of Shanghai, moments are UTC."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def day_of(moment: datetime) -> date:
    """Return the day in Shanghai on which the moment falls."""
    return moment.astimezone(SHANGHAI).date()


@lru_cache(maxsize=8)
def seconds_of(day: date) -> tuple[float, float]:
    """Return when a day in Shanghai begins and ends, in seconds since the epoch."""
    first, next_ = (datetime.combine(each, time(), SHANGHAI) for each in (day, day + DAY))
    return first.timestamp(), next_.timestamp()


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


def next_month(day: date) -> date:
    """Return the first day of the month after the one of ``day``."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return next_month(day) - DAY


def days_of_month(month: str) -> list[date]:
    """Return the days of a month such as ``2021-07``."""
    first = date.fromisoformat(f"{month}-01")
    return [first + timedelta(days=n) for n in range(month_end(first).day)]
