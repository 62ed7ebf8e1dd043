"""Writes what is new into the matrix: rows, sums, position and the note of the change in one transaction."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count

from sqlalchemy import Engine, select

from gateway.matrix.changes import Cells
from gateway.matrix.facts import source_of
from gateway.matrix.projection import apply
from gateway.matrix.tables import feed
from gateway.matrix.transaction import Transaction, transaction
from shared.database import EPOCH, reading
from shared.driver import Driver
from shared.events import Recorded
from shared.failpoints import failpoint, off
from shared.lasting import written
from shared.row_security import SETTING, told

RING = 2000
FORGETS_EACH = 100  # changes: to find the oldest costs as much as three other statements
_FIRST = "insert into matrix_state (id, position) values (1, 0) on conflict do nothing"
_MOVED = "update matrix_state set position = position + ?"
_DESCRIBED = "update matrix_state set described = position"
_NOTED = "insert into change (position, previous, cells) select position, position - ?, ? from matrix_state"
_FORGOTTEN = (
    "delete from change where position <= (select position from change order by position desc limit 1 offset ?)"
)
_LATER = ", ".join(
    f"{name} = case when excluded.{name} > feed.{name} then excluded.{name} else feed.{name} end"
    for name in ("position", "fresh_at")
)
_FED = f"insert into feed (source, position, fresh_at) values (?, ?, ?) on conflict (source) do update set {_LATER}"


class Writer:
    """The one way into the matrix's tables. Safe in several threads and processes: one writes, others wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._driver = engine, Driver(engine)
        self._lock = threading.Lock()
        self._notes = count()

    def positions(self) -> dict[str, int]:
        """Return how far each service's log has been followed."""
        with reading(self._engine) as db:
            return {row.source: row.position for row in db.execute(select(feed.c.source, feed.c.position))}

    def apply(self, events: Sequence[Recorded], reached: Mapping[str, int]) -> bool:
        """Fold the events in and note how far each log was followed; return whether the matrix moved.

        Events that are in already change nothing. A log is as fresh as the last of its events was when recorded.

        Raises:
            Unavailable: the database did not answer; nothing was changed.
        """
        with self._transaction() as db:
            lock(db)
            applied, cells = apply(db, events)
            for source, to in reached.items():
                recorded = [each.recorded_at for each in events if source_of(each) == source]
                _move(db, source, to, max(recorded, default=EPOCH))
            if applied:
                note(db, applied, cells, forget=next(self._notes) % FORGETS_EACH == 0)
                if failpoint is not off:  # it would leave together with the commit
                    db.send()
                failpoint("consumer.after_effect_before_commit")
        return bool(applied)

    def beat(self, sources: Sequence[str], now: datetime) -> None:
        """Note that nothing new is there from these sources.

        Raises:
            Unavailable: the database did not answer.
        """
        with self._transaction() as db:
            lock(db)
            for source in sources:
                _move(db, source, 0, now)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._lock:
            with transaction(self._driver, self._engine) as db:
                yield db
            written(self._engine, repeatable=True)


def lock(db: Transaction) -> None:
    """Let nobody else move the matrix until the transaction ends, which may write of every unit."""
    db.tell(_FIRST)
    if db.gathers:  # a writer on SQLite is alone anyway, and nothing is hidden from it
        db.tell("select 1 from matrix_state for update")
        db.tell("select set_config(?, ?, true)", SETTING, told(None))


def note(db: Transaction, events: int, cells: Cells, *, forget: bool = True) -> None:
    """Move the matrix on by a number of events that changed these cells; ``forget`` all but the last ``RING``."""
    db.tell(_MOVED, events)
    if cells.described:
        db.tell(_DESCRIBED)
    db.tell(_NOTED, events, cells.to_json())
    if forget:
        db.tell(_FORGOTTEN, RING)


def _move(db: Transaction, source: str, to: int, fresh_at: datetime) -> None:
    db.tell(_FED, source, to, fresh_at)
