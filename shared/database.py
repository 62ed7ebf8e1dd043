"""Engines, transactions and the few words of SQL that differ between PostgreSQL and SQLite."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from shared.disk import BUSY_TIMEOUT_MS, NO_ROOM
from shared.errors import Conflict, Unavailable
from shared.lasting import turn, written

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
POOL_SIZE = 10
DISK_FULL = "53100"
# PostgreSQL's client notices a peer that is gone without a word: one that rests after 25 s, one that was told something
# after 30 s. Left to themselves, Linux's defaults are two hours and a quarter of an hour.
NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
RESTED_S = 1.0
RACES = ("40001", "40P01")  # serialisation failure, deadlock: the other went on


def to_microseconds(moment: datetime) -> int:
    """Return microseconds since the epoch (UTC)."""
    return (moment - EPOCH) // MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the UTC moment so many microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment as microseconds since the epoch: the same bytes, order and precision in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_microseconds(value)


def open_engine(url: str) -> Engine:
    """Return an engine: SQLite with WAL and group commit, or PostgreSQL through psycopg2 with a pool."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        connect_args={**NETWORK, "application_name": "matrix"},
    )
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", _try_rested)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions on its own, and too late
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # ``writing`` syncs, for all who wait at once
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # a row that was erased leaves no bytes in its page
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _note_rest(_: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _try_rested(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    # A round trip for each use would cost a busy connection much of its speed; one that rested may have been cut.
    if time.monotonic() - record.info.get("rests_since", time.monotonic()) < RESTED_S:
        return
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        connection.autocommit = False
    except connection.Error as error:
        raise InvalidatePoolError("the connection was cut while it rested") from error


def _begin_sqlite(connection: Connection) -> None:
    # A read transaction that turns into a write fails at once when another wrote meanwhile: take the lock first.
    begin = "BEGIN" if connection.get_execution_options().get("matrix_reads", False) else "BEGIN IMMEDIATE"
    session: Any = connection.connection.dbapi_connection  # SQLAlchemy's way would cost a third of a transaction
    try:
        session.execute(begin)
    except sqlite3.Error as error:
        raise DBAPIError.instance(begin, None, error, sqlite3.Error) from error


def forget_old_pages(engine: Engine) -> bool:
    """Let SQLite's write-ahead file hold no earlier state of any row; return whether nobody's reading prevented it."""
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        prevented = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        connection.close()
    return not prevented


@contextmanager
def writing(engine: Engine, repeatable: bool = False) -> Iterator[Connection]:
    """Give a connection in one write transaction, committed at the end and lasting then.

    ``repeatable`` work notes in the same transaction how far it came. SQLite does not wait for the disk then: what
    a loss of power takes back is done again. Nothing is built on it: who reads a log waits until what he reads lasts.

    Raises:
        Unavailable: the database did not answer; what was sent may or may not be committed.
    """
    with translated(), turn(engine), engine.begin() as connection:
        yield connection
    written(engine, repeatable)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a read transaction.

    Raises:
        Unavailable: the database did not answer.
    """
    with translated(), engine.connect().execution_options(matrix_reads=True) as connection, connection.begin():
        yield connection


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """Give a connection on which each statement is a transaction of its own, on PostgreSQL one round trip.

    Each statement sees what is committed by then. SQLite gives one read transaction.

    Raises:
        Unavailable: the database did not answer; what was sent may or may not be committed.
    """
    if engine.dialect.name != "postgresql":
        with reading(engine) as db:
            yield db
        return
    with translated(), engine.connect() as connection:
        # The driver's own switch: an isolation level would be set back by round trips, and when these fail SQLAlchemy
        # loses a place of the pool for good.
        session: Any = connection.connection.dbapi_connection
        session.autocommit = True
        try:
            yield connection
        finally:
            if not session.closed:
                session.autocommit = False


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the pool and the database say into what it means."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("database.busy", "every database connection is in use") from error
    except DBAPIError as error:
        if (meant := meaning(error)) is error:
            raise
        raise meant from error


def meaning(error: DBAPIError) -> Exception:
    """Return ``Conflict`` for a lost race, ``Unavailable`` for a full disk or a failed connection.

    Our mistakes stay as they are.
    """
    lost = isinstance(error, OperationalError)
    if lost and getattr(error.orig, "pgcode", None) in RACES:
        return Conflict("database.raced", str(error.orig))
    if lost and _is_full(error.orig):
        return Unavailable("database.full", NO_ROOM)
    if lost or error.connection_invalidated:
        return Unavailable("database.unavailable", str(error.orig))
    return error


def _is_full(error: Any) -> bool:
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "pgcode", "") == DISK_FULL


def upsert(db: Connection, table: Table, keys: Sequence[str], values: dict[str, Any]) -> None:
    """Insert the row, or set its other columns where a row with the same ``keys`` stands already."""
    rest = tuple(name for name in values if name not in keys)
    db.execute(insert_statement(db.dialect.name, table, tuple(keys), rest), values)


def insert_new(db: Connection, table: Table, keys: Sequence[str], values: dict[str, Any]) -> bool:
    """Insert the row unless one with the same ``keys`` stands already; return whether it was inserted."""
    return bool(db.execute(insert_statement(db.dialect.name, table, tuple(keys), ()), values).rowcount)


@lru_cache(maxsize=500)  # building a statement costs as much as executing it
def insert_statement(dialect: str, table: Table, keys: tuple[str, ...], changed: tuple[str, ...]) -> Executable:
    """Return an INSERT that sets the ``changed`` columns of a row that stands already; none: it leaves the row."""
    statement: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if not changed:
        nothing: Executable = statement.on_conflict_do_nothing(index_elements=keys)
        return nothing
    new = {name: statement.excluded[name] for name in changed}
    setting: Executable = statement.on_conflict_do_update(index_elements=keys, set_=new)
    return setting
