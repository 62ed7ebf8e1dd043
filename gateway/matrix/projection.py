"""Folds events into the matrix's tables: any order, any number of times, the same rows."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from gateway.matrix.changes import Cells
from gateway.matrix.counters import count
from gateway.matrix.facts import Sample, facts_of, sample_of, source_of
from gateway.matrix.sums import add_facts
from gateway.matrix.tables import applied, figure
from gateway.matrix.things import Row, rows_of, turned
from shared.database import insert_new
from shared.events import Recorded

CHUNK = 500
_APPLIED = select(applied.c.event_id).where(applied.c.event_id.in_(bindparam("ids", expanding=True)))
_NEW = insert(applied)


def apply(db: Connection, events: Sequence[Recorded]) -> tuple[int, Cells]:
    """Fold in those events that are new; return how many changed the matrix, and where.

    Runs in the caller's transaction, which must be the only one that does.
    """
    cells = Cells()
    new = {
        recorded.event_id: recorded
        for recorded in events
        if facts_of(recorded) or sample_of(recorded) or rows_of(recorded) or turned(recorded)
    }
    for event_id in _known(db, list(new)):
        del new[event_id]
    if not new:
        return 0, cells
    rows = [{"event_id": each.event_id, "source": source_of(each), "position": each.position} for each in new.values()]
    db.execute(_NEW, rows)
    for recorded in new.values():
        _describe(db, recorded, cells)
    facts = [fact for recorded in new.values() for fact in facts_of(recorded)]
    add_facts(db, facts)
    cells.add_facts(facts)
    for sample in _in_order(map(sample_of, new.values())):
        cells.add_facts(count(db, sample))
    return len(new), cells


def _known(db: Connection, event_ids: list[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for start in range(0, len(event_ids), CHUNK):
        some = event_ids[start : start + CHUNK]
        found.update(db.execute(_APPLIED, {"ids": some}).scalars())
    return found


def _in_order(samples: Iterable[Sample | None]) -> list[Sample]:
    """Return the samples in the order of recording; out of order each one costs a recount of its counter."""
    return sorted((sample for sample in samples if sample), key=lambda each: (each.counter, each.version))


def _describe(db: Connection, recorded: Recorded, cells: Cells) -> None:
    rows: list[Row] = rows_of(recorded)
    for table, row in rows:
        insert_new(db, table, [column.name for column in table.primary_key], row)
        if table is figure:
            cells.everything()
    if rows and (unit_id := getattr(recorded.event, "unit_id", None)):
        cells.touch(unit_id)
    if (unit_id := turned(recorded)) is not None:
        cells.touch(unit_id)
