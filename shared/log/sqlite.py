"""The log in a SQLite file: one writer at a time, so the order of rows is the order of commits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from shared.database import reading, to_microseconds, writing
from shared.errors import Conflict
from shared.events import Event, Recorded, encode, occurred_at
from shared.failpoints import failpoint
from shared.ids import new_id
from shared.log.chain import GENESIS, Link, link_hash
from shared.log.rows import Rows
from shared.log.store import Appended, Cause, Page
from shared.log.tables import command, event, inbox


class SqliteLog(Rows):
    """``shared.log.store.Log`` on SQLite."""

    def append(
        self, stream: str, events: Sequence[Event], *, expected_version: int, cause: Cause, unit: UUID | None = None
    ) -> Appended:
        with writing(self.engine) as db:
            failpoint("append.after_lock")
            if replayed := self._answered(db, cause):
                return replayed
            appended = self._insert(db, stream, events, expected_version, cause, unit)
            failpoint("append.after_insert_before_commit")
        failpoint("append.after_commit_before_reply")
        self._wake_readers()
        return appended

    def read(self, after: int, limit: int = 500) -> Page[Recorded]:
        with reading(self.engine) as db:
            events = self._page(db, after, limit)
        return Page(events=events, checkpoint=events[-1].position if events else after)

    def _insert(
        self, db: Connection, stream: str, events: Sequence[Event], expected: int, cause: Cause, unit: UUID | None
    ) -> Appended:
        last = db.execute(
            select(event.c.version, event.c.hash)
            .where(event.c.stream == stream)
            .order_by(event.c.version.desc())
            .limit(1)
        ).one_or_none()
        version, previous = (last.version, last.hash) if last else (0, GENESIS)
        if version != expected:
            raise Conflict("stream.changed", f"{stream} is at version {version}, not {expected}")
        now, position = datetime.now(UTC), 0
        for fact in events:
            version += 1
            happened, data, event_id = occurred_at(fact) or now, encode(fact), new_id()
            link = Link(
                event_id=event_id,
                stream=stream,
                version=version,
                type=fact.type,
                occurred_us=to_microseconds(happened),
                recorded_us=to_microseconds(now),
                actor=cause.actor,
                unit=unit,
                correlation_id=cause.correlation_id,
                causation_id=cause.causation_id,
                data=data,
            )
            previous = link_hash(previous, link)
            position = _insert_event(db, link, happened, now, previous)
        if cause.key is not None:
            db.execute(
                insert(command).values(
                    key=cause.key.key,
                    fingerprint=cause.key.fingerprint,
                    version=version,
                    position=position,
                    recorded_at=now,
                )
            )
        if cause.inbox is not None:
            db.execute(
                insert(inbox).values(consumer=cause.inbox.consumer, event_id=cause.inbox.event_id, handled_at=now)
            )
        return Appended(version=version, position=position)


def _insert_event(db: Connection, link: Link, happened: datetime, now: datetime, digest: bytes) -> int:
    done = db.execute(
        insert(event).values(
            event_id=link.event_id,
            stream=link.stream,
            version=link.version,
            type=link.type,
            occurred_at=happened,
            recorded_at=now,
            actor=link.actor,
            unit=link.unit,
            correlation_id=link.correlation_id,
            causation_id=link.causation_id,
            data=link.data,
            hash=digest,
        )
    )
    return int(done.lastrowid)
