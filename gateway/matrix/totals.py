"""The sums an answer needs: whole months, and the days beside them.

As of a moment they are three parts that do not overlap: recorded in months before its own, on days of its month before
its own, and on its day up to it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from gateway.matrix.calendar import days_of_month, month_end, month_of, next_month, recording_day
from gateway.matrix.frame import Frame
from gateway.matrix.periods import Days, Months
from gateway.matrix.query import Query
from shared.database import to_microseconds

NAMED = 24  # months
Late = list[tuple[str, date]]  # figures that count from a day after the period's first


class Condition(NamedTuple):
    """Part of a ``where``, with ``?`` for each of its values."""

    text: str
    values: tuple[str | int, ...]


class Part(NamedTuple):
    """A statement: the sums of one table under conditions."""

    table: str
    where: list[Condition]


def totals(query: Query, frame: Frame) -> Iterator[tuple[str, list[str | int]]]:
    """Yield the statements that give the sums, with ``?`` for values, and their values.

    Rows are unit and channel (ids as 32 digits), figure, value, weight, flagged, first and last day (ISO text); a cell
    may come in several. ``frame`` is all that is known, whatever moment is asked for.
    """
    known = frame if query.as_of is None else frame.as_of(query.as_of)
    from_days = ((each.name, each.covered_from or date.min) for each in known.figures.values())
    late = [(name, day) for name, day in from_days if day > query.period.first]
    everywhere = [*_among("unit_id", _units(query, frame)), *_among("channel_id", _channels(query, frame))]
    months, borders = query.period.whole_months(), query.period.borders()
    for part in _present(months, borders, late) if query.as_of is None else _past(query, months, borders, late):
        yield _statement(part, everywhere)


def _present(months: Months | None, borders: list[Days], late: Late) -> Iterator[Part]:
    if months is not None:
        yield Part("month_sum", _of_months(months, late))
        for name, days in _begun(months, late):
            yield Part("day_sum", [_only(name), *_of_days(days, [])])
    for days in borders:
        yield Part("day_sum", _of_days(days, late))


def _past(query: Query, months: Months | None, borders: list[Days], late: Late) -> Iterator[Part]:
    assert query.as_of is not None
    day, whole = recording_day(query.as_of), Days(query.period.first, query.period.last)
    month = days_of_month(month_of(day))
    for table, where in _present(months, borders, late):
        yield Part(table, [*where, Condition("recorded_month < ?", (month_of(day),))])
    if day > month[0]:  # days by name, not a range: then there is one way to use the key
        since = _among("recorded_day", month[: (day - month[0]).days])
        yield Part("recorded_sum", [*since, *_of_days(whole, late)])
    own = Condition("recorded_day = ? and recorded_at <= ?", (day.isoformat(), to_microseconds(query.as_of)))
    yield Part("fact", [own, *_of_days(whole, late)])


def _of_months(months: Months, late: Late) -> list[Condition]:
    # By name, not a range, while they are few: then a unit's rows are looked up, and nobody else's are passed over.
    named = months.names(NAMED)
    one_by_one = Condition(f"month in ({', '.join('?' * len(named))})", tuple(named))
    within = one_by_one if named else Condition("month between ? and ?", (months.first, months.last))
    return [within, *(Condition("(figure <> ? or month >= ?)", (name, _first_whole(day))) for name, day in late)]


def _of_days(days: Days, late: Late) -> list[Condition]:
    within = Condition("day between ? and ?", (days.first.isoformat(), days.last.isoformat()))
    return [within, *(Condition("(figure <> ? or day >= ?)", (name, day.isoformat())) for name, day in late)]


def _begun(months: Months, late: Late) -> Iterator[tuple[str, Days]]:
    """Yield the days of figures that begin within one of the months: it does not count as a whole one for them."""
    whole = months.days()
    for name, day in late:
        if whole.first <= day <= whole.last and day.day > 1:
            yield name, Days(day, month_end(day))


def _first_whole(day: date) -> str:
    return month_of(day if day.day == 1 else next_month(day))


def _only(figure: str) -> Condition:
    return Condition("figure = ?", (figure,))


def _among(column: str, some: Iterable[UUID | date] | None) -> list[Condition]:
    if some is None:
        return []
    values = tuple(each.hex if isinstance(each, UUID) else each.isoformat() for each in some)
    return [Condition(f"{column} in ({', '.join('?' * len(values))})" if values else "1 = 0", values)]


def _units(query: Query, frame: Frame) -> set[UUID] | None:
    """Return the units to sum, or None for all."""
    allowed = [set(some) for some in (query.scope, None if query.unit is None else {query.unit}) if some is not None]
    if query.unit_kind is not None:
        allowed.append({each.id for each in frame.units if each.kind == query.unit_kind})
    return set.intersection(*allowed) if allowed else None


def _channels(query: Query, frame: Frame) -> set[UUID] | None:
    """Return the channels to sum, or None for all, and what was done on none."""
    allowed = [] if query.channel is None else [{query.channel}]
    if query.channel_kind is not None:
        allowed.append({each.id for each in frame.channels if each.kind == query.channel_kind})
    return set.intersection(*allowed) if allowed else None


def _statement(part: Part, everywhere: list[Condition]) -> tuple[str, list[Any]]:
    first, last = ("first_day", "last_day") if part.table == "month_sum" else ("day", "day")
    where = [*part.where, *everywhere]
    # Ids and days as text, the same in both databases: into text they go, and objects would cost more than the sums.
    text = f"""
        select replace(cast(unit_id as text), '-', ''), replace(cast(channel_id as text), '-', ''), figure,
          cast(sum(value) as bigint), cast(sum(weight) as bigint), cast(sum(flagged) as bigint),
          cast(min({first}) as text), cast(max({last}) as text)
        from {part.table} where {" and ".join(each.text for each in where)}
        group by unit_id, channel_id, figure
    """
    return text, [value for each in where for value in each.values]
