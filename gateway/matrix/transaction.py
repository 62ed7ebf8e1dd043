"""A transaction on the matrix's tables by the bare driver: what is told leaves with the next question or the commit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from shared.database import to_microseconds
from shared.driver import Driver
from shared.lasting import turn

Row = dict[str, Any]
_STORED: dict[type, Callable[[Any], Any]] = {UUID: attrgetter("hex"), datetime: to_microseconds, date: date.isoformat}


class Transaction:
    """Statements in one transaction; ``?`` is a value.

    An event alone takes a dozen statements, and the round trips of these were most of its time. PostgreSQL is sent all
    that is told as one piece, in the order told. SQLite, which is in this process, is told at once.
    """

    def __init__(self, cursor: Any, *, gathers: bool) -> None:
        self._cursor, self.gathers = cursor, gathers
        self._told: list[bytes] = []

    @classmethod
    def within(cls, db: Connection) -> "Transaction":
        """Return one that is part of a connection's transaction; who made it calls ``send`` at the end."""
        return cls(db.connection.cursor(), gathers=db.dialect.name == "postgresql")

    def tell(self, text: str, *values: Any) -> None:
        """Have a statement carried out that has no answer."""
        found = [_stored(value) for value in values]
        if self.gathers:
            self._told.append(self._cursor.mogrify(_marked(text), found))
        else:
            self._cursor.execute(text, found)

    def insert(self, table: str, rows: Sequence[Row], otherwise: str = "") -> None:
        """Insert rows that have the same columns; ``otherwise`` says what to do about one that stands already."""
        head, marks = _insertion(table, tuple(rows[0]))
        found = [list(map(_stored, row.values())) for row in rows]
        if self.gathers:
            marked = _marked(marks)
            lines = b",".join([self._cursor.mogrify(marked, values) for values in found])
            self._told.append(b"%s%s %s" % (head.encode(), lines, otherwise.encode()))
        else:
            self._cursor.executemany(f"{head}{marks} {otherwise}", found)

    def ask(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows found, after what was told before."""
        self.tell(text, *values)
        self.send()
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def send(self) -> None:
        """Send what was told."""
        if self._told:
            told, self._told = b";".join(self._told), []
            self._cursor.execute(told)


@contextmanager
def transaction(driver: Driver, engine: Engine) -> Iterator[Transaction]:
    """Give a transaction that writes, in its turn, committed at the end; the commit leaves with what was told last.

    Raises:
        Unavailable: the database did not answer; what was sent may or may not be committed.
    """
    gathers = engine.dialect.name == "postgresql"
    with turn(engine), driver.cursor() as cursor:
        found = Transaction(cursor, gathers=gathers)
        try:
            found.tell("begin" if gathers else "begin immediate")
            yield found
            found.tell("commit")
            found.send()
        except BaseException:
            with suppress(engine.dialect.loaded_dbapi.Error):  # some failures have ended it
                cursor.execute("rollback")
            raise


def among(values: Sequence[Any]) -> str:
    """Return the right side of an ``in`` for so many values."""
    return f"({', '.join('?' * len(values))})"


def _stored(value: Any) -> Any:
    """Return a value as it is stored in, or as it is written for, a column of either database."""
    found = _STORED.get(type(value))
    return found(value) if found else value


def _marked(text: str) -> str:
    return text.replace("?", "%s")


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> tuple[str, str]:
    return f"insert into {table} ({', '.join(columns)}) values ", among(columns)
