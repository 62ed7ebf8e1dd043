"""Publishing a log with confirms, beside a bare pika loop that sends the same messages to the same kind of queue.

The peer has its messages ready in memory; ours are read from the log, sealed and signed while it publishes.
"""

import threading
import time
from contextlib import closing
from typing import Any

import pika
from sqlalchemy import text

from infra.relays import AS_IT_IS
from loadtests.append import ROW, UNIT, connect
from loadtests.peers import Comparison, Sample, compare
from shared import topology
from shared.config import Settings
from shared.contracts.consumers import Consumer, consumer
from shared.database import asking, open_engine
from shared.envelope import Envelope, Message
from shared.events import Stored
from shared.execute import cause_of
from shared.ids import new_id
from shared.log.postgres import PostgresLog
from shared.log.store import Page
from shared.relay import WINDOW, Relay

EVENTS = 4000
BATCH = 100


def publishing(settings: Settings) -> Comparison:
    """Return messages per second, each confirmed by a replicated queue that took it."""
    log = PostgresLog("content", open_engine(settings.database_url("content")), AS_IT_IS)
    start = log.head()
    for _ in range(EVENTS // BATCH):
        log.append(f"unit-{new_id()}", [ROW] * BATCH, expected_version=0, cause=cause_of("bench"), unit=UNIT)
    envelope, receiver = Envelope(settings.secret, AS_IT_IS), consumer("bench.on-renamed", type(ROW))
    messages = [envelope.seal("content", recorded) for recorded in log.stored(start, EVENTS).events]
    topology.declare(settings.amqp_url, [receiver])
    try:
        return compare(
            "relay",
            f"publish {EVENTS} events",
            f"bare pika loop, {WINDOW} unconfirmed",
            "events/s",
            lambda: _ours(settings, log, envelope, receiver, start),
            lambda: _theirs(settings, messages, receiver),
        )
    finally:
        log.engine.dispose()


class _Watched:
    """A log that notes when it was first read, and how much processor time its reader's thread had used by then."""

    def __init__(self, log: PostgresLog) -> None:
        self.name, self.engine, self._log = log.name, log.engine, log
        self.first_read: tuple[float, float] | None = None

    def stored(self, after: int, limit: int) -> Page[Stored]:
        self.first_read = self.first_read or (time.perf_counter(), time.thread_time())
        return self._log.stored(after, limit)


def _ours(settings: Settings, log: PostgresLog, envelope: Envelope, receiver: Consumer, start: int) -> Sample:
    with asking(log.engine) as db:
        beginning = {"position": start}
        db.execute(text("insert into relay values (1, 0, 0, 0) on conflict do nothing"))
        db.execute(text("update relay set position = :position"), beginning)
    watched, stop, used = _Watched(log), threading.Event(), []
    relay = Relay(watched, settings.amqp_url, envelope, [receiver])  # type: ignore[arg-type]

    def run() -> None:
        relay.run(stop)
        used.append(time.thread_time())

    thread = threading.Thread(target=run)
    thread.start()
    end = _moment_of(settings, log.head())
    stop.set()
    thread.join()
    _purge(settings, receiver)
    assert watched.first_read is not None
    began, had_used = watched.first_read
    return Sample(EVENTS / (end - began), (used[0] - had_used) * 1e6 / EVENTS)


def _moment_of(settings: Settings, head: int) -> float:
    """Return when the checkpoint reached ``head``; asks by the bare driver, so as not to take the relay's time."""
    with closing(connect(settings)) as connection, connection.cursor() as cursor:
        position = 0
        while position < head:
            time.sleep(0.005)
            cursor.execute("select position from relay")
            (position,) = cursor.fetchone()
    return time.perf_counter()


def _theirs(settings: Settings, messages: list[Message], receiver: Consumer) -> Sample:
    publisher, used = _Publisher(settings.amqp_url, messages, receiver.name), time.process_time()
    seconds = publisher.run()
    used = time.process_time() - used
    _purge(settings, receiver)
    return Sample(len(messages) / seconds, used * 1e6 / len(messages))


def _purge(settings: Settings, receiver: Consumer) -> None:
    connection = topology.connect(settings.amqp_url)
    connection.channel().queue_purge(receiver.name)
    connection.close()


class _Publisher:
    """Sends messages with at most ``WINDOW`` unconfirmed."""

    def __init__(self, amqp_url: str, messages: list[Message], key: str) -> None:
        self._key = key
        self._ready = [(message.body, _properties(message)) for message in messages]
        self._sent = self._confirmed = 0
        self._connection = pika.SelectConnection(topology.parameters(amqp_url), on_open_callback=self._on_open)

    def run(self) -> float:
        """Return the seconds from the first message to the last confirm."""
        self._connection.ioloop.start()
        return self._ended - self._started

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.confirm_delivery(self._on_confirm, callback=self._begin)

    def _begin(self, _: Any) -> None:
        self._started = time.perf_counter()
        self._pump()

    def _on_confirm(self, frame: Any) -> None:
        self._confirmed = frame.method.delivery_tag if frame.method.multiple else self._confirmed + 1
        if self._confirmed >= len(self._ready):
            self._ended = time.perf_counter()
            self._connection.close()
            self._connection.ioloop.stop()
            return
        self._pump()

    def _pump(self) -> None:
        while self._sent < len(self._ready) and self._sent - self._confirmed < WINDOW:
            body, properties = self._ready[self._sent]
            self._channel.basic_publish(topology.EVENTS, self._key, body, properties, mandatory=True)
            self._sent += 1


def _properties(message: Message) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        message_id=message.message_id,
        type=message.type,
        headers=message.headers,
    )
