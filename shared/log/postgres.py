"""The log in a PostgreSQL schema: appends by ``append_events()``, reads behind the fence of recipe F.

Positions are drawn before commit, so a reader of ``position > last`` loses events (1.7 % measured). Writers hold a
shared lock while they append; a reader takes the sequence's last value and waits, without queueing on the lock, until
the holders of that moment are gone: everything up to that value is then committed or will never be.
"""

import math
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID
from zlib import crc32

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from shared.database import to_microseconds, writing
from shared.errors import Conflict, Unavailable
from shared.events import Event, Registry, Stored, encode, occurred_at
from shared.failpoints import failpoint, off
from shared.ids import new_name
from shared.log.rows import Rows
from shared.log.store import Appended, Cause, Page

FENCE_PATIENCE_S = 5.0
FENCE_POLL_S = 0.0005
QUIET_S = 0.005
STALLED = 5  # times as long an append may take before the relay, which looks twice as often, may have gone to sleep
BEHIND, TAKEN = "MX409", "23505"  # our function's word for another version; a unique constraint's

_CALL = "select {}(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_ONE, _MANY = _CALL.format("append_event"), _CALL.format("append_events")
_COLUMNS = (
    "position, event_id::text, stream, version, type, occurred_at, recorded_at, actor, unit::text,"
    " correlation_id::text, causation_id::text, data, encode(hash, 'hex')"
)
_LAST = "select case when is_called then last_value else 0 end from event_position_seq"
# A hint may be lost, so it does not wait for the disk.
_HINT = "select set_config('synchronous_commit', 'off', true), pg_notify(%(channel)s, '')"
_HOLDERS = (
    "select virtualtransaction from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted"
    " and classid = 0 and objid = %s and objsubid = 1"
    " and database = (select oid from pg_database where datname = current_database())"
)


def lock_number(schema: str) -> int:
    """Return the number of the schema's advisory lock (below 2^31, so that it is one ``objid`` in pg_locks)."""
    return crc32(f"matrix.log.{schema}".encode()) & 0x7FFFFFFF


def channel(name: str) -> str:
    """Return the NOTIFY channel that hints at appends to a service's log."""
    return f"matrix_{name}"


def _last(cursor: Any) -> int:
    """Return the last position that was drawn."""
    cursor.execute(_LAST)
    return int(cursor.fetchone()[0])


