"""Reads what a matrix answer is made of. The present comes from sums alone; a past moment from sums and its own day."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, Table, func, select

from gateway.matrix.calendar import recording_day
from gateway.matrix.periods import Days, Months, Period
from gateway.matrix.query import Query
from gateway.matrix.tables import channel, fact, figure, history, matrix_state, roll_up, unit
from shared.database import reading, translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A unit, or a channel of one (then ``unit_id`` is another's id)."""

    id: UUID
    unit_id: UUID
    kind: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What something was called, or which state it was in, from a day on."""

    what: str
    value: str
    since: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A figure's newest definition."""

    name: str
    version: int
    unit: str
    kind: str
    meaning_zh: str
    meaning_en: str
    covered_from: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Part of a figure of one unit on one channel."""

    unit_id: UUID
    channel_id: UUID
    figure: str
    value: int
    weight: int
    flagged: int
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything an answer needs, of one moment of the read model."""

    position: int
    units: list[Thing]
    channels: list[Thing]
    history: dict[UUID, list[Turn]]
    figures: dict[str, Definition]
    sums: list[Sum]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database, whatever is written meanwhile.

    Raises:
        Unavailable: the database did not answer.
    """
    if engine.dialect.name != "postgresql":
        with reading(engine) as db:
            yield db
        return
    with translated(), engine.connect().execution_options(isolation_level="REPEATABLE READ") as db, db.begin():
        yield db


def read(engine: Engine, query: Query) -> Reading:
    """Return what the query's answer is made of, only of units the query may read.

    Raises:
        Unavailable: the database did not answer.
    """
    with snapshot(engine) as db:
        figures = definitions(db, query.as_of)
        channels = _things(db, channel, channel.c.channel_id, query)
        return Reading(
            position=position(db),
            units=_things(db, unit, unit.c.unit_id, query),
            channels=channels,
            history=_history(db, query.as_of),
            figures=figures,
            sums=_sums(db, query, figures),
        )


def position(db: Connection) -> int:
    """Return the matrix's position: the number of events that changed it."""
    return int(db.scalar(select(matrix_state.c.position)) or 0)


def definitions(db: Connection, as_of: datetime | None = None) -> dict[str, Definition]:
    """Return each figure's newest definition (as of a moment), by name in order."""
    wanted = select(figure).order_by(figure.c.name, figure.c.version)
    if as_of is not None:
        wanted = wanted.where(figure.c.recorded_at <= as_of)
    names = Definition.__dataclass_fields__
    return {row.name: Definition(**{name: getattr(row, name) for name in names}) for row in db.execute(wanted)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days to sum, and for which figures: ``only`` this one, or all ``but`` those."""

    period: Period
    only: str | None
    but: tuple[str, ...]

    def holds(self, table: Table) -> ColumnElement[bool]:
        """Return the condition on the table's figures."""
        return table.c.figure.not_in(self.but) if self.only is None else table.c.figure == self.only


def windows(period: Period, figures: dict[str, Definition]) -> list[Window]:
    """Return the windows of a period: a figure covered from a later day on is summed from that day, or not at all."""
    late = {each.name: each.covered_from for each in figures.values() if (each.covered_from or date.min) > period.first}
    found = [Window(period=period, only=None, but=tuple(sorted(late)))]
    for name, day in sorted(late.items()):
        if day is not None and day <= period.last:
            found.append(Window(period=replace(period, first=day), only=name, but=()))
    return found


def restricted(query: Query, table: Table) -> list[ColumnElement[bool]]:
    """Return the conditions that keep a table of facts or sums to the query's units and channels."""
    conditions: list[ColumnElement[bool]] = [] if query.scope is None else [table.c.unit_id.in_(query.scope)]
    if query.unit is not None:
        conditions.append(table.c.unit_id == query.unit)
    if query.unit_kind is not None:
        conditions.append(table.c.unit_id.in_(select(unit.c.unit_id).where(unit.c.kind == query.unit_kind)))
    if query.channel_kind is not None:
        conditions.append(
            table.c.channel_id.in_(select(channel.c.channel_id).where(channel.c.kind == query.channel_kind))
        )
    if query.channel is not None:
        conditions.append(table.c.channel_id == query.channel)
    return conditions


def _sums(db: Connection, query: Query, figures: dict[str, Definition]) -> list[Sum]:
    found: list[Sum] = []
    for window in windows(query.period, figures):
        months = window.period.whole_months()
        if months is not None:
            found += _summed_months(db, query, window, months)
        for days in window.period.borders():
            known = () if query.as_of is None else (fact.c.recorded_at <= query.as_of,)
            found += _summed_facts(db, query, window, _days(days), *known)
    return found


def _summed_months(db: Connection, query: Query, window: Window, months: Months) -> list[Sum]:
    """Sum whole months; as of a moment: the sums of the days of recording before it, and the facts of its own day."""
    where = roll_up.c.month.between(months.first, months.last)
    if query.as_of is None:
        return _summed(db, roll_up, [where, window.holds(roll_up), *restricted(query, roll_up)])
    day = recording_day(query.as_of)
    before = [where, roll_up.c.recorded_day < day, window.holds(roll_up), *restricted(query, roll_up)]
    same_day = (
        fact.c.month.between(months.first, months.last),
        fact.c.recorded_day == day,
        fact.c.recorded_at <= query.as_of,
    )
    return _summed(db, roll_up, before) + _summed_facts(db, query, window, *same_day)


def _days(days: Days) -> ColumnElement[bool]:
    return fact.c.day.between(days.first, days.last)


def _summed_facts(db: Connection, query: Query, window: Window, *where: ColumnElement[bool]) -> list[Sum]:
    return _summed(db, fact, [*where, window.holds(fact), *restricted(query, fact)])


def _summed(db: Connection, table: Table, where: list[ColumnElement[bool]]) -> list[Sum]:
    first, last = (table.c.day, table.c.day) if table is fact else (table.c.first_day, table.c.last_day)
    key = (table.c.unit_id, table.c.channel_id, table.c.figure)
    totals = (func.sum(table.c.value), func.sum(table.c.weight), func.sum(table.c.flagged))
    rows = db.execute(select(*key, *totals, func.min(first), func.max(last)).where(*where).group_by(*key))
    return [
        Sum(
            unit_id=unit_id, channel_id=channel_id, figure=name, value=int(value), weight=int(weight),
            flagged=int(flagged), first_day=begin, last_day=end,
        )
        for unit_id, channel_id, name, value, weight, flagged, begin, end in rows
    ]  # fmt: skip


def _things(db: Connection, table: Table, id_column: ColumnElement[UUID], query: Query) -> list[Thing]:
    wanted = select(id_column, table.c.unit_id, table.c.kind, table.c.since)
    if query.as_of is not None:
        wanted = wanted.where(table.c.recorded_at <= query.as_of)
    return [Thing(id=own, unit_id=unit_id, kind=kind, since=since) for own, unit_id, kind, since in db.execute(wanted)]


def _history(db: Connection, as_of: datetime | None) -> dict[UUID, list[Turn]]:
    wanted = select(history)
    if as_of is not None:
        wanted = wanted.where(history.c.recorded_at <= as_of)
    found: dict[UUID, list[Turn]] = {}
    for row in db.execute(wanted):
        turn = Turn(what=row.what, value=row.value, since=row.since, version=row.version)
        found.setdefault(row.thing_id, []).append(turn)
    return found
