"""The log in a SQLite file: one writer at a time, so the order of rows is the order of commits."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from shared.database import to_microseconds
from shared.errors import Conflict
from shared.events import Event, encode, occurred_at
from shared.failpoints import failpoint
from shared.ids import new_name
from shared.lasting import lasting, once_lasting, turn, written
from shared.log.chain import GENESIS, Link, link_hash
from shared.log.rows import Rows
from shared.log.store import Appended, Cause

_COLUMNS = (
    "position, event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id, causation_id,"
    " data, hex(hash)"
)
_TAIL = "select version, hash from event where stream = ? order by version desc limit 1"
_HEAD = "select coalesce(max(position), 0) from event"
_INSERT = (  # of a link and its hash
    "insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash) values ({id}, ?, ?, ?, ?, ?, ?, {id}, {id}, {id}, ?, ?)"
).format(id="replace(?, '-', '')")
_COMMAND = "insert into command (key, fingerprint, version, position, recorded_at) values (?, ?, ?, ?, ?)"
_INBOX = "insert into inbox (consumer, event_id, handled_at) values (?, ?, ?)"

_VERSION_TAKEN = "UNIQUE constraint failed: event.stream, event.version"


class SqliteLog(Rows):
    """``shared.log.store.Log`` on SQLite."""

    mark, columns = "?", _COLUMNS

    def append(
        self, stream: str, events: Sequence[Event], *, expected_version: int, cause: Cause, unit: UUID | None = None
    ) -> Appended:
        try:
            with turn(self.engine), self._driver.transaction("begin immediate") as db:
                failpoint("append.after_lock")
                appended = _insert(db, stream, events, expected_version, cause, unit)
                failpoint("append.after_insert_before_commit")
        except (Conflict, IntegrityError) as error:
            return self._refused(error, stream, cause)
        # A reaction may be lost with power: its consumer's position is in the same file, and then no further on.
        written(self.engine, repeatable=cause.inbox is not None)
        failpoint("append.after_commit_before_reply")
        once_lasting(self.engine, self._wake_readers)
        return appended

    def answered(self, cause: Cause) -> Appended | None:
        replayed = super().answered(cause)
        if replayed:
            lasting(self.engine)  # who was first may still wait for the disk
        return replayed

    def head(self) -> int:
        with self._driver.cursor() as cursor:
            return _head(cursor)

    def _settled(self, cursor: Any, after: int) -> int:
        head = _head(cursor)
        lasting(self.engine)  # what is read has effects elsewhere, which may last; what comes now is not read yet
        return head

    def _refused(self, error: Conflict | IntegrityError, stream: str, cause: Cause) -> Appended:
        """Return what was answered before, by this very command or message, or raise what the refusal means."""
        if replayed := self.answered(cause):
            return replayed
        if isinstance(error, IntegrityError) and str(error.orig) == _VERSION_TAKEN:
            raise Conflict("stream.changed", f"{stream} exists already") from error
        raise error

    def _written(self, value: UUID) -> str:
        return value.hex


def _head(cursor: Any) -> int:
    return int(cursor.execute(_HEAD).fetchone()[0])


def _insert(db: Any, stream: str, events: Sequence[Event], expected: int, cause: Cause, unit: UUID | None) -> Appended:
    """Insert the events and the rows that make their cause count once; return where the events are.

    What seldom happens is left to the unique constraints: a stream that exists, a command or message that was answered.

    Raises:
        Conflict: the stream is at another version.
        IntegrityError: one of these has its row already.
    """
    now_us = time.time_ns() // 1000
    version, previous, position = expected, GENESIS, 0
    if expected > 0 or not events:
        version, previous = db.execute(_TAIL, (stream,)).fetchone() or (0, GENESIS)
        if version != expected:
            raise Conflict("stream.changed", f"{stream} is at version {version}, not {expected}")
    said = cause.actor, unit and str(unit), str(cause.correlation_id), cause.causation_id and str(cause.causation_id)
    for fact in events:
        version += 1
        moment = occurred_at(fact)
        happened_us = to_microseconds(moment) if moment else now_us
        link = Link(new_name(), stream, version, fact.type, happened_us, now_us, *said, encode(fact))
        previous = link_hash(previous, link)
        position = db.execute(_INSERT, (*link, previous)).lastrowid
    if cause.key is not None:
        db.execute(_COMMAND, (cause.key.key, cause.key.fingerprint, version, position, now_us))
    if cause.inbox is not None:
        db.execute(_INBOX, (cause.inbox.consumer, cause.inbox.event_id.hex, now_us))
    return Appended(version=version, position=position)
