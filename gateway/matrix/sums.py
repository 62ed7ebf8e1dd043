"""Facts and their sums: what is added to one is added to the other."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from gateway.matrix.calendar import days_of_month, month_of, recording_day
from gateway.matrix.facts import Fact
from gateway.matrix.tables import day_sum, fact, month_sum, recorded_sum
from gateway.matrix.transaction import Row, Transaction, among
from shared.database import from_microseconds

Key = tuple[Table, tuple[Any, ...]]
SUMS = (recorded_sum, day_sum, month_sum)  # each can be made of the one before it
ADDED = ("value", "weight", "flagged", "facts")
_PLACES = "select day, unit_id, channel_id, figure, recorded_at from fact where event_id in"
_SUMMED = "sum(value), sum(weight), sum(flagged)"
_TOLD = tuple(field.name for field in fields(Fact))


def keys_of(each: Fact) -> set[Key]:
    """Return the keys of the sums that the fact belongs to."""
    return _keys(each.day, (each.unit_id, each.channel_id, each.figure), recording_day(each.recorded_at))


def add_facts(db: Transaction, facts: Sequence[Fact]) -> None:
    """Insert the facts, which must be new, and add them to their sums."""
    if not facts:
        return
    db.insert(fact.name, [_row(each) for each in facts])
    sums: dict[Table, dict[tuple[Any, ...], Row]] = {table: {} for table in SUMS}
    for each in facts:
        for table, key in keys_of(each):
            one, found = _one(table, each), sums[table].get(key)
            sums[table][key] = _added(found, one) if found else one
    for table, rows in sums.items():
        db.insert(table.name, [_named(table, key) | row for key, row in rows.items()], _adding(table))


def remove_facts(db: Transaction, event_ids: Sequence[UUID]) -> set[Key]:
    """Delete the events' facts; return the keys of the sums that are wrong from now on (``sum_again``)."""
    keys: set[Key] = set()
    for day, unit_id, channel_id, figure, recorded in db.ask(f"{_PLACES} {among(event_ids)}", *event_ids):
        where = (UUID(str(unit_id)), UUID(str(channel_id)), figure)
        keys |= _keys(date.fromisoformat(str(day)), where, recording_day(from_microseconds(recorded)))
    db.tell(f"delete from fact where event_id in {among(event_ids)}", *event_ids)
    return keys


def sum_again(db: Transaction, keys: Iterable[Key]) -> None:
    """Make the sums anew from the facts that are there, the coarser ones of the finer."""
    for table, key in sorted(keys, key=lambda each: SUMS.index(each[0])):
        named = _named(table, key)
        db.tell(f"delete from {table.name} where {_equal(named)}", *key)
        db.tell(*_again(table, named))


def _again(table: Table, named: Row) -> tuple[Any, ...]:
    """Return the statement that adds a sum up of what is finer, facts or other sums, and its values.

    Where nothing is left there is no figure to group by, and so no row.
    """
    head = f"insert into {table.name} ({', '.join(table.c.keys())}) select {', '.join('?' * len(named))}, {_SUMMED}"
    if table is recorded_sum:
        here = f"from fact where {_equal(named)} group by figure"
        return f"{head}, count(*) {here}", *named.values(), *named.values()
    finer, cut, days = (
        (recorded_sum, "recorded_day", "") if table is day_sum else (day_sum, "day", ", min(day), max(day)")
    )
    within = {name: value for name, value in named.items() if name in finer.c}
    month = days_of_month(named["recorded_month" if table is day_sum else "month"])
    here = f"from {finer.name} where {_equal(within)} and {cut} in {among(month)} group by figure"
    return f"{head}, sum(facts){days} {here}", *named.values(), *within.values(), *month


def _keys(day: date, where: tuple[UUID, UUID, str], recorded: date) -> set[Key]:
    month = month_of(recorded)
    return {
        (recorded_sum, (recorded, day, *where)),
        (day_sum, (day, *where, month)),
        (month_sum, (month_of(day), *where, month)),
    }


def _named(table: Table, key: tuple[Any, ...]) -> Row:
    return dict(zip(_key(table), key, strict=True))


@cache
def _key(table: Table) -> tuple[str, ...]:
    return tuple(table.primary_key.columns.keys())


def _equal(named: Row) -> str:
    return " and ".join(f"{name} = ?" for name in named)


def _row(each: Fact) -> Row:
    told = {name: getattr(each, name) for name in _TOLD}
    return {**told, "month": month_of(each.day), "recorded_day": recording_day(each.recorded_at)}


def _one(table: Table, each: Fact) -> Row:
    row: Row = {"value": each.value, "weight": each.weight, "flagged": each.flagged, "facts": 1}
    return row | {"first_day": each.day, "last_day": each.day} if table is month_sum else row


def _added(left: Row, right: Row) -> Row:
    row = {name: left[name] + right[name] for name in ADDED}
    if "first_day" in left:
        row["first_day"] = min(left["first_day"], right["first_day"])
        row["last_day"] = max(left["last_day"], right["last_day"])
    return row


@cache
def _adding(table: Table) -> str:
    """Return what an insert does about a sum that stands already."""
    changes = [f"{name} = {table.name}.{name} + excluded.{name}" for name in ADDED]
    if table is month_sum:  # min() and max() of two values are called otherwise in PostgreSQL
        for name, sign in (("first_day", "<"), ("last_day", ">")):
            new, old = f"excluded.{name}", f"{table.name}.{name}"
            changes.append(f"{name} = case when {new} {sign} {old} then {new} else {old} end")
    return f"on conflict ({', '.join(_key(table))}) do update set {', '.join(changes)}"
