"""Engines, transactions and the few words of SQL that differ between PostgreSQL and SQLite."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Dialect, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeDecorator

from shared.errors import Unavailable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BUSY_TIMEOUT_MS = 15_000
POOL_SIZE = 10
LOCK_TIMEOUT = "10s"


def to_microseconds(moment: datetime) -> int:
    """Return microseconds since the epoch (UTC)."""
    return (moment - EPOCH) // timedelta(microseconds=1)


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
    """Return an engine: SQLite with WAL and full synchronisation, or PostgreSQL through psycopg2 with a pool."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "matrix",
        },
    )


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions on its own, and too late
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begin_sqlite(connection: Connection) -> None:
    # A read transaction that turns into a write fails at once when another wrote meanwhile: take the lock first.
    reads = connection.get_execution_options().get("matrix_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one write transaction, committed at the end.

    Raises:
        Unavailable: the database did not answer; what was sent may or may not be committed.
    """
    with translated(), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a read transaction.

    Raises:
        Unavailable: the database did not answer.
    """
    with translated(), engine.connect().execution_options(matrix_reads=True) as connection, connection.begin():
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's connection failures into ``Unavailable``; what is a mistake of ours stays as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("database.busy", "every database connection is in use") from error
    except OperationalError as error:
        raise Unavailable("database.unavailable", str(error.orig)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("database.unavailable", str(error.orig)) from error
        raise


def upsert(db: Connection, table: Table, keys: Sequence[str], values: dict[str, Any]) -> None:
    """Insert the row, or set its other columns where a row with the same ``keys`` stands already."""
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = insert(table).values(values)
    if rest:
        db.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=rest))
    else:
        db.execute(statement.on_conflict_do_nothing(index_elements=list(keys)))


def insert_new(db: Connection, table: Table, keys: Sequence[str], values: dict[str, Any]) -> bool:
    """Insert the row unless one with the same ``keys`` stands already; return whether it was inserted."""
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert
    done = db.execute(insert(table).values(values).on_conflict_do_nothing(index_elements=list(keys)))
    return bool(done.rowcount)
