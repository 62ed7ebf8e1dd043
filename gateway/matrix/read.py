"""Reads what a matrix answer is made of, all of one moment of the read model."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from gateway.matrix.frame import Frame, read_frame
from gateway.matrix.query import Query
from gateway.matrix.tables import matrix_state
from gateway.matrix.totals import totals
from shared.database import reading, translated
from shared.driver import Driver
from shared.errors import Unavailable
from shared.row_security import SETTING, told

_BEGIN = "begin isolation level repeatable read, read only; select set_config(%s, %s, true)"
_STATE = "select position, described from matrix_state"
# What an event loop may be held by: a glance, and putting its answer together, about 15 µs for each place and row.
GLANCE_S = 0.001
GLANCE_PLACES, GLANCE_ROWS = 40, 80
_STEPS = 1000  # of SQLite's machine, some 20 µs, between two looks at the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything an answer needs: ``frame`` as of the moment asked for, and the rows of ``totals``."""

    position: int
    frame: Frame
    sums: Sequence[Any]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database, whatever is written meanwhile.

    Raises:
        Unavailable: the database did not answer.
    """
    if engine.dialect.name != "postgresql":
        with reading(engine) as db:
            yield db
        return
    with translated(), engine.connect().execution_options(isolation_level="REPEATABLE READ") as db, db.begin():
        yield db


def position(db: Connection) -> int:
    """Return the matrix's position: the number of events that changed it."""
    return int(db.scalar(select(matrix_state.c.position)) or 0)


class Reader:
    """Reads the matrix by the bare driver. The frame is read again only when it changed. Safe in several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._driver, self._at_once = engine, Driver(engine), Driver(engine)
        self._postgresql = engine.dialect.name == "postgresql"
        self._mark = "%s" if self._postgresql else "?"
        self._frame: Frame | None = None

    def read(self, query: Query) -> Reading:
        """Return what the query's answer is made of, only of units the query may read.

        Raises:
            Unavailable: the database did not answer.
        """
        while True:
            frame = self._frame or self._read_frame()
            with self._moment(query.scope) as cursor:
                found = self._reading(cursor, query, frame)
            if found is not None:
                return found
            self._frame = None

    def glance(self, query: Query) -> Reading | None:
        """Return the same if the database is at hand and little is asked for, else None after a millisecond at most.

        For an event loop: a server far away, a frame that changed, many places or many rows are left to a thread.
        """
        frame = self._frame
        if self._postgresql or frame is None or frame.places(query.units()) > GLANCE_PLACES:
            return None
        try:
            with self._at_once.transaction("begin") as cursor, _limited(cursor):
                found = self._reading(cursor, query, frame)
        except Unavailable:  # it took too long, or a thread will meet the same and has time for it
            return None
        return found if found is not None and len(found.sums) <= GLANCE_ROWS else None

    def _reading(self, cursor: Any, query: Query, frame: Frame) -> Reading | None:
        """Return what is read in the cursor's transaction, or None where the frame is none of its moment."""
        cursor.execute(_STATE)
        at, described = cursor.fetchone() or (0, 0)
        # A position before the frame's: the database was put back to an earlier day.
        if frame.described != described or frame.position > at:
            return None
        sums = self._sums(cursor, query, frame)
        return Reading(position=at, frame=frame if query.as_of is None else frame.as_of(query.as_of), sums=sums)

    def _sums(self, cursor: Any, query: Query, frame: Frame) -> list[Any]:
        found: list[Any] = []
        for text, values in totals(query, frame):
            cursor.execute(text.replace("?", self._mark), values)
            found += cursor.fetchall()
        return found

    def _read_frame(self) -> Frame:
        with snapshot(self._engine) as db:
            state = db.execute(select(matrix_state.c.position, matrix_state.c.described)).one_or_none()
            at, described = (0, 0) if state is None else (state.position, state.described)
            frame = self._frame = read_frame(db, described, at)
        return frame

    def _moment(self, scope: frozenset[UUID] | None) -> AbstractContextManager[Any]:
        """Return a cursor's context: one moment of the database, and of PostgreSQL's sums only those of these units."""
        if self._postgresql:
            return self._driver.transaction(_BEGIN, (SETTING, told(scope)))
        return self._driver.transaction("begin")


@contextmanager
def _limited(cursor: Any) -> Iterator[None]:
    """Let SQLite give up what takes longer than a glance."""
    ends = time.monotonic() + GLANCE_S
    cursor.connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
    try:
        yield
    finally:
        cursor.connection.set_progress_handler(None, 0)
