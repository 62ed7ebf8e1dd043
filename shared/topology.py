"""Exchanges and queues of the bus, by name, and their declaration.

An event goes to ``matrix.events`` once for each consumer that takes it, under the consumer's name: the broker says of
each copy whether a queue took it. (Published once under its type, it would be confirmed as long as any queue took it,
and a consumer whose queue is missing would lose it without a word.) A copy to be tried again waits in a queue of the
retry ladder and comes back through ``matrix.events``; one that was given up goes to ``matrix.dead``.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from shared.contracts.consumers import Consumer
from shared.errors import PlatformError, Unavailable
from shared.impatient import ImpatientConnection

EVENTS = "matrix.events"
DEAD = "matrix.dead"
CHANGES = "matrix.changes"
REQUESTS = "nameko-rpc"
LADDER: tuple[float, ...] = (1, 5, 30, 300)
DELIVERY_LIMIT = 20
NO_DELIVERY_LIMIT = 1_000_000_000  # RabbitMQ 4 drops after 20 deliveries unless told; listing a queue is a delivery
HEARTBEAT_S = 10
ANSWER_S = 15.0
QUORUM = {"x-queue-type": "quorum"}
ATTEMPTS, FIRST_AT, LAST_AT, REASON = (
    "matrix-attempts",
    "matrix-first-at",
    "matrix-last-at",
    "matrix-reason",
)  # of copies


def retry_queue(delay: float) -> str:
    """Return the name of the queue, and of its exchange, in which copies wait ``delay`` seconds."""
    return f"matrix.retry.{delay / 60:g}m" if delay >= 60 else f"matrix.retry.{delay:g}s"


def dead_queue(consumer: str) -> str:
    """Return the name of the queue of what the consumer gave up."""
    return f"{consumer}.dead"


def queue_arguments(consumer: str) -> dict[str, Any]:
    """Return the arguments of a consumer's queue: replicated, in order, and nothing leaves it unseen."""
    return {
        **QUORUM,
        "x-single-active-consumer": True,  # the order of effects within a stream would not survive two at once
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": consumer,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def retry_arguments(delay: float) -> dict[str, Any]:
    """Return the arguments of a retry queue: what waited long enough goes back under its consumer's name."""
    return {
        **QUORUM,
        "x-message-ttl": int(delay * 1000),
        "x-dead-letter-exchange": EVENTS,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


@contextmanager
def connected(amqp_url: str) -> Iterator[ImpatientConnection]:
    """Give a blocking connection to the broker, closed at the end.

    Raises:
        AMQPError: there is no broker, it refuses, or it went away.
        TimeoutError: it owed an answer for ``ANSWER_S`` seconds.
    """
    connection = connect(amqp_url)
    try:
        yield connection
    finally:
        with suppress(AMQPError, OSError):
            connection.close()


def connect(amqp_url: str) -> ImpatientConnection:
    """Return a blocking connection to the broker; raises, and is to be closed, as ``connected`` says."""
    return ImpatientConnection(parameters(amqp_url), ANSWER_S)


def parameters(amqp_url: str) -> pika.URLParameters:
    """Return connection parameters: pika notices a dead peer within 30 s, the broker too.

    pika looks every heartbeat and 5 s whether anything came, and so needs up to two of these.
    """
    found = pika.URLParameters(amqp_url)
    found.heartbeat = HEARTBEAT_S
    found.socket_timeout = 5
    found.blocked_connection_timeout = None  # a full broker is waited for, not left
    return found


def silent(error: Exception) -> PlatformError:
    """Return what a broker that does not answer, or refuses, is to everybody; what is one of ours stays as it is."""
    return error if isinstance(error, PlatformError) else Unavailable("broker.unavailable", repr(error))


def declare(amqp_url: str, consumers: Sequence[Consumer], ladder: Sequence[float] = LADDER) -> None:
    """Make sure that everything of the bus is there; what is there stays as it is. Raises as ``connected`` does."""
    with connected(amqp_url) as connection:
        _declare(connection.channel(), consumers, ladder)


def ensure(amqp_url: str, consumers: Sequence[Consumer], ladder: Sequence[float] = LADDER) -> None:
    """Return when everything of the bus is there; declare it where something is missing and this user may.

    Raises:
        AMQPError: as in ``connected``, or something is missing that only the relay may declare: try again when it has.
        TimeoutError: as in ``connected``.
    """
    with connected(amqp_url) as connection:
        try:
            _look(connection.channel(), consumers, ladder)
        except ChannelClosedByBroker:
            _declare(connection.channel(), consumers, ladder)


def _declare(channel: Any, consumers: Sequence[Consumer], ladder: Sequence[float]) -> None:
    for name, kind in ((EVENTS, "topic"), (DEAD, "direct"), (CHANGES, "fanout"), (REQUESTS, "topic")):
        channel.exchange_declare(name, kind, durable=True)
    for delay in ladder:
        name = retry_queue(delay)
        channel.exchange_declare(name, "fanout", durable=True)
        channel.queue_declare(name, durable=True, arguments=retry_arguments(delay))
        channel.queue_bind(name, name)
    for consumer in consumers:
        dead, kept = dead_queue(consumer.name), {**QUORUM, "x-delivery-limit": NO_DELIVERY_LIMIT}
        channel.queue_declare(dead, durable=True, arguments=kept)
        channel.queue_bind(dead, DEAD, routing_key=consumer.name)
        channel.queue_declare(consumer.name, durable=True, arguments=queue_arguments(consumer.name))
        channel.queue_bind(consumer.name, EVENTS, routing_key=consumer.name)


def _look(channel: Any, consumers: Sequence[Consumer], ladder: Sequence[float]) -> None:
    retries = [retry_queue(delay) for delay in ladder]
    for exchange in (EVENTS, DEAD, CHANGES, REQUESTS, *retries):
        channel.exchange_declare(exchange, passive=True)
    for queue in (*retries, *(name for each in consumers for name in (dead_queue(each.name), each.name))):
        channel.queue_declare(queue, passive=True)


class Sender:
    """Sends single messages, each confirmed by the queue that took it. One connection, one message at a time.

    A broker that owes a confirm is asked once more, on a new connection: twice ``ANSWER_S`` at most.
    """

    def __init__(self, amqp_url: str) -> None:
        self._amqp_url = amqp_url
        self._lock = threading.Lock()
        self._channel: Any = None

    def send(self, exchange: str, routing_key: str, body: bytes, properties: pika.BasicProperties) -> None:
        """Return when a queue has the message for good.

        Raises:
            Unavailable: the broker did not answer, or no queue took the message.
        """
        with self._lock:
            try:
                self._publish(exchange, routing_key, body, properties)
            except (UnroutableError, NackError) as error:
                raise Unavailable("broker.refused", f"no queue took {routing_key} from {exchange}") from error
            except (
                AMQPError,
                OSError,
            ):  # an idle connection may have been closed long ago: once more on a new one
                self.close()
                try:
                    self._publish(exchange, routing_key, body, properties)
                except (AMQPError, OSError) as error:
                    self.close()
                    raise Unavailable("broker.unavailable", repr(error)) from error

    def close(self) -> None:
        """Let go of the connection; the next message opens another."""
        channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(AMQPError, OSError):
                channel.connection.close()

    def _publish(self, exchange: str, routing_key: str, body: bytes, properties: pika.BasicProperties) -> None:
        if self._channel is None:
            self._channel = connect(self._amqp_url).channel()
            self._channel.confirm_delivery()
        self._channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
