"""Facts and their sums: what is added to one is added to the other."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, case, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.matrix.calendar import days_of_month, month_of, recording_day
from gateway.matrix.facts import Fact
from gateway.matrix.tables import day_sum, fact, month_sum, recorded_sum

Key = tuple[Table, tuple[Any, ...]]
SUMS = (recorded_sum, day_sum, month_sum)  # each can be made of the one before it
WHERE = ("unit_id", "channel_id", "figure")
ADDED = ("value", "weight", "flagged", "facts")
_NEW_FACT = insert(fact)
_TOLD = tuple(field.name for field in fields(Fact))


def keys_of(each: Fact) -> set[Key]:
    """Return the keys of the sums that the fact belongs to."""
    return {_key(table, each) for table in SUMS}


def add_facts(db: Connection, facts: Sequence[Fact]) -> None:
    """Insert the facts, which must be new, and add them to their sums."""
    if not facts:
        return
    db.execute(_NEW_FACT, [_row(each) for each in facts])
    for table in SUMS:
        sums: dict[tuple[Any, ...], dict[str, Any]] = {}
        for each in facts:
            key, one = _key(table, each)[1], _one(each)
            sums[key] = _added(sums[key], one) if key in sums else one
        db.execute(
            _adding(db.dialect.name, table), [_named(table, key) | _kept(table, found) for key, found in sums.items()]
        )


def remove_facts(db: Connection, event_ids: Sequence[Any]) -> set[Key]:
    """Delete the events' facts; return the keys of the sums that are wrong from now on (``sum_again``)."""
    mine = fact.c.event_id.in_(event_ids)
    places = select(fact.c.day, *(fact.c[name] for name in WHERE), fact.c.recorded_at).where(mine)
    keys = {_key(table, row) for row in db.execute(places) for table in SUMS}
    db.execute(delete(fact).where(mine))
    return keys


def sum_again(db: Connection, keys: Iterable[Key]) -> None:
    """Make the sums anew from the facts that are there, the coarser ones of the finer."""
    for table, key in sorted(keys, key=lambda each: SUMS.index(each[0])):
        named = _named(table, key)
        db.execute(delete(table).where(and_(*(table.c[name] == part for name, part in named.items()))))
        found = db.execute(_again(table, named)).one()
        if found.facts:
            db.execute(insert(table), named | _whole(found))


def _again(table: Table, named: dict[str, Any]) -> Select[Any]:
    """Return the statement that adds a sum up of what is finer: facts, or sums of days."""
    if table is recorded_sum:
        added = [func.sum(fact.c[name]).label(name) for name in ADDED[:-1]]
        here = (fact.c[name] == part for name, part in named.items())
        return select(*added, func.count().label("facts")).where(*here)
    finer = recorded_sum if table is day_sum else day_sum
    added = [func.sum(finer.c[name]).label(name) for name in ADDED]
    within = [finer.c[name] == part for name, part in named.items() if name in finer.c]
    if table is day_sum:
        return select(*added).where(*within, finer.c.recorded_day.in_(days_of_month(named["recorded_month"])))
    days = (func.min(finer.c.day).label("first_day"), func.max(finer.c.day).label("last_day"))
    return select(*added, *days).where(*within, finer.c.day.in_(days_of_month(named["month"])))


def _key(table: Table, each: Any) -> Key:
    where, recorded = (each.unit_id, each.channel_id, each.figure), recording_day(each.recorded_at)
    if table is recorded_sum:
        return table, (recorded, each.day, *where)
    return table, (each.day if table is day_sum else month_of(each.day), *where, month_of(recorded))


def _named(table: Table, key: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(table.primary_key.columns.keys(), key, strict=True))


def _kept(table: Table, found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name in table.c}


def _whole(found: Row[Any]) -> dict[str, Any]:
    """Return the sums with PostgreSQL's numerics as whole numbers."""
    return {name: value if isinstance(value, date) else int(value) for name, value in found._mapping.items()}


def _row(each: Fact) -> dict[str, Any]:
    told = {name: getattr(each, name) for name in _TOLD}
    return {**told, "month": month_of(each.day), "recorded_day": recording_day(each.recorded_at)}


def _one(each: Fact) -> dict[str, Any]:
    return {
        "value": each.value,
        "weight": each.weight,
        "flagged": each.flagged,
        "facts": 1,
        "first_day": each.day,
        "last_day": each.day,
    }


def _added(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    days = {
        "first_day": min(left["first_day"], right["first_day"]),
        "last_day": max(left["last_day"], right["last_day"]),
    }
    return {**{name: left[name] + right[name] for name in ADDED}, **days}


@cache  # building a statement costs more than executing it
def _adding(dialect: str, table: Table) -> Any:
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    new = statement.excluded
    changes: dict[str, Any] = {name: table.c[name] + new[name] for name in ADDED}
    if table is month_sum:  # min() and max() of two values are called otherwise in PostgreSQL
        changes["first_day"] = case((new.first_day < table.c.first_day, new.first_day), else_=table.c.first_day)
        changes["last_day"] = case((new.last_day > table.c.last_day, new.last_day), else_=table.c.last_day)
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)
