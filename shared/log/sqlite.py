"""The log in a SQLite file: one writer at a time, so the order of rows is the order of commits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.database import lasting, to_microseconds, written
from shared.errors import Conflict
from shared.events import Event, Recorded, encode, occurred_at
from shared.failpoints import failpoint
from shared.ids import new_name
from shared.log.chain import GENESIS, Link, link_hash
from shared.log.rows import Rows
from shared.log.store import Appended, Cause, Page

_COLUMNS = (
    "position, event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id, causation_id,"
    " data, hex(hash)"
)
_PAGE = f"select {_COLUMNS} from event where position > ? order by position limit ?"
_TAIL = "select version, hash from event where stream = ? order by version desc limit 1"
_HEAD = "select coalesce(max(position), 0) from event"
_INSERT = (
    "insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_COMMAND = "insert into command (key, fingerprint, version, position, recorded_at) values (?, ?, ?, ?, ?)"
_INBOX = "insert into inbox (consumer, event_id, handled_at) values (?, ?, ?)"


class SqliteLog(Rows):
    """``shared.log.store.Log`` on SQLite."""

    mark, columns = "?", _COLUMNS

    def append(
        self, stream: str, events: Sequence[Event], *, expected_version: int, cause: Cause, unit: UUID | None = None
    ) -> Appended:
        with self._driver.transaction("begin immediate") as db:
            failpoint("append.after_lock")
            if replayed := self._answered(db, cause):
                return self._lasting(replayed)
            now = datetime.now(UTC)
            appended = _insert(db, stream, events, expected_version, cause, unit, now)
            _note(db, cause, appended, to_microseconds(now))
            failpoint("append.after_insert_before_commit")
        # A reaction may be lost with power: its consumer's position is in the same file, and then no further on.
        written(self.engine, repeatable=cause.inbox is not None)
        failpoint("append.after_commit_before_reply")
        self._wake_readers()
        return appended

    def answered(self, cause: Cause) -> Appended | None:
        replayed = super().answered(cause)
        return self._lasting(replayed) if replayed else None

    def read(self, after: int, limit: int = 500) -> Page[Recorded]:
        lasting(self.engine)  # what is read has effects elsewhere, which may last
        events = [self._read(*row) for row in self._fetch(_PAGE, after, limit)]
        return Page(events=events, checkpoint=events[-1].position if events else after)

    def head(self) -> int:
        with self._driver.cursor() as cursor:
            return int(cursor.execute(_HEAD).fetchone()[0])

    def _lasting(self, replayed: Appended) -> Appended:
        """Return what was answered before, once it lasts: who was first may still wait for the disk."""
        lasting(self.engine)
        return replayed

    def _written(self, value: UUID) -> str:
        return value.hex


def _insert(
    db: Any, stream: str, events: Sequence[Event], expected: int, cause: Cause, unit: UUID | None, now: datetime
) -> Appended:
    """Insert the events; return where they are. Raises: Conflict: the stream is at another version."""
    version, previous = db.execute(_TAIL, (stream,)).fetchone() or (0, GENESIS)
    if version != expected:
        raise Conflict("stream.changed", f"{stream} is at version {version}, not {expected}")
    position = 0
    for fact in events:
        version += 1
        link = _link(stream, version, fact, cause, unit, now)
        previous = link_hash(previous, link)
        position = db.execute(_INSERT, _row(link, previous)).lastrowid
    return Appended(version=version, position=position)


def _link(stream: str, version: int, fact: Event, cause: Cause, unit: UUID | None, now: datetime) -> Link:
    return Link(
        event_id=new_name(),
        stream=stream,
        version=version,
        type=fact.type,
        occurred_us=to_microseconds(occurred_at(fact) or now),
        recorded_us=to_microseconds(now),
        actor=cause.actor,
        unit=unit,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        data=encode(fact),
    )


def _row(link: Link, digest: bytes) -> tuple[Any, ...]:
    return (
        str(link.event_id).replace("-", ""), link.stream, link.version, link.type, link.occurred_us, link.recorded_us,
        link.actor, link.unit and link.unit.hex, link.correlation_id.hex, link.causation_id and link.causation_id.hex,
        link.data, digest,
    )  # fmt: skip


def _note(db: Any, cause: Cause, appended: Appended, now_us: int) -> None:
    """Insert the rows that make the cause count once."""
    if cause.key is not None:
        key = (cause.key.key, cause.key.fingerprint, appended.version, appended.position, now_us)
        db.execute(_COMMAND, key)
    if cause.inbox is not None:
        db.execute(_INBOX, (cause.inbox.consumer, cause.inbox.event_id.hex, now_us))
