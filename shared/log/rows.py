"""What both stores do alike: reading rows back as events, and finding out what was answered before."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Engine

from shared.codec import uuid_of
from shared.database import from_microseconds
from shared.driver import Driver
from shared.errors import RuleBroken
from shared.events import Event, Recorded, Registry, Told
from shared.log.store import Appended, Cause, Page


class Rows:
    """The reading half of a store.

    ``mark`` is where the driver puts a value into a statement, ``columns`` what is read of an event: in the order of
    ``Stored``, identifiers and hash as text, because many are only passed on.
    """

    mark: ClassVar[str]
    columns: ClassVar[str]

    def __init__(self, name: str, engine: Engine, registry: Registry) -> None:
        self.name, self.engine, self.registry = name, engine, registry
        self._driver = Driver(engine)
        mark = self.mark
        self._load = f"select {self.columns} from event where stream = {mark} order by version"
        self._facts = f"select type, data from event where stream = {mark} order by version"
        page = f"from event where position > {mark} and position <= {mark} order by position limit {mark}"
        self._whole = f"select {self.columns} {page}"
        self._telling = f"select position, version, recorded_at, type, data {page}"
        self._by_key = f"select fingerprint, version, position from command where key = {mark}"
        self._by_message = f"select 1 from inbox where consumer = {mark} and event_id = {mark}"
        self._wakes: list[Callable[[], None]] = []

    def on_append(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)

    def _wake_readers(self) -> None:
        for wake in self._wakes:
            wake()

    def load(self, stream: str) -> Sequence[Recorded]:
        return [self._read(*row) for row in self._fetch(self._load, stream)]

    def facts(self, stream: str) -> Sequence[Event]:
        decode = self.registry.decode
        return [decode(name, data) for name, data in self._fetch(self._facts, stream)]

    def read(self, after: int, limit: int = 500) -> Page[Recorded]:
        rows, checkpoint = self._page(self._whole, after, limit)
        return Page(events=[self._read(*row) for row in rows], checkpoint=checkpoint)

    def told(self, after: int, limit: int = 500, upto: int | None = None) -> Page[Told]:
        rows, checkpoint = self._page(self._telling, after, limit, upto)
        decode = self.registry.decode
        events = [
            Told(position, version, from_microseconds(recorded_us), decode(name, data))
            for position, version, recorded_us, name, data in rows
        ]
        return Page(events=events, checkpoint=checkpoint)

    def _page(self, statement: str, after: int, limit: int, upto: int | None = None) -> tuple[list[Any], int]:
        """Return the rows of a page, their position first, and its checkpoint."""
        rows: list[Any] = []
        with self._driver.cursor() as cursor:  # one snapshot for all would hide PostgreSQL's last appends
            settled = self._settled(cursor, after) if upto is None else upto
            if settled > after:
                cursor.execute(statement, (after, settled, limit))
                rows = cursor.fetchall()
        full = len(rows) == limit
        return rows, rows[-1][0] if full else max(settled, after)

    def _settled(self, cursor: Any, after: int) -> int:
        """Return a position up to which no event is missing and all last; it may be no higher than ``after``."""
        raise NotImplementedError

    def answered(self, cause: Cause) -> Appended | None:
        if cause.key is not None:
            for fingerprint, version, position in self._fetch(self._by_key, cause.key.key):
                if fingerprint != cause.key.fingerprint:
                    raise RuleBroken("idempotency.key_reused", "this Idempotency-Key was used with another body")
                return Appended(version=version, position=position, replayed=True)
        inbox = cause.inbox
        if inbox is not None and self._fetch(self._by_message, inbox.consumer, self._written(inbox.event_id)):
            return Appended(version=0, position=0, replayed=True)
        return None

    def _fetch(self, statement: str, *values: Any) -> list[Any]:
        with self._driver.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[Any] = cursor.fetchall()
            return rows

    def _written(self, value: UUID) -> str:
        """Return an id as a value of a statement."""
        raise NotImplementedError

    def _read(
        self, position: int, event_id: str, stream: str, version: int, name: str, occurred_us: int, recorded_us: int,
        actor: str, unit: str | None, correlation_id: str, causation_id: str | None, data: str, digest: str,
    ) -> Recorded:  # fmt: skip
        """Return the event in the columns of a ``Stored``."""
        return Recorded(
            position=position,
            event_id=UUID(event_id),
            stream=stream,
            version=version,
            type=name,
            event=self.registry.decode(name, data),
            data=data,
            occurred_at=from_microseconds(occurred_us),
            recorded_at=from_microseconds(recorded_us),
            actor=actor,
            unit=uuid_of(unit) if unit else None,
            correlation_id=uuid_of(correlation_id),
            causation_id=uuid_of(causation_id) if causation_id else None,
            hash=bytes.fromhex(digest),
        )
