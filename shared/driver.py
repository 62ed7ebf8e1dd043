"""The bare drivers, for what runs thousands of times a second.

SQLAlchemy's way around a statement costs 60 µs and its pool's way around a connection 30 µs: together a fifth of an
append on PostgreSQL, and most of one on SQLite. So a few connections are kept out of the pool between uses, and their
cursors are the driver's own.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
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

    def cursor(self) -> AbstractContextManager[Any]:
        """Give a cursor; each of its statements is a transaction of its own and sees what is committed by then.

        Raises:
            Unavailable: the database did not answer; what was sent may or may not be committed.
        """
        return _Use(self)

    def transaction(self, begin: str, values: tuple[Any, ...] = ()) -> AbstractContextManager[Any]:
        """Give a cursor in one transaction that ``begin`` opens, committed at the end; raises as ``cursor`` does."""
        return _Use(self, begin, values)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn errors of a cursor on any connection of the engine into SQLAlchemy's and ours, as ``cursor`` does."""
        with database.translated():
            try:
                yield
            except self._error as error:
                raise self._explained(error, None) from error

    def _take(self) -> PoolProxiedConnection:
        try:
            rests_since, pooled = self._kept.pop()
        except IndexError:  # none is kept; another thread may take the last one at any moment
            return self._open()
        if time.monotonic() - rests_since < database.RESTED_S or self._lives(pooled):
            return pooled
        return self._take()

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


class _Use:
    """A cursor for one use of a connection: a generator would cost 12 µs more where the caches are cold."""

    __slots__ = ("_begin", "_cursor", "_driver", "_pooled", "_values")

    def __init__(self, driver: Driver, begin: str = "", values: tuple[Any, ...] = ()) -> None:
        self._driver, self._begin, self._values = driver, begin, values
        self._pooled: PoolProxiedConnection | None = None
        self._cursor: Any = None

    def __enter__(self) -> Any:
        try:
            self._pooled = self._driver._take()
            self._cursor = self._pooled.cursor()
            if self._begin:
                self._cursor.execute(self._begin, self._values)
        except BaseException as error:
            self._fail(error)
            raise
        return self._cursor

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if error is not None:
            self._fail(error)
        elif self._begin:
            self._commit()
        else:
            self._let_go()

    def _commit(self) -> None:
        try:
            self._cursor.execute("commit")
        except BaseException as error:
            self._fail(error)
            raise
        self._let_go()

    def _fail(self, error: BaseException) -> None:
        """Undo what was begun and let go. Raises what the error means where that is another one."""
        driver = self._driver
        try:
            if self._begin and self._cursor:
                with suppress(driver._error):  # some failures have ended it
                    self._cursor.execute("rollback")
            if isinstance(error, driver._error):
                raise database.meaning(driver._explained(error, self._pooled)) from error
            if self._pooled and not isinstance(error, Exception):  # somebody ended the work amid a statement
                self._pooled.invalidate(error)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._pooled:
            self._driver._give(self._pooled)
