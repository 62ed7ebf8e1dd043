"""Cells to values. What cannot be read exactly is refused: a rounded figure would be told as an exact one."""

import re
from datetime import UTC, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

CHINA = timezone(timedelta(hours=8))  # the zone of every platform's export; since 1991 without summer time
FIRST_YEAR, LAST_YEAR, LARGEST = 1900, 2200, 10**12
DIGITS = len(str(LARGEST))
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})()()()()", re.ASCII)
WRITTEN = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
# Compiled by the first cell that needs them: most files have none, and would wait for it.
GROUPED = r"\d{1,3}(,\d{3})+(\.0+)?"
PLAIN = r"-?\d{1,15}(\.0+)?"
ROUNDED = r"[\d.,]+\s*([万亿wWkK]\+?|\+)"
TAG = r"<(p|br|h[1-6]|div|ul|ol|table|img|figure|blockquote|a|strong|em|span|section)\b"


class Unreadable(Exception):
    """A cell that does not say what its column should; the text is the reason."""


class When(NamedTuple):
    """A moment, or (``whole_day``) the beginning of a day in China."""

    moment: datetime
    whole_day: bool

    @property
    def last(self) -> datetime:
        """The moment itself, or the day's last second."""
        return self.moment + timedelta(days=1, seconds=-1) if self.whole_day else self.moment


@lru_cache(maxsize=4096)  # a table names the same days in many rows
def when(text: str) -> When:
    """Return a moment in UTC; without a zone it is China's.

    Raises:
        Unreadable: it is no day or moment.
    """
    found = COMPACT.fullmatch(text) or WRITTEN.fullmatch(text)
    if found is None:
        raise Unreadable("missing" if not text else "no day or moment such as 2021-07-01 or 2021-07-01 09:30")
    year, month, day, hour, minute, second, zone = found.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise Unreadable(f"not a year from {FIRST_YEAR} to {LAST_YEAR}")
    try:
        clock = time(int(hour or 0), int(minute or 0), int(second or 0))
        moment = datetime.combine(datetime(int(year), int(month), int(day)).date(), clock, _zone(zone))  # noqa: DTZ001
    except ValueError as error:
        raise Unreadable(f"no such moment: {error}") from error
    return When(moment.astimezone(UTC), whole_day=not hour)


def _zone(text: str | None) -> timezone:
    if not text:
        return CHINA
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def count(text: str) -> int:
    """Return a whole number of 0 or more.

    Raises:
        Unreadable: it is none, or a rounded one.
    """
    if text.isascii() and text.isdigit() and len(text) < DIGITS:
        return int(text)
    if not text or text in ("-", "--"):
        raise Unreadable("missing")
    if re.fullmatch(ROUNDED, text, re.ASCII):
        raise Unreadable("a rounded number; the exact one is needed")
    if not (re.fullmatch(PLAIN, text, re.ASCII) or re.fullmatch(GROUPED, text, re.ASCII)):
        raise Unreadable("no whole number")
    number = int(text.replace(",", "").partition(".")[0])
    if not 0 <= number <= LARGEST:
        raise Unreadable(f"not from 0 to {LARGEST}")
    return number


def iso(moment: datetime) -> str:
    """Return a moment in UTC as the API takes it."""
    return moment.isoformat().replace("+00:00", "Z")


def to_html(text: str) -> str:
    """Return HTML as it is, and plain text as paragraphs."""
    from html import escape  # its list of entities takes longer to load than a small file to read

    if re.search(TAG, text, re.IGNORECASE):
        return text
    return "".join(f"<p>{escape(line.strip(), quote=False)}</p>" for line in text.splitlines() if line.strip())
