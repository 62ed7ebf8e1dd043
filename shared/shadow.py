"""Copies of read models, built beside the live ones and compared with them: to rebuild while everybody reads.

The copies are in a private SQLite database without a name, whatever the live one is: projections speak the SQL of
both, no rights are needed that a service has not, and a killed rebuild leaves nothing behind.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.pool import StaticPool

from shared import codec
from shared.database import UtcDateTime

CHUNK = 1000


class Shadow:
    """Copies of the tables of ``metadata``, empty at first."""

    def __init__(self, engine: Engine, metadata: MetaData) -> None:
        self._engine, self._tables = engine, metadata.sorted_tables
        with engine.begin() as db:
            metadata.create_all(db)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection to the copies in one transaction."""
        with self._engine.begin() as db:
            yield db

    def replace_differing(self, live: Connection) -> bool:
        """Put the copies' rows in the place of live ones that differ; return whether any did.

        In the caller's transaction, in which nobody else may change these tables: readers see what was, or all of it.
        """
        with self._engine.begin() as copies:
            differed = [_replace(live, copies, table) for table in self._tables]
        return any(differed)

    def rows(self) -> int:
        """Return the number of rows in the copies."""
        with self._engine.connect() as copies:
            return sum(int(copies.scalar(select(func.count()).select_from(table)) or 0) for table in self._tables)


@contextmanager
def shadow_of(metadata: MetaData) -> Iterator[Shadow]:
    """Give empty copies of the tables; they are gone at the end."""
    engine = create_engine("sqlite://", creator=_private, poolclass=StaticPool, json_serializer=codec.dumps)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        yield Shadow(engine, metadata)
    finally:
        engine.dispose()


def _replace(live: Connection, copies: Connection, table: Table) -> bool:
    """Replace the rows of a live table that differ from its copy; return whether any did."""
    met = _fetch(live, copies, table)
    gone = select(*met.c).except_(select(*table.c)).subquery()
    new = select(*table.c).except_(select(*met.c))
    keys = [column.name for column in table.primary_key]
    differed = False
    for some in _chunks(copies, select(*(gone.c[name] for name in keys))):
        live.execute(delete(table).where(tuple_(*(table.c[name] for name in keys)).in_(map(tuple, some))))
        differed = True
    for some in _chunks(copies, new):
        live.execute(insert(table), [dict(row._mapping) for row in some])
        differed = True
    return differed


def _fetch(live: Connection, copies: Connection, table: Table) -> Table:
    """Return a table beside the copy with the live rows: there SQLite compares them, in memory that does not grow."""
    met = Table(f"live_{table.name}", MetaData(), *(Column(column.name, column.type) for column in table.c))
    met.create(copies)
    plain = {column.name: _plain(column) for column in table.c}
    into = insert(met).values({name: bindparam(name, type_=said.type) for name, said in plain.items()})
    for some in _chunks(live, select(*(said.label(name) for name, said in plain.items()))):
        copies.execute(into, [dict(row._mapping) for row in some])
    return met


def _plain(column: Column[Any]) -> ColumnElement[Any]:
    """Return what the copy's database holds of a live column, without an object made on the way."""
    match column.type:
        case Uuid():
            return func.replace(cast(column, Text), "-", "", type_=Text)
        case UtcDateTime():
            return type_coerce(column, BigInteger)
    return column


def _chunks(db: Connection, statement: Any) -> Iterator[Sequence[Row[Any]]]:
    return db.execute(statement.execution_options(yield_per=CHUNK)).partitions()


def _private() -> sqlite3.Connection:
    # No name: on disk when it grows, and deleted by the system however this process ends.
    return sqlite3.connect("", isolation_level=None, check_same_thread=False)