class PostgresLog(Rows):
    """``shared.log.store.Log`` on PostgreSQL."""

    mark, columns = "%s", _COLUMNS

    def __init__(self, name: str, engine: Engine, registry: Registry) -> None:
        super().__init__(name, engine, registry)
        self._lock = lock_number(name)
        self._appended_at, self._reached = -math.inf, 0

    def append(
        self, stream: str, events: Sequence[Event], *, expected_version: int, cause: Cause, unit: UUID | None = None
    ) -> Appended:
        started = time.monotonic()
        statement, said = (_ONE, _one(*events)) if len(events) == 1 else (_MANY, _many(events))
        try:
            version, position = self._call(statement, (stream, expected_version, *said, *_why(cause, unit)))
        except DBAPIError as error:
            return self._refused(error, stream, cause)
        failpoint("append.after_commit_before_reply")
        self._hint(started, position, alone=position - len(events) == self._reached)
        self._wake_readers()
        return Appended(version=version, position=position)

    def _call(self, statement: str, values: tuple[Any, ...]) -> Sequence[int]:
        if failpoint is off:  # the function is a transaction of its own: BEGIN and COMMIT would be two more round trips
            with self._driver.cursor() as cursor:
                cursor.execute(statement, values)
                answer: Sequence[int] = cursor.fetchone()[0]
                return answer
        with writing(self.engine) as db:
            answer = db.exec_driver_sql(statement, values).scalar_one()
            failpoint("append.after_insert_before_commit")
        return answer

    def stored(self, after: int, limit: int) -> Page[Stored]:
        """Return what ``read`` returns, as it is stored: for the relay, which passes on what it does not read."""
        rows, checkpoint = self._page(self._whole, after, limit)
        return Page(events=list(map(Stored._make, rows)), checkpoint=checkpoint)

    def head(self) -> int:
        with self._driver.cursor() as cursor:
            return _last(cursor)

    def _written(self, value: UUID) -> str:
        return str(value)

    def _settled(self, cursor: Any, after: int) -> int:
        last = _last(cursor)
        if last <= after:
            return last
        holders = self._holders(cursor)
        patience = time.monotonic() + FENCE_PATIENCE_S
        while holders:
            if time.monotonic() > patience:
                raise Unavailable("log.appender_open", f"{self.name}: appends still open: {sorted(holders)}")
            time.sleep(FENCE_POLL_S)
            holders &= self._holders(cursor)  # newer holders draw positions above ``last``
        return last

    def _holders(self, cursor: Any) -> set[str]:
        cursor.execute(_HOLDERS, (self._lock,))
        return {holder for (holder,) in cursor.fetchall()}

    def _refused(self, error: DBAPIError, stream: str, cause: Cause) -> Appended:
        """Return what was answered before, by this very command or message, or raise what the refusal means."""
        state = getattr(error.orig, "pgcode", None)
        if state not in (BEHIND, TAKEN):
            raise error
        if replayed := self.answered(cause):
            return replayed
        told = getattr(error.orig, "diag", None)
        if state == BEHIND:
            raise Conflict("stream.changed", str(getattr(told, "message_primary", error.orig))) from error
        if getattr(told, "constraint_name", None) == "event_stream_version_key":
            raise Conflict("stream.changed", f"another writer appended to {stream} first") from error
        raise error

    def _hint(self, started: float, position: int, *, alone: bool) -> None:
        """Wake the relay, unless this process appended just before: it looks again for longer after each event.

        A NOTIFY in each append would serialise all commits; one every 50 ms cost eight writers a tenth of their time.
        Who appends without a pause so gives no hint, however busy the database is, and who has time between appends
        gives one for each. Where others appended meanwhile (not ``alone``) it had none: what looks like a pause is a
        wait for the processor, and the relay looks all the while.
        """
        before, self._appended_at, self._reached = self._appended_at, time.monotonic(), position
        paused = alone and started - before > QUIET_S
        if paused or self._appended_at - before > STALLED * QUIET_S:
            # The append is committed whatever becomes of this.
            with suppress(Unavailable), self._driver.cursor() as cursor:
                cursor.execute(_HINT, {"channel": channel(self.name)})


def _one(fact: Event) -> tuple[Any, ...]:
    """Return id, type, data and moment of one event."""
    moment = occurred_at(fact)
    return new_name(), fact.type, encode(fact), moment and to_microseconds(moment)


def _many(events: Sequence[Event]) -> tuple[Any, ...]:
    """Return the same of many, an array of each."""
    moments = map(occurred_at, events)
    return (
        _array(new_name() for _ in events),
        [fact.type for fact in events],
        [encode(fact) for fact in events],
        _array(to_microseconds(moment) if moment else None for moment in moments),
    )


def _why(cause: Cause, unit: UUID | None) -> tuple[Any, ...]:
    """Return what an append says of all its events, and what its key and inbox rows hold."""
    key, inbox = cause.key, cause.inbox
    return (
        cause.actor,
        unit and str(unit),
        str(cause.correlation_id),
        cause.causation_id and str(cause.causation_id),
        *((key.key, key.fingerprint) if key else (None, None)),
        *((inbox.consumer, str(inbox.event_id)) if inbox else (None, None)),
    )


def _array(values: Iterable[str | int | None]) -> str:
    """Return an array as PostgreSQL writes it: the driver's way, with a type named for the whole, costs more."""
    return f"{{{','.join('null' if value is None else str(value) for value in values)}}}"
