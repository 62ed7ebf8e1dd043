"""Messages that were given up: list, look at one, hand it out again, drop it; in the broker or in the services' tables.

Events hold personal fields sealed, so nothing in here can be read once a person was erased.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import pika
from sqlalchemy import ColumnElement, Engine, Row, delete, select, update

from shared import topology
from shared.config import Settings
from shared.contracts import SERVICES
from shared.contracts.consumers import CONSUMERS, Consumer
from shared.database import open_engine, reading, writing
from shared.errors import Invalid, NotFound
from shared.log import open_log
from shared.log.store import Log
from shared.log.tables import dead_letter
from shared.topology import ATTEMPTS, FIRST_AT, LAST_AT, REASON

AT_MOST = 1000
BACK_S, LOOK_S = 2.0, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message its consumer gave up. ``id`` is the event's where it has one; times are ISO 8601, UTC."""

    consumer: str
    id: str
    type: str
    stream: str
    attempts: int
    reason: str
    first_at: str
    last_at: str
    data: str


class DeadLetters(Protocol):
    """What operators can do with dead letters."""

    def list(self, consumer: str | None = None) -> Sequence[DeadLetter]:
        """Return the dead letters, of one consumer or of all, oldest first; at most 1000 of each consumer."""

    def show(self, consumer: str, letter_id: str) -> DeadLetter:
        """Return one dead letter.

        Raises:
            NotFound: there is no such letter.
        """

    def replay(self, consumer: str, letter_id: str | None = None) -> int:
        """Hand the letter (or all) to its consumer again, as if for the first time; return how many."""

    def drop(self, consumer: str, letter_id: str | None = None) -> int:
        """Throw the letter (or all) away; return how many."""


def open_dead_letters(settings: Settings) -> DeadLetters:
    """Return the dead letters of the running mode."""
    if settings.mode == "distributed":
        return BrokerDeadLetters(settings.amqp_url, CONSUMERS)
    engines = {name: open_engine(settings.database_url(name)) for name in SERVICES}
    return TableDeadLetters(engines, {name: open_log(name, engine) for name, engine in engines.items()})


class BrokerDeadLetters:
    """Dead letters in the queues ``<consumer>.dead``."""

    def __init__(self, amqp_url: str, consumers: Sequence[Consumer]) -> None:
        self._amqp_url = amqp_url
        self._consumers = [consumer.name for consumer in consumers]

    def list(self, consumer: str | None = None) -> Sequence[DeadLetter]:
        """See ``DeadLetters.list``."""
        found: list[DeadLetter] = []

        def keep(letter: DeadLetter, *_: Any) -> bool:
            found.append(letter)
            return False

        for name in [self._known(consumer)] if consumer else self._consumers:
            self._walk(name, keep)
        return found

    def show(self, consumer: str, letter_id: str) -> DeadLetter:
        """See ``DeadLetters.show``."""
        return next((letter for letter in self.list(consumer) if letter.id == letter_id), None) or _missing(letter_id)

    def replay(self, consumer: str, letter_id: str | None = None) -> int:
        """See ``DeadLetters.replay``. Each copy is confirmed before the letter goes."""

        def again(letter: DeadLetter, channel: Any, properties: Any, body: bytes) -> bool:
            if letter_id not in (None, letter.id):
                return False
            told = (ATTEMPTS, REASON, FIRST_AT, LAST_AT)
            kept = {name: value for name, value in (properties.headers or {}).items() if name not in told}
            properties.headers = {name: value for name, value in kept.items() if not name.startswith("x-")}
            channel.basic_publish(topology.EVENTS, consumer, body, properties, mandatory=True)
            return True

        return self._walk(self._known(consumer), again)

    def drop(self, consumer: str, letter_id: str | None = None) -> int:
        """See ``DeadLetters.drop``."""
        return self._walk(self._known(consumer), lambda letter, *_: letter_id in (None, letter.id))

    def _known(self, consumer: str) -> str:
        if consumer not in self._consumers:
            raise Invalid("dead_letters.no_consumer", f"no consumer {consumer}; there are {', '.join(self._consumers)}")
        return consumer

    def _walk(self, consumer: str, act: Callable[[DeadLetter, Any, Any, bytes], bool]) -> int:
        """Show each letter to ``act``; those it returns True for leave the queue, the others stay where they are.

        Only as many as lie there now: one that is replayed and fails at once is back before the walk is over.
        """
        queue = topology.dead_queue(consumer)
        with topology.connected(self._amqp_url) as connection:
            channel, gone, stays = connection.channel(), 0, 0
            channel.confirm_delivery()
            for _ in range(min(AT_MOST, _lying(channel, queue))):
                method, properties, body = channel.basic_get(queue)
                if method is None:
                    break
                if act(_letter(consumer, properties, body), channel, properties, body):
                    channel.basic_ack(method.delivery_tag)
                    gone += 1
                else:
                    stays += 1
            channel.close()  # gives back what stays, a moment later: who asks next must find it
            channel, ends = connection.channel(), time.monotonic() + BACK_S
            while _lying(channel, queue) < stays and time.monotonic() < ends:
                connection.sleep(LOOK_S)
            return gone


