"""Writes what is new into the matrix: rows, sums, position and the note of the change in one transaction."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine, select

from gateway.matrix.changes import Cells
from gateway.matrix.facts import source_of
from gateway.matrix.projection import apply
from gateway.matrix.tables import feed
from gateway.matrix.transaction import Transaction, transaction
from shared.database import EPOCH, reading, written
from shared.driver import Driver
from shared.events import Recorded
from shared.failpoints import failpoint, off

RING = 2000
_FIRST = "insert into matrix_state (id, position) values (1, 0) on conflict do nothing"
_MOVED = "update matrix_state set position = ?"
_DESCRIBED = "update matrix_state set position = ?, described = ?"
_NOTED = "insert into change (position, previous, cells) values (?, ?, ?)"
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

    def positions(self) -> dict[str, int]:
        """Return how far each service's log has been followed."""
        with reading(self._engine) as db:
            return {row.source: row.position for row in db.execute(select(feed.c.source, feed.c.position))}

    def apply(self, events: Sequence[Recorded], reached: Mapping[str, int]) -> int | None:
        """Fold the events in and note how far each log was followed; return the new position, None if it stayed.

        Events that are in already change nothing. A log is as fresh as the last of its events was when recorded.

        Raises:
            Unavailable: the database did not answer; nothing was changed.
        """
        with self._transaction() as db:
            position = lock(db)
            applied, cells = apply(db, events)
            for source, to in reached.items():
                recorded = [each.recorded_at for each in events if source_of(each) == source]
                _move(db, source, to, max(recorded, default=EPOCH))
            if not applied:
                return None
            moved = note(db, position, applied, cells)
            if failpoint is not off:  # it would leave together with the commit
                db.send()
            failpoint("consumer.after_effect_before_commit")
            return moved

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


def lock(db: Transaction) -> int:
    """Return the matrix's position; until the transaction ends nobody else moves it."""
    db.tell(_FIRST)
    ((position,),) = db.ask(f"select position from matrix_state{' for update' if db.gathers else ''}")
    return int(position)


def note(db: Transaction, position: int, events: int, cells: Cells) -> int:
    """Move the matrix on by a number of events that changed these cells; return the new position."""
    now_at = position + events
    db.tell(*(_DESCRIBED, now_at, now_at) if cells.described else (_MOVED, now_at))
    db.tell(_NOTED, now_at, position, cells.to_json())
    db.tell(_FORGOTTEN, RING)
    return now_at


def _move(db: Transaction, source: str, to: int, fresh_at: datetime) -> None:
    db.tell(_FED, source, to, fresh_at)
