"""The matrix's feed over the bus: takes events off its queue in batches, a transaction each, and tells the workers."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pika
from pika.exceptions import AMQPError

from gateway.matrix.facts import source_of
from gateway.matrix.writer import Writer
from shared import topology
from shared.config import Settings
from shared.contracts import SERVICES
from shared.contracts.consumers import CONSUMERS, MATRIX
from shared.database import open_engine
from shared.envelope import Envelope
from shared.errors import Invalid, Unavailable
from shared.events import Recorded
from shared.failpoints import failpoint
from shared.inbox import reason_of
from shared.logs import log, log_failure
from shared.topology import ATTEMPTS, FIRST_AT, LAST_AT, REASON

BATCH = 500
WAIT_S = 0.05
BEAT_S = 2.0
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message off the queue; ``recorded`` is None where it is none of ours, and ``reason`` says why."""

    tag: int
    properties: pika.BasicProperties
    body: bytes
    recorded: Recorded | None
    reason: str = ""


def project(settings: Settings, stop: threading.Event) -> None:
    """Feed the matrix from its queue until ``stop`` is set. What goes wrong is tried again on a new connection."""
    engine = open_engine(settings.database_url("gateway"))
    consumer = MatrixConsumer(settings.amqp_url, Envelope(settings.secrets), Writer(engine))
    try:
        while not stop.is_set():
            try:
                consumer.run(stop)
            except (AMQPError, OSError, Unavailable) as error:
                log_failure("projector.interrupted", topology.silent(error))
                stop.wait(PAUSE_S)
    finally:
        engine.dispose()


class MatrixConsumer:
    """One connection at a time. Messages are acknowledged after the transaction with their effect."""

    def __init__(self, amqp_url: str, envelope: Envelope, writer: Writer) -> None:
        self._amqp_url, self._envelope, self._writer = amqp_url, envelope, writer
        self._channel: Any = None
        self._taken: list[Delivery] = []
        self._beat_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Take messages until ``stop`` is set.

        Raises:
            AMQPError: the connection was lost; what was not acknowledged comes again.
            TimeoutError: the broker owed an answer; the same.
            Unavailable: the database did not answer; what was taken comes again.
        """
        topology.ensure(self._amqp_url, CONSUMERS)
        with topology.connected(self._amqp_url) as connection:
            self._taken = []
            self._channel = connection.channel()
            self._channel.basic_qos(prefetch_count=2 * BATCH)
            self._channel.basic_consume(MATRIX.name, self._take)
            log.info("projector.started")
            while not stop.is_set():
                connection.process_data_events(0 if self._taken else WAIT_S)
                if self._taken:
                    self._settle(self._taken[:BATCH])
                    self._taken = self._taken[BATCH:]
                else:
                    self._beat()

    def _take(self, _: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        failpoint("consumer.after_receive")
        recorded, reason = None, ""
        try:
            recorded = self._envelope.open(properties.headers or {}, properties.content_type, body)
        except Invalid as error:
            reason = reason_of(error)
        self._taken.append(Delivery(method.delivery_tag, properties, body, recorded, reason))

    def _settle(self, batch: Sequence[Delivery]) -> None:
        """Apply a batch, bury what cannot be applied, acknowledge all, and say that the matrix moved."""
        sound = [delivery for delivery in batch if delivery.recorded is not None]
        try:
            moved = self._apply(sound)
        except Unavailable:
            raise
        except Exception:  # one event is the matter: the others must not wait for it
            log.exception("projector.batch_failed", events=len(sound))
            moved = any([self._apply_alone(delivery) for delivery in sound])
        for delivery in batch:
            if delivery.recorded is None:
                self._bury(delivery, delivery.reason)
        if moved:  # said first: readers wait for it, nobody for the acknowledgement
            self._channel.basic_publish(topology.CHANGES, "", b"")
        failpoint("consumer.after_commit_before_ack")
        self._channel.basic_ack(batch[-1].tag, multiple=True)

    def _apply(self, sound: Sequence[Delivery]) -> bool:
        events = [delivery.recorded for delivery in sound if delivery.recorded is not None]
        reached: dict[str, int] = {}
        for recorded in events:
            source = source_of(recorded)
            reached[source] = max(recorded.position, reached.get(source, 0))
        return self._writer.apply(events, reached)

    def _apply_alone(self, delivery: Delivery) -> bool:
        try:
            return self._apply([delivery])
        except Unavailable:
            raise
        except Exception as error:  # whatever it is, the message gets a fate
            self._bury(delivery, reason_of(error))
            return False

    def _bury(self, delivery: Delivery, reason: str) -> None:
        """Put a copy with the reason into the dead-letter queue."""
        log.error("message.dead", consumer=MATRIX.name, reason=reason)
        now = datetime.now(UTC).isoformat()
        headers = delivery.properties.headers or {}
        kept = {name: value for name, value in headers.items() if not name.startswith("x-")}
        delivery.properties.headers = {FIRST_AT: now, **kept, ATTEMPTS: 1, REASON: reason, LAST_AT: now}
        delivery.properties.delivery_mode = 2
        sender = topology.Sender(self._amqp_url)
        try:
            sender.send(topology.DEAD, MATRIX.name, delivery.body, delivery.properties)
        finally:
            sender.close()

    def _beat(self) -> None:
        """Note every 2 s that the queue holds nothing that the matrix has not."""
        now = datetime.now(UTC)
        if self._beat_at is None or (now - self._beat_at).total_seconds() >= BEAT_S:
            self._writer.beat(SERVICES, now)
            self._beat_at = now
