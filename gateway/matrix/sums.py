"""Facts and their sums: what is added to one is added to the other."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.matrix.calendar import month_of, recording_day
from gateway.matrix.facts import Fact
from gateway.matrix.tables import fact, roll_up

Key = tuple[str, UUID, UUID, str, date]
KEY = ("month", "unit_id", "channel_id", "figure", "recorded_day")


def key_of(each: Fact) -> Key:
    """Return the key of the roll-up row that the fact belongs to."""
    return month_of(each.day), each.unit_id, each.channel_id, each.figure, recording_day(each.recorded_at)


def add_facts(db: Connection, facts: Sequence[Fact]) -> None:
    """Insert the facts, which must be new, and add them to their sums."""
    if not facts:
        return
    db.execute(insert(fact), [_row(each) for each in facts])
    sums: dict[Key, dict[str, Any]] = {}
    for each in facts:
        key, one = key_of(each), _one(each)
        sums[key] = _added(sums[key], one) if key in sums else one
    db.execute(_adding(db), [{**dict(zip(KEY, key, strict=True)), **found} for key, found in sums.items()])


def remove_facts(db: Connection, event_ids: Sequence[UUID]) -> set[Key]:
    """Delete the events' facts; return the keys of the sums that are wrong from now on (``sum_again``)."""
    mine = fact.c.event_id.in_(event_ids)
    keys = {tuple(row) for row in db.execute(select(*(fact.c[name] for name in KEY)).where(mine).distinct())}
    db.execute(delete(fact).where(mine))
    return keys


def sum_again(db: Connection, keys: Iterable[Key]) -> None:
    """Make the sums anew from the facts that are there."""
    for key in keys:
        db.execute(delete(roll_up).where(and_(*(roll_up.c[name] == part for name, part in zip(KEY, key, strict=True)))))
        here = and_(*(fact.c[name] == part for name, part in zip(KEY, key, strict=True)))
        found = db.execute(_SUMS.where(here)).one()
        if found.facts:
            db.execute(insert(roll_up), {**dict(zip(KEY, key, strict=True)), **_whole(found)})


_SUMS = select(
    func.sum(fact.c.value).label("value"),
    func.sum(fact.c.weight).label("weight"),
    func.sum(fact.c.flagged).label("flagged"),
    func.count().label("facts"),
    func.min(fact.c.day).label("first_day"),
    func.max(fact.c.day).label("last_day"),
)


def _whole(found: Row[Any]) -> dict[str, Any]:
    """Return the sums with PostgreSQL's numerics as whole numbers."""
    return {name: value if isinstance(value, date) else int(value) for name, value in found._mapping.items()}


def _row(each: Fact) -> dict[str, Any]:
    return {**asdict(each), "month": month_of(each.day), "recorded_day": recording_day(each.recorded_at)}


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
    summed = {name: left[name] + right[name] for name in ("value", "weight", "flagged", "facts")}
    days = {
        "first_day": min(left["first_day"], right["first_day"]),
        "last_day": max(left["last_day"], right["last_day"]),
    }
    return {**summed, **days}


def _adding(db: Connection) -> Any:
    statement = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(roll_up)
    new = statement.excluded
    changes: dict[str, Any] = {name: roll_up.c[name] + new[name] for name in ("value", "weight", "flagged", "facts")}
    # min() and max() of two values are called otherwise in PostgreSQL
    changes["first_day"] = case((new.first_day < roll_up.c.first_day, new.first_day), else_=roll_up.c.first_day)
    changes["last_day"] = case((new.last_day > roll_up.c.last_day, new.last_day), else_=roll_up.c.last_day)
    return statement.on_conflict_do_update(index_elements=list(KEY), set_=changes)
