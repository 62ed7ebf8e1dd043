"""The sums an answer needs: whole months from coarse sums, the days beside them from fine ones.

As of a moment they are three parts that do not overlap: recorded in months before its own, on days of its month before
its own, and on its day up to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    or_,
    select,
)

from gateway.matrix.calendar import days_of_month, month_end, month_of, recording_day
from gateway.matrix.frame import Frame
from gateway.matrix.periods import Days
from gateway.matrix.query import Query
from gateway.matrix.tables import day_sum, fact, month_sum


class Shape(NamedTuple):
    """What a statement is made for; the values are given when it is executed."""

    table: Table
    late: int  # figures that count from a later day on
    only: bool  # of one figure
    units: bool
    channels: bool
    recorded: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Months or days of one table to sum, as far as they were ``recorded``: before, on days, or until a moment."""

    table: Table
    first: str | date
    last: str | date
    only: str | None = None
    recorded: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


def totals(db: Connection, query: Query, frame: Frame) -> Sequence[Any]:
    """Return unit, channel (ids as 32 digits), figure, value, weight, flagged, first and last day; ids may come again.

    ``frame`` is all that is known, whatever moment is asked for.
    """
    units, channels = _units(query, frame), _channels(query, frame)
    figures = frame.figures if query.as_of is None else frame.as_of(query.as_of).figures
    from_days = ((each.name, each.covered_from or date.min) for each in figures.values())
    late = [(name, day) for name, day in from_days if day > query.period.first]
    found: list[Any] = []
    for part in _parts(query, late):
        values = {"first": part.first, "last": part.last, **part.values}
        counted = () if part.only else late
        for n, (name, day) in enumerate(counted):
            values |= {f"late_{n}": name, f"from_{n}": _first_whole(day) if part.table is month_sum else day}
        values |= {"only": part.only} if part.only else {}
        values |= {} if units is None else {"units": units}
        values |= {} if channels is None else {"channels": channels}
        shape = Shape(
            part.table, len(counted), part.only is not None, units is not None, channels is not None, part.recorded
        )
        found += db.execute(_statement(shape), values)
    return found


def _parts(query: Query, late: list[tuple[str, date]]) -> Iterator[Part]:
    period, months = query.period, query.period.whole_months()
    borders = [Days(run.first, run.last) for run in period.borders()]
    whole = months.days() if months else Days(date.max, date.min)
    # A figure that begins within a whole month has days there, and no month.
    begun = [(name, day) for name, day in late if whole.first <= day <= whole.last and day.day > 1]
    if query.as_of is None:
        if months:
            yield Part(table=month_sum, first=months.first, last=months.last)
        for run in borders:
            yield Part(table=day_sum, first=run.first, last=run.last)
        for name, day in begun:
            yield Part(table=day_sum, first=day, last=month_end(day), only=name)
        return
    day = recording_day(query.as_of)
    month = days_of_month(month_of(day))
    if months:
        known = {"before": month_of(day)}
        yield Part(table=month_sum, first=months.first, last=months.last, recorded="before", values=known)
        if day > month[0]:
            on = {"on": month[: (day - month[0]).days]}
            yield Part(table=day_sum, first=whole.first, last=whole.last, recorded="on", values=on)
    for run in borders:
        yield Part(table=day_sum, first=run.first, last=run.last, recorded="before", values={"before": day})
    for name, first in begun:
        known_then = {"before": month[0]}
        yield Part(
            table=day_sum, first=first, last=month_end(first), only=name, recorded="before", values=known_then
        )  # fmt: skip
    own = {"day": day, "until": query.as_of}
    yield Part(table=fact, first=period.first, last=period.last, recorded="until", values=own)


def _first_whole(day: date) -> str:
    return month_of(day if day.day == 1 else month_end(day) + timedelta(days=1))


def _units(query: Query, frame: Frame) -> list[UUID] | None:
    """Return the units to sum, or None for all."""
    allowed = [set(some) for some in (query.scope, None if query.unit is None else {query.unit}) if some is not None]
    if query.unit_kind is not None:
        allowed.append({each.id for each in frame.units if each.kind == query.unit_kind})
    return list(set.intersection(*allowed)) if allowed else None


def _channels(query: Query, frame: Frame) -> list[UUID] | None:
    """Return the channels to sum, or None for all and none."""
    allowed = [] if query.channel is None else [{query.channel}]
    if query.channel_kind is not None:
        allowed.append({each.id for each in frame.channels if each.kind == query.channel_kind})
    return list(set.intersection(*allowed)) if allowed else None


@cache
def _statement(shape: Shape) -> Select[Any]:
    """Return the statement: made once, for making one costs more than executing it."""
    of, when = shape.table.c, shape.table.c.month if shape.table is month_sum else shape.table.c.day
    first, last = (of.first_day, of.last_day) if shape.table is month_sum else (when, when)
    where: list[ColumnElement[bool]] = [when.between(bindparam("first"), bindparam("last"))]
    if shape.only:
        where.append(of.figure == bindparam("only"))
    where += [or_(of.figure != bindparam(f"late_{n}"), when >= bindparam(f"from_{n}")) for n in range(shape.late)]
    if shape.units:
        where.append(of.unit_id.in_(bindparam("units", expanding=True)))
    if shape.channels:
        where.append(of.channel_id.in_(bindparam("channels", expanding=True)))
    if shape.recorded == "before":
        where.append((of.recorded_month if shape.table is month_sum else of.recorded_day) < bindparam("before"))
    elif shape.recorded == "on":
        where.append(of.recorded_day.in_(bindparam("on", expanding=True)))
    elif shape.recorded == "until":
        where += [of.recorded_day == bindparam("day"), of.recorded_at <= bindparam("until")]
    key = (of.unit_id, of.channel_id, of.figure)
    added = (cast(func.sum(each), BigInteger) for each in (of.value, of.weight, of.flagged))
    # Ids and days as text, the same in both databases: they go into text, and thousands of objects cost more than sums.
    ids = (func.replace(cast(each, Text), "-", "") for each in key[:2])
    days = (cast(func.min(first), Text), cast(func.max(last), Text))
    return select(*ids, of.figure, *added, *days).where(*where).group_by(*key)
