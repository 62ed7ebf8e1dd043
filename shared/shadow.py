"""Copies of read models, built beside the live ones and compared with them: to rebuild while everybody reads.

The copies are in a private SQLite database without a name, whatever the live one is: projections speak the SQL of
both, no rights are needed that a service has not, and a killed rebuild leaves nothing behind.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, delete, event, func, insert, select
from sqlalchemy.pool import StaticPool

from shared import codec

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
        """Put the copies' rows in the place of live ones that differ; return whether any table did.

        In the caller's transaction, in which nobody else may change these tables: readers see what was, or all of it.
        """
        with self._engine.connect() as copies:
            differing = [table for table in self._tables if checksum(live, table) != checksum(copies, table)]
            for table in differing:
                live.execute(delete(table))
                rows = copies.execution_options(yield_per=CHUNK).execute(select(table)).mappings()
                for some in rows.partitions(CHUNK):
                    live.execute(insert(table), [dict(row) for row in some])
        return bool(differing)

    def rows(self) -> int:
        """Return the number of rows in the copies."""
        with self._engine.connect() as copies:
            return sum(int(copies.scalar(select(func.count()).select_from(table)) or 0) for table in self._tables)


@contextmanager
def shadow_of(metadata: MetaData) -> Iterator[Shadow]:
    """Give empty copies of the tables; they are gone at the end."""
    engine = create_engine("sqlite://", creator=_private, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        yield Shadow(engine, metadata)
    finally:
        engine.dispose()


def checksum(db: Connection, table: Table) -> str:
    """Return the sum of the SHA-256 of the table's rows (modulo 2^256, hex), whatever order they are stored in.

    A sum needs no memory for each row, and a row that is there twice counts twice.
    """
    rows = db.execute(select(table).execution_options(yield_per=CHUNK))
    digests = (sha256(codec.dumps(codec.unstructure(list(row))).encode()).digest() for row in rows)
    return f"{sum(map(int.from_bytes, digests)) % 2**256:064x}"


def _private() -> sqlite3.Connection:
    # No name: on disk when it grows, and deleted by the system however this process ends.
    return sqlite3.connect("", isolation_level=None, check_same_thread=False)
