"""The tables of a read model while events are folded into them: what a page makes of a row is written once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, Table, bindparam, delete, select, update
from sqlalchemy.sql import Executable

from shared.database import insert_statement

What = Literal["upsert", "change", "add", "remove", "find"]


@dataclass(slots=True)
class _Pending:
    what: What
    values: dict[str, Any]


class ReadModel:
    """Rows to be written, gathered by primary key; a read finds them, as they are written before it."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._pending: dict[Table, dict[tuple[Any, ...], _Pending]] = {}

    def upsert(self, table: Table, values: dict[str, Any]) -> None:
        """Insert the row, or set these columns where one with its primary key stands already."""
        self._note(table, "upsert", values)

    def change(self, table: Table, values: dict[str, Any]) -> None:
        """Set these columns of the row with this primary key, where one stands."""
        self._note(table, "change", values)

    def add(self, table: Table, values: dict[str, Any]) -> None:
        """Insert the row unless one with its primary key stands already."""
        self._note(table, "add", values)

    def remove(self, table: Table, key: dict[str, Any]) -> None:
        """Remove the row with this primary key, where one stands."""
        self._note(table, "remove", key)

    def remove_where(self, table: Table, **columns: Any) -> None:
        """Remove all rows with these values."""
        self._write(table)
        self._db.execute(delete(table).where(*(table.c[name] == value for name, value in columns.items())))

    def find(self, table: Table, **key: Any) -> dict[str, Any] | None:
        """Return the row with this primary key, where one stands; a whole one that is pending is not written for it."""
        pending = self._pending.get(table, {}).get(tuple(key[name] for name in _key(table)))
        if pending and pending.what == "upsert" and len(pending.values) == len(table.columns):
            return pending.values
        if pending:
            self._write(table)
        statement = _statement(self._db.dialect.name, table, "find", tuple(key))
        row = self._db.execute(statement, {f"key_{name}": value for name, value in key.items()}).one_or_none()
        return dict(row._mapping) if row else None

    def first(self, statement: Select[Any]) -> Row[Any] | None:
        """Return the first row found."""
        self.write()
        return self._db.execute(statement).first()

    def write(self) -> None:
        """Write what is pending."""
        for table in list(self._pending):
            self._write(table)

    def _note(self, table: Table, what: What, values: dict[str, Any]) -> None:
        rows = self._pending.setdefault(table, {})
        key = tuple(values[name] for name in _key(table))
        before = rows.get(key)
        if before is None or what == "remove":
            rows[key] = _Pending(what, values)
        elif (before.what, what) in _MERGED:
            before.values = before.values | values
        else:
            self._write(table)
            self._note(table, what, values)

    def _write(self, table: Table) -> None:
        """Write a table's pending rows; no two are of one key, so their order does not matter."""
        rows = sorted(self._pending.pop(table, {}).values(), key=_alike)
        for (what, columns), some in groupby(rows, key=_alike):
            statement = _statement(self._db.dialect.name, table, what, columns)
            self._db.execute(statement, [_parameters(table, row) for row in some])


# One after the other on one key, these are the first with the second's columns.
_MERGED = {("upsert", "upsert"), ("upsert", "change"), ("change", "change")}


def _alike(row: _Pending) -> tuple[What, tuple[str, ...]]:
    return row.what, tuple(row.values)


def _parameters(table: Table, row: _Pending) -> dict[str, Any]:
    if row.what in ("upsert", "add"):
        return row.values
    keys = _key(table)
    return {f"key_{name}" if name in keys else name: value for name, value in row.values.items()}


@contextmanager
def read_model(db: Connection) -> Iterator[ReadModel]:
    """Give the read model of a transaction; what is pending at the end is written."""
    model = ReadModel(db)
    yield model
    model.write()


@lru_cache(maxsize=100)
def _key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


@lru_cache(maxsize=500)  # building a statement costs as much as executing it
def _statement(dialect: str, table: Table, what: What, columns: tuple[str, ...]) -> Executable:
    keys = _key(table)
    rest = tuple(name for name in columns if name not in keys)
    this = [table.c[name] == bindparam(f"key_{name}") for name in keys]
    match what:
        case "upsert":
            return insert_statement(dialect, table, keys, rest)
        case "add":
            return insert_statement(dialect, table, keys, ())
        case "change":
            return update(table).where(*this).values({name: bindparam(name) for name in rest})
        case "remove":
            return delete(table).where(*this)
        case "find":
            return select(table).where(*this)
