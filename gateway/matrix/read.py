"""Reads what a matrix answer is made of, all of one moment of the read model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from gateway.matrix.frame import Frame, read_frame
from gateway.matrix.query import Query
from gateway.matrix.tables import matrix_state
from gateway.matrix.totals import totals
from shared.database import reading, translated

_STATE = select(matrix_state.c.position, matrix_state.c.described)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything an answer needs: ``frame`` as of the moment asked for, and rows of ``totals``."""

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
    """Reads the matrix; what answers are drawn on is read again only when it changed. Safe in several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._frame: Frame | None = None

    def read(self, query: Query) -> Reading:
        """Return what the query's answer is made of, only of units the query may read.

        Raises:
            Unavailable: the database did not answer.
        """
        with snapshot(self._engine) as db:
            state = db.execute(_STATE).one_or_none()
            at, described = (0, 0) if state is None else (state.position, state.described)
            frame = self._frame
            # A position before the frame's: the database was put back to an earlier day.
            if frame is None or frame.described != described or frame.position > at:
                frame = self._frame = read_frame(db, described, at)
            sums = totals(db, query, frame)
        return Reading(position=at, frame=frame if query.as_of is None else frame.as_of(query.as_of), sums=sums)