def _lying(channel: Any, queue: str) -> int:
    """Return how many messages lie in the queue that nobody has in hand."""
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def _letter(consumer: str, properties: pika.BasicProperties, body: bytes) -> DeadLetter:
    headers = properties.headers or {}
    reason = headers.get(REASON) or f"broker: {headers.get('x-first-death-reason', 'unknown')}"
    return DeadLetter(
        consumer=consumer,
        id=properties.message_id or sha256(body).hexdigest()[:16],
        type=str(headers.get("ce-type", "")),
        stream=str(headers.get("ce-stream", "")),
        attempts=int(headers.get(ATTEMPTS) or 0),
        reason=reason,
        first_at=str(headers.get(FIRST_AT, "")),
        last_at=str(headers.get(LAST_AT, "")),
        data=body.decode(errors="replace"),
    )


class TableDeadLetters:
    """Dead letters of the embedded platform: rows without a due time in the database of the consumer's service."""

    def __init__(self, engines: Mapping[str, Engine], logs: Mapping[str, Log]) -> None:
        self._engines, self._logs = engines, logs

    def list(self, consumer: str | None = None) -> Sequence[DeadLetter]:
        """See ``DeadLetters.list``."""
        wanted = select(dead_letter).where(_given_up(consumer, None)).order_by(dead_letter.c.first_at).limit(AT_MOST)
        found: list[DeadLetter] = []
        for engine in self._asked(consumer):
            with reading(engine) as db:
                rows = db.execute(wanted).all()
            found += [self._read(row) for row in rows]
        return found

    def show(self, consumer: str, letter_id: str) -> DeadLetter:
        """See ``DeadLetters.show``."""
        return next((letter for letter in self.list(consumer) if letter.id == letter_id), None) or _missing(letter_id)

    def replay(self, consumer: str, letter_id: str | None = None) -> int:
        """See ``DeadLetters.replay``."""
        again = update(dead_letter).values(due_at=datetime.now(UTC), attempts=0)
        with writing(self._asked(consumer)[0]) as db:
            return db.execute(again.where(_given_up(consumer, letter_id))).rowcount

    def drop(self, consumer: str, letter_id: str | None = None) -> int:
        """See ``DeadLetters.drop``."""
        with writing(self._asked(consumer)[0]) as db:
            return db.execute(delete(dead_letter).where(_given_up(consumer, letter_id))).rowcount

    def _asked(self, consumer: str | None) -> Sequence[Engine]:
        if consumer is None:
            return list(self._engines.values())
        service = consumer.partition(".")[0]
        if service not in self._engines:
            raise Invalid("dead_letters.no_consumer", f"no service {service}; there are {', '.join(self._engines)}")
        return [self._engines[service]]

    def _read(self, row: Row[Any]) -> DeadLetter:
        recorded = next(iter(self._logs[row.source].read(row.position - 1, 1).events))
        return DeadLetter(
            consumer=row.consumer,
            id=str(row.event_id),
            type=recorded.type,
            stream=row.stream,
            attempts=row.attempts,
            reason=row.reason,
            first_at=row.first_at.isoformat(),
            last_at=row.last_at.isoformat(),
            data=recorded.data,
        )


def _given_up(consumer: str | None, letter_id: str | None) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = dead_letter.c.due_at.is_(None)
    if consumer is not None:
        wanted = wanted & (dead_letter.c.consumer == consumer)
    if letter_id is not None:
        wanted = wanted & (dead_letter.c.event_id == _uuid(letter_id))
    return wanted


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("dead_letters.no_letter", f"no dead letter {text}") from error


def _missing(letter_id: str) -> DeadLetter:
    raise NotFound("dead_letters.no_letter", f"no dead letter {letter_id}")
