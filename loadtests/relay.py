"""Publishing a log with confirms, beside a bare pika loop that sends the same messages to the same kind of queue.

The peer has its messages ready in memory; ours are read from the log, sealed and signed while it publishes. In the
place of ten times the data, the messages are the oldest of a million that nobody published yet. Both databases are
settled before: else the checkpoint of writing a million is written while they are published.
"""

import threading
import time
from contextlib import closing
from typing import Any

import pika
from sqlalchemy import text

from infra.relays import AS_IT_IS
from infra.servers.postgres import DATABASE
from loadtests.history import write_articles
from loadtests.peers import Comparison, Sample, compare
from loadtests.world import LARGE, World
from loadtests.writers import ROW, UNIT, connect
from shared import topology
from shared.config import Settings
from shared.contracts.consumers import consumer
from shared.database import asking, open_engine
from shared.envelope import Envelope, Message
from shared.events import Stored
from shared.execute import cause_of
from shared.ids import new_id
from shared.log.postgres import PostgresLog
from shared.log.store import Page
from shared.relay import WINDOW, Relay

EVENTS = 4000
BACKLOG = 1_000_000
BATCH = 100
RECEIVER = consumer("bench.on-everything")


def publishing(world: World) -> list[Comparison]:
    """Return messages per second, each confirmed by a replicated queue that took it."""
    settings = world.settings
    backlog, far_behind = _Backlog(settings), _Backlog(world.large)
    write_articles(world.large, BACKLOG)
    _settle(world)
    messages = backlog.messages()
    topology.declare(settings.amqp_url, [RECEIVER])
    try:
        found = compare(
            "relay", f"publish {EVENTS} events", f"bare pika loop, {WINDOW} unconfirmed", "events/s",
            lambda: _ours(backlog), lambda: _theirs(settings, messages), ten=lambda: _ours(far_behind),
        )  # fmt: skip
        return [found]
    finally:
        backlog.log.engine.dispose()
        far_behind.log.engine.dispose()


def _settle(world: World) -> None:
    """Leave the server nothing to do for what was written before: no row unseen, no page unwritten."""
    for database in (DATABASE, LARGE):
        world.servers.postgres.psql(database, "--command", "vacuum analyze content.event")
    world.servers.postgres.psql(DATABASE, "--command", "checkpoint")


class _Backlog:
    """A log at whose end are events to be published."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.envelope = settings, Envelope(settings.secrets, AS_IT_IS)
        self.log = PostgresLog("content", open_engine(settings.database_url("content")), AS_IT_IS)
        self.start = self.log.head()
        for _ in range(EVENTS // BATCH):
            self.log.append(f"unit-{new_id()}", [ROW] * BATCH, expected_version=0, cause=cause_of("bench"), unit=UNIT)
        self.end = self.log.head()

    def messages(self) -> list[Message]:
        """Return them sealed."""
        return [self.envelope.seal("content", stored) for stored in self.log.stored(self.start, EVENTS).events]

    def published(self) -> int:
        """Return how many events the relay's checkpoint has passed: more than ``EVENTS`` where more wait."""
        with asking(self.log.engine) as db:
            return int(db.execute(text("select position from relay")).scalar_one()) - self.start

    def forget_publishing(self) -> None:
        """Let a relay begin before them."""
        with asking(self.log.engine) as db:
            db.execute(text("insert into relay values (1, 0, 0, 0) on conflict do nothing"))
            db.execute(text("update relay set position = :position"), {"position": self.start})


class _Watched:
    """A log that notes when it was first read, and how much processor time its reader's thread had used by then."""

    def __init__(self, log: PostgresLog) -> None:
        self.name, self.engine, self._log = log.name, log.engine, log
        self.first_read: tuple[float, float] | None = None

    def stored(self, after: int, limit: int) -> Page[Stored]:
        self.first_read = self.first_read or (time.perf_counter(), time.thread_time())
        return self._log.stored(after, limit)


def _ours(backlog: _Backlog) -> Sample:
    backlog.forget_publishing()
    watched, stop, used = _Watched(backlog.log), threading.Event(), []
    relay = Relay(watched, backlog.settings.amqp_url, backlog.envelope, [RECEIVER])  # type: ignore[arg-type]

    def run() -> None:
        relay.run(stop)
        used.append(time.thread_time())

    thread = threading.Thread(target=run)
    thread.start()
    position, end = _reached(backlog)
    stop.set()
    thread.join()
    _purge(backlog.settings)
    assert watched.first_read is not None
    began, had_used = watched.first_read
    return Sample((position - backlog.start) / (end - began), (used[0] - had_used) * 1e6 / backlog.published())


def _reached(backlog: _Backlog) -> tuple[int, float]:
    """Return the checkpoint once the backlog's end is published, and when that was.

    Asks by the bare driver, so as not to take the relay's time.
    """
    with closing(connect(backlog.settings)) as connection, connection.cursor() as cursor:
        position = 0
        while position < backlog.end:
            time.sleep(0.005)
            cursor.execute("select position from relay")
            (position,) = cursor.fetchone()
    return position, time.perf_counter()


def _theirs(settings: Settings, messages: list[Message]) -> Sample:
    publisher, used = Publisher(settings.amqp_url, messages, RECEIVER.name), time.process_time()
    seconds = publisher.run()
    used = time.process_time() - used
    _purge(settings)
    return Sample(len(messages) / seconds, used * 1e6 / len(messages))


def _purge(settings: Settings) -> None:
    connection = topology.connect(settings.amqp_url)
    connection.channel().queue_purge(RECEIVER.name)
    connection.close()


class Publisher:
    """Sends messages with at most ``WINDOW`` unconfirmed."""

    def __init__(self, amqp_url: str, messages: list[Message], key: str) -> None:
        self._key = key
        self._ready = [(message.body, _properties(message)) for message in messages]
        self.size = sum(len(body) + len(b"".join(properties.encode())) for body, properties in self._ready)  # bytes
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
