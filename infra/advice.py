"""What people can do about a failure: one table from what was raised to one line. What is not in it is our mistake."""

import errno
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import urllib3
from alembic.util import CommandError
from minio import S3Error
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ProbableAccessDeniedError, ProbableAuthenticationError
from psycopg2 import errors as postgres

from shared.config import BadSetting
from shared.errors import PlatformError, Unavailable
from shared.versions import OldTables

OLD_TABLES = "the tables are missing, or older than this program: run `matrix migrate`"
NO_ROOM = "the disk is full: make room, then try again"
TOO_MANY = "PostgreSQL has no connection left: raise its max_connections, or run fewer processes"
DAMAGED = "a database is damaged: restore a backup (docs/backup.md)"
ROLES = "infra/postgres/roles.sql (docs/runbook.md, Settings)"
BROKER = "MATRIX_AMQP_URL_FILE or MATRIX_AMQP_URL"
STORAGE = "MATRIX_BLOBS, MATRIX_S3_ACCESS_KEY_FILE or MATRIX_S3_SECRET_KEY_FILE"
PASSWORD = "MATRIX_DATABASE_PASSWORD_FILE (for migrations MATRIX_OWNER_DATABASE_FILE)"  # noqa: S105

# A connection that is refused has no code, only words.
_POSTGRES = (
    ("password authentication failed", f"PostgreSQL refuses the password: correct {PASSWORD}"),
    ("no password supplied", f"PostgreSQL wants a password: give it by {PASSWORD}"),
    ("does not exist", f"PostgreSQL has no such database or role: correct MATRIX_DATABASE, or run {ROLES}"),
    ("permission denied", f"PostgreSQL lets this role not in: run {ROLES}"),
    ("too many", TOO_MANY),
    ("", "no PostgreSQL answers: start it, or correct MATRIX_DATABASE"),
)
_SQLITE = {
    "SQLITE_FULL": NO_ROOM,
    "SQLITE_CANTOPEN": "a database cannot be opened: has the platform run with this DATA=, and may you write there?",
    "SQLITE_READONLY": "a database cannot be written: own the folder DATA=, or choose another",
    "SQLITE_BUSY": "the database is in use: end what else runs with this DATA=, or choose another",
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_IOERR": "the disk fails, or is full: look at it (df -h, dmesg), then try again",
}
_PLACES = {
    errno.ENOSPC: NO_ROOM,
    errno.EDQUOT: "your share of the disk is full: make room, then try again",
    errno.EACCES: "you have no right there: ask for it, or choose another place",
    errno.EPERM: "you have no right there: ask for it, or choose another place",
    errno.EROFS: "nothing can be written there: choose another place",
    errno.ENOENT: "there is no such file or folder: choose another place",
    errno.EEXIST: "something else has that name: choose another place",
    errno.ENOTDIR: "a file is in the way: choose another place",
    errno.EISDIR: "a folder is in the way: choose another place",
}


def advice(error: BaseException) -> str | None:
    """Return in one line what is wrong and what to do about it; None for what nobody foresaw."""
    for each in _told(error):
        for kinds, say in TABLE:
            if isinstance(each, kinds) and (line := say(each)):
                return _line(line)
    return _line(f"{error.code}: {error.detail}") if isinstance(error, PlatformError) else None


def _told(error: BaseException) -> Iterator[BaseException]:
    """Give what was raised and, as long as that only says that something did not answer, what caused it."""
    cause: BaseException | None = error
    while cause is not None and (isinstance(cause, Unavailable) or not isinstance(cause, PlatformError)):
        yield cause
        cause = getattr(cause, "orig", None) or cause.__cause__


def _postgres(error: Any) -> str | None:
    if error.pgcode:
        return None
    return next(f"{line} ({_first_line(error)})" for words, line in _POSTGRES if words in str(error))


def _sqlite(error: Any) -> str | None:
    if re.match("no such (table|column)", str(error)):
        return f"{OLD_TABLES}, or choose another DATA= ({error})"
    name = getattr(error, "sqlite_errorname", None) or ""
    line = next((line for known, line in _SQLITE.items() if name.startswith(known)), None)
    return line and f"{line} ({error})"


def _newer(error: Any) -> str | None:
    if found := re.search("locate revision identified by '(.*)'", str(error)):
        return f"the data are of a newer version (migration {found[1]}): install that version, or restore a backup"
    return None


def _place(error: Any) -> str | None:
    line = _PLACES.get(error.errno)
    return line and (f"{error.filename}: {line}" if error.filename else line)


def _with(line: str, said: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda error: f"{line} ({said(error)})"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


def _quoted(error: BaseException) -> str:
    """Return what the broker or the network said, deep in what pika's layers say of each other."""
    said = re.findall(r"'([^']+)'", repr(error))
    return said[-1] if said else type(error).__name__


def _line(text: str) -> str:
    return " ".join(text.split())


TABLE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[Any], str | None]], ...] = (
    (BadSetting, lambda error: f"setting: {error}"),
    (OldTables, str),
    ((postgres.UndefinedTable, postgres.UndefinedColumn, postgres.UndefinedFunction), _with(OLD_TABLES, _first_line)),
    (postgres.InvalidSchemaName, _with(f"the owner has no schema: run {ROLES}, then `matrix migrate`", _first_line)),
    (postgres.InsufficientPrivilege, _with(f"the role lacks a right: run {ROLES}, then `matrix migrate`", _first_line)),
    (postgres.DiskFull, lambda _: f"PostgreSQL: {NO_ROOM}"),
    (postgres.TooManyConnections, lambda _: TOO_MANY),
    (psycopg2.OperationalError, _postgres),
    (sqlite3.Error, _sqlite),
    (CommandError, _newer),
    (ProbableAuthenticationError, lambda _: f"RabbitMQ refuses user and password: correct {BROKER}"),
    (
        ProbableAccessDeniedError,
        _with(f"RabbitMQ has no such virtual host, or keeps this user out of it: correct the end of {BROKER}", _quoted),
    ),
    ((AMQPError, AMQPConnectorException), _with(f"no RabbitMQ answers: start it, or correct {BROKER}", _quoted)),
    (S3Error, lambda error: f"the file storage refuses: correct {STORAGE} ({error.code})"),
    (urllib3.exceptions.HTTPError, lambda _: f"the file storage does not answer: start it, or correct {STORAGE}"),
    (socket.gaierror, lambda error: f"a server's name is not known: correct its address ({error.strerror})"),
    (OSError, _place),
)
