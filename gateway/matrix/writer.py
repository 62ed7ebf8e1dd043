"""Writes what is new into the matrix: rows, sums, position and the note of the change in one transaction."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from gateway.matrix.changes import Cells
from gateway.matrix.facts import source_of
from gateway.matrix.projection import apply
from gateway.matrix.tables import change, feed, matrix_state
from shared.database import EPOCH, insert_new, reading, upsert, writing
from shared.events import Recorded
from shared.failpoints import failpoint

RING = 2000
# Kept, because building a statement costs more than executing it.
_POSITION = select(matrix_state.c.position).with_for_update()
_FEED = select(feed.c.position, feed.c.fresh_at).where(feed.c.source == bindparam("source"))
_OLDEST = select(change.c.position).order_by(change.c.position.desc()).offset(RING).limit(1)
_NOTED = insert(change)
_MOVED = update(matrix_state).values(position=bindparam("to"))
_DESCRIBED = update(matrix_state).values(position=bindparam("to"), described=bindparam("to"))


class Writer:
    """The one way into the matrix's tables. Safe in several threads and processes: one writes, others wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
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
        with self._lock, writing(self._engine, repeatable=True) as db:
            position = lock(db)
            applied, cells = apply(db, events)
            for source, to in reached.items():
                recorded = [each.recorded_at for each in events if source_of(each) == source]
                _move(db, source, to, max(recorded, default=EPOCH))
            if not applied:
                return None
            moved = note(db, position, applied, cells)
            failpoint("consumer.after_effect_before_commit")
            return moved

    def beat(self, sources: Sequence[str], now: datetime) -> None:
        """Note that nothing new is there from these sources.

        Raises:
            Unavailable: the database did not answer.
        """
        with self._lock, writing(self._engine, repeatable=True) as db:
            lock(db)
            for source in sources:
                _move(db, source, 0, now)


def lock(db: Connection) -> int:
    """Return the matrix's position; until the transaction ends nobody else moves it."""
    if (position := db.execute(_POSITION).scalar()) is None:
        insert_new(db, matrix_state, ["id"], {"id": 1, "position": 0})
        position = db.execute(_POSITION).scalar_one()
    return int(position)


def note(db: Connection, position: int, events: int, cells: Cells) -> int:
    """Move the matrix on by a number of events that changed these cells; return the new position."""
    now_at = position + events
    db.execute(_DESCRIBED if cells.described else _MOVED, {"to": now_at})
    db.execute(_NOTED, {"position": now_at, "previous": position, "cells": cells.to_json()})
    if (beyond := db.execute(_OLDEST).scalar()) is not None:
        db.execute(delete(change).where(change.c.position <= beyond))
    return now_at


def _move(db: Connection, source: str, to: int, fresh_at: datetime) -> None:
    now = db.execute(_FEED, {"source": source}).one_or_none()
    at, since = (now.position, now.fresh_at) if now else (0, EPOCH)
    upsert(db, feed, ["source"], {"source": source, "position": max(at, to), "fresh_at": max(since, fresh_at)})
