"""Exchanges and queues of the bus, by name, and their declaration.

An event goes to ``matrix.events`` once for each consumer that takes it, under the consumer's name: the broker says of
each copy whether a queue took it. (Published once under its type, it would be confirmed as long as any queue took it,
and a consumer whose queue is missing would lose it without a word.) A copy to be tried again waits in a queue of the
retry ladder and comes back through ``matrix.events``; one that was given up goes to ``matrix.dead``.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from shared.contracts.consumers import Consumer
from shared.errors import Unavailable
from shared.gathering import GatheringConnection

EVENTS = "matrix.events"
DEAD = "matrix.dead"
CHANGES = "matrix.changes"
REQUESTS = "nameko-rpc"
LADDER: tuple[float, ...] = (1, 5, 30, 300)
DELIVERY_LIMIT = 20
NO_DELIVERY_LIMIT = 1_000_000_000  # RabbitMQ 4 drops after 20 deliveries unless told; listing a queue is a delivery
HEARTBEAT_S = 10
ANSWER_S, CLOSE_S = 15.0, 2.0
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


def connect(amqp_url: str) -> pika.BlockingConnection:
    """Return a blocking connection to the broker."""
    return pika.BlockingConnection(parameters(amqp_url))


def parameters(amqp_url: str) -> pika.URLParameters:
    """Return connection parameters: pika notices a dead peer within 30 s, the broker too.

    pika looks every heartbeat and 5 s whether anything came, and so needs up to two of these.
    """
    found = pika.URLParameters(amqp_url)
    found.heartbeat = HEARTBEAT_S
    found.socket_timeout = 5
    found.blocked_connection_timeout = None  # a full broker is waited for, not left
    return found


def declare(amqp_url: str, consumers: Sequence[Consumer], ladder: Sequence[float] = LADDER) -> None:
    """Make sure that everything of the bus is there; what is there stays as it is.

    Raises:
        AMQPError: there is no broker, or it refuses.
        TimeoutError: it owed an answer for ``ANSWER_S`` seconds.
    """

    def say(channel: Any) -> None:
        for name, kind in ((EVENTS, "topic"), (DEAD, "direct"), (CHANGES, "fanout"), (REQUESTS, "topic")):
            channel.exchange_declare(name, kind, durable=True, callback=_heard)
        for delay in ladder:
            name = retry_queue(delay)
            channel.exchange_declare(name, "fanout", durable=True, callback=_heard)
            channel.queue_declare(name, durable=True, arguments=retry_arguments(delay), callback=_heard)
            channel.queue_bind(name, name, callback=_heard)
        for consumer in consumers:
            dead, kept = dead_queue(consumer.name), {**QUORUM, "x-delivery-limit": NO_DELIVERY_LIMIT}
            channel.queue_declare(dead, durable=True, arguments=kept, callback=_heard)
            channel.queue_bind(dead, DEAD, routing_key=consumer.name, callback=_heard)
            wanted = queue_arguments(consumer.name)
            channel.queue_declare(consumer.name, durable=True, arguments=wanted, callback=_heard)
            channel.queue_bind(consumer.name, EVENTS, routing_key=consumer.name, callback=_heard)

    _Talk(amqp_url, say).run()


def ensure(amqp_url: str, consumers: Sequence[Consumer], ladder: Sequence[float] = LADDER) -> None:
    """Return when everything of the bus is there; declare it where something is missing and this user may.

    Raises:
        AMQPError: something is missing, and only the relay may declare it: try again when it has.
        TimeoutError: the broker owed an answer for ``ANSWER_S`` seconds.
    """
    if not _is_there(amqp_url, consumers, ladder):
        declare(amqp_url, consumers, ladder)


def _is_there(amqp_url: str, consumers: Sequence[Consumer], ladder: Sequence[float]) -> bool:
    retries = [retry_queue(delay) for delay in ladder]

    def say(channel: Any) -> None:
        for exchange in (EVENTS, DEAD, CHANGES, REQUESTS, *retries):
            channel.exchange_declare(exchange, passive=True, callback=_heard)
        for queue in (*retries, *(name for each in consumers for name in (dead_queue(each.name), each.name))):
            channel.queue_declare(queue, passive=True, callback=_heard)

    try:
        _Talk(amqp_url, say).run()
    except ChannelClosedByBroker:
        return False
    return True


def _heard(_: Any) -> None:
    """Make pika wait for the broker's answer before it sends what comes next."""


class _Talk:
    """A connection on which something is said, until the broker answered all of it.

    Not one of pika's blocking connections: these wait for an answer without end as long as the broker's heart beats,
    and a broker in which a queue is deleted and declared at once may owe one.
    """

    def __init__(self, amqp_url: str, say: Callable[[Any], None]) -> None:
        self._say = say
        self._error: Exception | None = None
        self._ended = False
        self._connection = GatheringConnection(
            parameters(amqp_url),
            on_open_callback=self._on_open,
            on_open_error_callback=lambda _, error: self._on_closed(error),
            on_close_callback=lambda _, error: self._on_closed(error),
        )
        self._loop = self._connection.ioloop

    def run(self) -> None:
        """Return when all is answered. Raises: AMQPError: it was refused. TimeoutError: the broker owes an answer."""
        try:
            self._loop.start()
        finally:
            self._loop.close()
        if self._error is not None:
            raise self._error

    def _on_open(self, connection: Any) -> None:
        late = TimeoutError(f"the broker owes an answer for {ANSWER_S:g} s")
        self._loop.call_later(ANSWER_S, lambda: self._end(late))
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(lambda _, error: self._end(error))
        self._say(channel)
        channel.basic_qos(callback=lambda _: self._end(None))  # answered after all the others

    def _on_closed(self, error: Exception) -> None:
        if not self._ended:
            self._error = error
        self._loop.stop()

    def _end(self, error: Exception | None) -> None:
        if self._ended:
            return
        self._ended, self._error = True, error
        if self._connection.is_open:
            self._connection.close()
        self._loop.call_later(CLOSE_S, self._connection.let_go)


class Sender:
    """Sends single messages, each confirmed by the queue that took it. One connection, one message at a time."""

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
