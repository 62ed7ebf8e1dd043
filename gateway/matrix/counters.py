"""Samples of counters as facts: the growth between neighbours by time, in the order in which they were recorded."""

from bisect import insort
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from gateway.matrix.facts import Fact, Sample, facts_of_count
from gateway.matrix.sums import add_facts, keys_of, remove_facts, sum_again
from gateway.matrix.tables import sample

_FIELDS = tuple(field.name for field in fields(Sample))
_SAMPLE: Select[Any] = select(*(sample.c[name] for name in _FIELDS))


def count(db: Connection, new: Sample) -> list[Fact]:
    """Store a count that is new and its facts; return the facts that came to be.

    A count that arrives after one recorded later (messages overtake each other) makes all facts of its counter anew,
    as if they had arrived in order: what was known when does not depend on how messages travelled.
    """
    last = db.scalar(select(func.max(sample.c.version)).where(sample.c.counter == new.counter)) or 0
    db.execute(insert(sample), asdict(new))
    if last > new.version:
        return _count_again(db, new.counter)
    facts = facts_of_count(new, _before(db, new), _after(db, new))
    add_facts(db, facts)
    return facts


def _count_again(db: Connection, counter: str) -> list[Fact]:
    rows = db.execute(_SAMPLE.where(sample.c.counter == counter).order_by(sample.c.version))
    samples = [_read(row) for row in rows]
    keys = remove_facts(db, [each.event_id for each in samples])
    facts = facts_of_counts(samples)
    add_facts(db, facts)
    sum_again(db, keys.union(*map(keys_of, facts)))
    return facts


def facts_of_counts(samples: list[Sample]) -> list[Fact]:
    """Return the facts of one counter's samples, given in the order of recording. Pure."""
    facts: list[Fact] = []
    by_time: list[tuple[Any, int]] = []
    at: dict[tuple[Any, int], Sample] = {}
    for new in samples:
        key = (new.taken_at, new.version)
        insort(by_time, key)
        at[key] = new
        here = by_time.index(key)
        before = at[by_time[here - 1]] if here else None
        after = at[by_time[here + 1]] if here + 1 < len(by_time) else None
        facts += facts_of_count(new, before, after)
    return facts


def _before(db: Connection, new: Sample) -> Sample | None:
    # Of two counts of one moment the one recorded later holds, so it stands behind.
    earlier = _SAMPLE.where(
        sample.c.counter == new.counter, sample.c.version < new.version, sample.c.taken_at <= new.taken_at
    )
    row = db.execute(earlier.order_by(sample.c.taken_at.desc(), sample.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else _read(row)


def _after(db: Connection, new: Sample) -> Sample | None:
    later = _SAMPLE.where(sample.c.counter == new.counter, sample.c.taken_at > new.taken_at)
    row = db.execute(later.order_by(sample.c.taken_at, sample.c.version).limit(1)).one_or_none()
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> Sample:
    return Sample(**row._mapping)
