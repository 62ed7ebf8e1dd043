"""Periods: a year, half-year, month or any run of days of the Shanghai calendar."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from gateway.matrix.calendar import DAY, day_of, month_end, month_of, next_month
from shared.errors import Invalid

FORMS = "2021, 2021-H1, 2021-H2, 2021-07 or 2021-07-01..2021-12-31"
_YEAR, _MONTH = "(?:19|20|21)[0-9]{2}", "(?:0[1-9]|1[0-2])"
_NAMED = re.compile(f"({_YEAR})(?:-(?:H([12])|({_MONTH})))?")
_DAY = re.compile(f"{_YEAR}-{_MONTH}(?:-[0-3][0-9])?")
PATTERN = f"^({_YEAR}(-(H[12]|{_MONTH}))?|{_DAY.pattern}[.][.]{_DAY.pattern})$"


@dataclass(frozen=True, slots=True)
class Days:
    """A run of days, first and last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Months:
    """A run of whole months as ``2021-07``, first and last included."""

    first: str
    last: str

    def days(self) -> Days:
        """Return all their days."""
        return Days(date.fromisoformat(f"{self.first}-01"), month_end(date.fromisoformat(f"{self.last}-01")))

    def names(self, most: int) -> list[str]:
        """Return each of them, or none where there are more than ``most``."""
        first, last = (int(each[:4]) * 12 + int(each[5:]) - 1 for each in (self.first, self.last))
        return [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(first, last + 1)] if last - first < most else []


@dataclass(frozen=True, slots=True)
class Period:
    """A run of Shanghai days under the name it was asked for by."""

    name: str
    first: date
    last: date

    def whole_months(self) -> Months | None:
        """Return the months that lie in the period from first to last day, or None when there is none."""
        first, after = self._whole()
        return Months(month_of(first), month_of(after - DAY)) if first < after else None

    def borders(self) -> list[Days]:
        """Return the days outside the whole months: none, one run or two."""
        first, after = self._whole()
        if first >= after:
            return [Days(self.first, self.last)]
        before = [Days(self.first, first - DAY)] if self.first < first else []
        return [*before, Days(after, self.last)] if after <= self.last else before

    def _whole(self) -> tuple[date, date]:
        """Return the first day of the first whole month, and the first after the last; none is whole: not before it."""
        return self.first if self.first.day == 1 else next_month(self.first), (self.last + DAY).replace(day=1)


def parse(text: str) -> Period:
    """Return the period a caller named: ``2021``, ``2021-H1``, ``2021-07`` or ``FROM..TO`` (days or months).

    Raises:
        Invalid: ``matrix.period``, it is no period.
    """
    if ".." in text:
        first, _, last = text.partition("..")
        period = Period(text, _bound(first, text).first, _bound(last, text).last)
    else:
        period = _named(text)
    if period.first > period.last:
        raise _refusal(text)
    return period


def current_year(now: datetime) -> Period:
    """Return the year, in Shanghai, of the moment."""
    return parse(str(day_of(now).year))


def _named(text: str) -> Period:
    found = _NAMED.fullmatch(text)
    if not found:
        raise _refusal(text)
    year, half, month = int(found[1]), found[2], found[3]
    months = {None: (1, 12), "1": (1, 6), "2": (7, 12)}[half] if month is None else (int(month), int(month))
    return Period(text, date(year, months[0], 1), month_end(date(year, months[1], 1)))


def _bound(text: str, whole: str) -> Period:
    if not _DAY.fullmatch(text):
        raise _refusal(whole)
    if len(text) == len("2021-07"):
        return _named(text)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _refusal(whole) from error
    return Period(text, day, day)


def _refusal(text: str) -> Invalid:
    reason = f"not a period: {text[:60]!r}; say {FORMS}"
    return Invalid("matrix.period", reason, {"period": [reason]})
