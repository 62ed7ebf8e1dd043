"""The bare drivers, for what runs thousands of times a second.

SQLAlchemy's way around a statement costs 60 µs and its pool's way around a connection 30 µs: together a fifth of an
append on PostgreSQL, and most of one on SQLite. So a few connections are kept out of the pool between uses, and their
cursors are the driver's own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from sqlalchemy import Engine, PoolProxiedConnection, event
from sqlalchemy.exc import DBAPIError

from shared import database

KEPT = 2


class Driver:
    """Cursors on connections of an engine's pool. Errors are SQLAlchemy's and ours, as everywhere."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._error = engine, engine.dialect.loaded_dbapi.Error
        self._begins = engine.dialect.name == "postgresql"  # by itself, if it is not told otherwise
        self._kept: list[tuple[float, PoolProxiedConnection]] = []
        event.listen(engine, "engine_disposed", lambda _: self._let_go())

    def cursor(self) -> "Use":
        """Give a cursor; each of its statements is a transaction of its own and sees what is committed by then.

        Raises:
            Unavailable: the database did not answer; what was sent may or may not be committed.
        """
        return Use(self)

    @contextmanager
    def transaction(self, begin: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        """Give a cursor in one transaction that ``begin`` opens, committed at the end; raises as ``cursor`` does."""
        with self.cursor() as cursor:
            cursor.execute(begin, values)
            try:
                yield cursor
                cursor.execute("commit")
            except BaseException:
                with suppress(self._error):  # some failures have ended it
                    cursor.execute("rollback")
                raise

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn errors of a cursor on any connection of the engine into SQLAlchemy's and ours, as ``cursor`` does."""
        with database.translated():
            try:
                yield
            except self._error as error:
                raise self._explained(error, None) from error

    def take(self) -> PoolProxiedConnection:
        """Return a connection for one use, which ``end`` ends."""
        try:
            rests_since, pooled = self._kept.pop()
        except IndexError:  # none is kept; another thread may take the last one at any moment
            return self._open()
        if time.monotonic() - rests_since < database.RESTED_S or self._lives(pooled):
            return pooled
        return self.take()

    def end(self, pooled: PoolProxiedConnection | None, error: BaseException | None) -> None:
        """Have the connection back, if one was taken; an error of the database is raised as what it means."""
        try:
            if isinstance(error, self._error):
                raise database.meaning(self._explained(error, pooled)) from error
            if pooled and error and not isinstance(error, Exception):  # somebody ended the work amid a statement
                pooled.invalidate(error)
        finally:
            if pooled:
                self._give(pooled)

    def _open(self) -> PoolProxiedConnection:
        with database.translated():
            pooled = self._engine.raw_connection()
        try:
            self._let_begin(pooled, False)
        except self._error as error:  # it was closed while it lay in the pool
            pooled.invalidate(error)
            raise
        return pooled

    def _let_begin(self, pooled: PoolProxiedConnection, by_itself: bool) -> None:
        if self._begins:
            pooled.dbapi_connection.autocommit = not by_itself  # type: ignore[union-attr]

    def _lives(self, pooled: PoolProxiedConnection) -> bool:
        """Return whether a connection that rested still answers; let go of it where it was cut."""
        try:
            pooled.cursor().execute("select 1")
        except self._error as error:
            pooled.invalidate(error)
            return False
        return True

    def _give(self, pooled: PoolProxiedConnection) -> None:
        if pooled.is_valid and len(self._kept) < KEPT:
            self._kept.append((time.monotonic(), pooled))
        else:
            self._give_back(pooled)

    def _give_back(self, pooled: PoolProxiedConnection) -> None:
        if pooled.is_valid:
            try:
                self._let_begin(pooled, True)
            except self._error as error:  # it was cut while it rested
                pooled.invalidate(error)
        pooled.close()

    def _let_go(self) -> None:
        while self._kept:
            self._give_back(self._kept.pop()[1])

    def _explained(self, error: Any, pooled: PoolProxiedConnection | None) -> DBAPIError:
        dialect = self._engine.dialect
        gone = dialect.is_disconnect(error, pooled, None)
        if gone:
            if pooled:
                pooled.invalidate(error)
            self._engine.dispose(close=False)  # what cut it has cut those that rest beside it too
        told: Any = DBAPIError.instance(None, None, error, self._error, connection_invalidated=gone, dialect=dialect)
        return cast(DBAPIError, told)


class Use:
    """One use of a connection, for a ``with``: as a generator it costs 12 µs more where the caches are cold."""

    __slots__ = ("_driver", "_pooled")

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._pooled: PoolProxiedConnection | None = None

    def __enter__(self) -> Any:
        try:
            self._pooled = self._driver.take()
            return self._pooled.cursor()
        except BaseException as error:
            self._driver.end(self._pooled, error)
            raise

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._driver.end(self._pooled, error)
