"""What both stores do alike: reading rows back as events, and finding out what was answered before."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from shared.database import asking, reading
from shared.errors import RuleBroken
from shared.events import Event, Recorded, Registry
from shared.log.store import Appended, Cause
from shared.log.tables import command, event, inbox

SELECT: Select[Any] = select(
    event.c.position, event.c.event_id, event.c.stream, event.c.version, event.c.type, event.c.occurred_at,
    event.c.recorded_at, event.c.actor, event.c.unit, event.c.correlation_id, event.c.causation_id, event.c.data,
    event.c.hash,
)  # fmt: skip
_LOAD = SELECT.order_by(event.c.version)


class Rows:
    """The reading half of a store."""

    def __init__(self, name: str, engine: Engine, registry: Registry) -> None:
        self.name, self.engine, self.registry = name, engine, registry
        self._wakes: list[Callable[[], None]] = []

    def on_append(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)

    def _wake_readers(self) -> None:
        for wake in self._wakes:
            wake()

    def load(self, stream: str) -> Sequence[Recorded]:
        with asking(self.engine) as db:
            return [self._recorded(row) for row in db.execute(_LOAD.where(event.c.stream == stream))]

    def facts(self, stream: str) -> Sequence[Event]:
        wanted = select(event.c.type, event.c.data).where(event.c.stream == stream).order_by(event.c.version)
        with asking(self.engine) as db:
            return [self.registry.decode(name, data) for name, data in db.execute(wanted)]

    def answered(self, cause: Cause) -> Appended | None:
        if cause.key is None and cause.inbox is None:
            return None
        with asking(self.engine) as db:
            return self._answered(db, cause)

    def _answered(self, db: Connection, cause: Cause) -> Appended | None:
        if cause.key is not None:
            row = db.execute(select(command).where(command.c.key == cause.key.key)).one_or_none()
            if row is not None:
                if row.fingerprint != cause.key.fingerprint:
                    raise RuleBroken("idempotency.key_reused", "this Idempotency-Key was used with another body")
                return Appended(version=row.version, position=row.position, replayed=True)
        if cause.inbox is not None:
            this = (inbox.c.consumer == cause.inbox.consumer) & (inbox.c.event_id == cause.inbox.event_id)
            if db.execute(select(inbox.c.event_id).where(this)).one_or_none() is not None:
                return Appended(version=0, position=0, replayed=True)
        return None

    def _page(self, db: Connection, after: int, limit: int) -> list[Recorded]:
        wanted = SELECT.where(event.c.position > after).order_by(event.c.position).limit(limit)
        return [self._recorded(row) for row in db.execute(wanted)]

    def head(self) -> int:
        with reading(self.engine) as db:
            return int(db.execute(select(func.coalesce(func.max(event.c.position), 0))).scalar_one())

    def _recorded(self, row: Sequence[Any]) -> Recorded:
        (position, event_id, stream, version, name, occurred, recorded, actor, unit, correlation, causation, data,
         digest) = row  # fmt: skip
        return Recorded(
            position=position,
            event_id=event_id,
            stream=stream,
            version=version,
            type=name,
            event=self.registry.decode(name, data),
            data=data,
            occurred_at=occurred,
            recorded_at=recorded,
            actor=actor,
            unit=unit,
            correlation_id=correlation,
            causation_id=causation,
            hash=bytes(digest),
        )
