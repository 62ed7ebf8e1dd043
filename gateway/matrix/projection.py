"""Folds events into the matrix's tables: any order, any number of times, the same rows."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from gateway.matrix.changes import Cells
from gateway.matrix.counters import count
from gateway.matrix.facts import Sample, facts_of, sample_of, source_of
from gateway.matrix.sums import add_facts
from gateway.matrix.tables import applied, figure
from gateway.matrix.things import rows_of, turned
from gateway.matrix.transaction import Transaction, among
from shared.events import Recorded

CHUNK = 500


def apply(db: Transaction, events: Sequence[Recorded]) -> tuple[int, Cells]:
    """Fold in those events that are new; return how many changed the matrix, and where.

    The transaction must be the only one that does.
    """
    cells = Cells()
    new = {
        recorded.event_id: recorded
        for recorded in events
        if facts_of(recorded) or sample_of(recorded) or rows_of(recorded) or turned(recorded)
    }
    for event_id in known(db, list(new)):
        del new[event_id]
    if not new:
        return 0, cells
    rows = [{"event_id": each.event_id, "source": source_of(each), "position": each.position} for each in new.values()]
    db.insert(applied.name, rows)
    for recorded in new.values():
        _describe(db, recorded, cells)
    facts = [fact for recorded in new.values() for fact in facts_of(recorded)]
    add_facts(db, facts)
    cells.add_facts(facts)
    cells.add_facts(count(db, _in_order(map(sample_of, new.values()))))
    return len(new), cells


def known(db: Transaction, event_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the events that are in already."""
    found: set[UUID] = set()
    for start in range(0, len(event_ids), CHUNK):
        some = event_ids[start : start + CHUNK]
        by_name = {each.hex: each for each in some}
        rows = db.ask(f"select event_id from applied where event_id in {among(some)}", *some)
        found.update(by_name[str(event_id).replace("-", "")] for (event_id,) in rows)
    return found


def _in_order(samples: Iterable[Sample | None]) -> list[Sample]:
    """Return the samples in the order of recording; out of order each one costs a recount of its counter."""
    return sorted((sample for sample in samples if sample), key=lambda each: (each.counter, each.version))


def _describe(db: Transaction, recorded: Recorded, cells: Cells) -> None:
    rows = rows_of(recorded)
    for table, row in rows:
        db.insert(table.name, [row], "on conflict do nothing")
        if table is figure:
            cells.everything()
    if rows and (unit_id := getattr(recorded.event, "unit_id", None)):
        cells.touch(unit_id)
    if (unit_id := turned(recorded)) is not None:
        cells.touch(unit_id)
