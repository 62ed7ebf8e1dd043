"""Samples of counters as facts: the growth between neighbours by time, in the order in which they were recorded."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any
from uuid import UUID

from gateway.matrix.facts import Fact, Sample, facts_of_count
from gateway.matrix.sums import add_facts, keys_of, remove_facts, sum_again
from gateway.matrix.tables import sample
from gateway.matrix.transaction import Row, Transaction, among
from shared.database import from_microseconds

_FIELDS = tuple(field.name for field in fields(Sample))
_SAMPLE = f"select {', '.join(_FIELDS)} from sample where counter = ?"
_LAST = "select counter, max(version) from sample where counter in"
_ALL = f"{_SAMPLE} order by version"
# Of two counts of one moment the one recorded later holds, so it stands behind.
_BEFORE = f"{_SAMPLE} and version < ? and taken_at <= ? order by taken_at desc, version desc limit 1"
_AFTER = f"{_SAMPLE} and taken_at > ? order by taken_at, version limit 1"


def count(db: Transaction, new: Sequence[Sample]) -> list[Fact]:
    """Store counts that are new, each counter's in the order of recording, and their facts; return these.

    What is new of counters that nobody read before is put in at once: a rebuild meets most of them so.
    """
    if not new:
        return []
    last = _last(db, {each.counter for each in new})
    first = [each for each in new if each.counter not in last]
    facts = [fact for _, some in groupby(first, key=lambda each: each.counter) for fact in facts_of_counts(list(some))]
    if first:
        db.insert(sample.name, [_row(each) for each in first])
        add_facts(db, facts)
    for each in new:
        if each.counter in last:
            facts += _count(db, each, last[each.counter])
            last[each.counter] = max(last[each.counter], each.version)
    return facts


def _last(db: Transaction, counters: set[str]) -> dict[str, int]:
    """Return the version of the last count recorded of each of the counters that has any."""
    found = db.ask(f"{_LAST} {among([*counters])} group by counter", *counters)
    return {str(counter): int(version) for counter, version in found}


def _count(db: Transaction, new: Sample, last: int) -> list[Fact]:
    """Store one more count of a counter and its facts.

    A count that arrives after one recorded later (messages overtake each other) makes all facts of its counter anew,
    as if they had arrived in order: what was known when does not depend on how messages travelled.
    """
    db.insert(sample.name, [_row(new)])
    if last > new.version:
        return _count_again(db, new.counter)
    before = _first(db.ask(_BEFORE, new.counter, new.version, new.taken_at))
    facts = facts_of_count(new, before, _first(db.ask(_AFTER, new.counter, new.taken_at)))
    add_facts(db, facts)
    return facts


def _count_again(db: Transaction, counter: str) -> list[Fact]:
    samples = [_read(row) for row in db.ask(_ALL, counter)]
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


def _row(each: Sample) -> Row:
    return {name: getattr(each, name) for name in _FIELDS}  # asdict() would copy each value deeply


def _first(rows: list[tuple[Any, ...]]) -> Sample | None:
    return _read(rows[0]) if rows else None


def _read(row: tuple[Any, ...]) -> Sample:
    told = dict(zip(_FIELDS, row, strict=True))
    ids = {name: UUID(str(told[name])) for name in ("event_id", "unit_id", "channel_id")}
    moments = {name: from_microseconds(told[name]) for name in ("taken_at", "recorded_at")}
    return Sample(**told | ids | moments)
