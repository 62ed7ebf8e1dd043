"""From an append's commit until the matrix shows it, beside a broker round trip and an INSERT, at a fixed rate.

Ours go through a relay and a projector in processes of their own; the reader is told of the change as a worker of the
gateway is, and asks how far the matrix is. The peer publishes to a replicated queue and inserts a row for each message.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pika
from sqlalchemy import text

from infra.servers.ports import wait_until
from loadtests.history import PUBLISHED
from loadtests.peers import ROUNDS, Comparison, in_turns, latencies
from loadtests.processes import matrix
from loadtests.world import World
from loadtests.writers import connect
from shared import topology
from shared.config import Settings
from shared.contracts.consumers import CONSUMERS, consumer
from shared.contracts.content.events import ArticlePublished
from shared.database import open_engine, writing
from shared.driver import Driver
from shared.execute import cause_of
from shared.ids import new_id
from shared.log import open_log

RATES = {500: 1.0, 100: 2.5}  # appends a second, and for how many seconds in a slice; the last is next to "ten times"
USUAL = 100
PATIENCE_S = 60.0
PEER = consumer("bench.visible", ArticlePublished)


def visibility(world: World) -> list[Comparison]:
    """Return milliseconds: median and 99th percentile, at several rates; ten times: at the usual one."""
    topology.declare(world.settings.amqp_url, [*CONSUMERS, PEER])
    with _followed(world.settings, world.environment) as ours, _Peer(world.settings) as peer:
        found = {rate: in_turns(partial(ours, rate), partial(peer.slice, rate), ROUNDS)[:2] for rate in RATES}
    with _followed(world.large, world.large_environment) as ours:
        ours(USUAL)
        ten = [ours(USUAL) for _ in range(ROUNDS)]
    return [
        each
        for rate, (mine, theirs) in found.items()
        for each in latencies(
            f"visible-{rate}", f"commit to visible, {rate}/s", "publish, consume, INSERT", mine, theirs,
            ten if rate == USUAL else (),
        )
    ]  # fmt: skip


def _at_a_rate(rate: int, act: Callable[[int], None]) -> None:
    """Act ``rate`` times a second: late acts are made up for, none is left out."""
    began = time.perf_counter()
    for number in range(int(rate * RATES[rate])):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        act(number)


@contextmanager
def _followed(settings: Settings, environment: dict[str, str]) -> Iterator[Callable[[int], list[float]]]:
    """Give what measures a slice, while relay and projector run from the log's end on."""
    appender = open_log("content", open_engine(settings.database_url("content")))
    start_at(settings, appender.head())
    for queue in CONSUMERS:
        purge(settings, queue.name)
    with ExitStack() as stack:
        stack.enter_context(matrix(environment, "relay", "content"))
        stack.enter_context(matrix(environment, "project"))
        watch = stack.enter_context(_Watch(settings))

        def slice_(rate: int) -> list[float]:
            commits: dict[int, float] = {}

            def act(_: int) -> None:
                article = new_id()
                event = replace(PUBLISHED, article_id=article, publication_id=new_id())
                done = appender.append(f"article-{article}", [event], expected_version=0, cause=cause_of("bench"))
                commits[done.position] = time.perf_counter()

            _at_a_rate(rate, act)
            assert wait_until(lambda: watch.position >= max(commits), PATIENCE_S), "the matrix does not follow"
            return [(watch.seen(position) - at) * 1000 for position, at in commits.items()]

        yield slice_
    appender.engine.dispose()


def start_at(settings: Settings, head: int) -> None:
    """Let the relay begin at the log's end: the past is another row's matter."""
    engine = open_engine(settings.database_url("content"))
    with writing(engine) as db:
        db.execute(text("insert into relay values (1, 0, 0, 0) on conflict do nothing"))
        db.execute(text("update relay set position = :head"), {"head": head})
    engine.dispose()


def purge(settings: Settings, queue: str) -> None:
    connection = topology.connect(settings.amqp_url)
    connection.channel().queue_purge(queue)
    connection.close()


class _Watch:
    """Hears that the matrix moved and notes how far it is, and when that was known."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._stop = settings, threading.Event()
        self._engine = open_engine(settings.database_url("gateway"))
        self._driver = Driver(self._engine)  # bare, as the peer's
        self._known: list[tuple[int, float]] = []
        self.position = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._engine.dispose()

    def seen(self, position: int) -> float:
        """Return the moment from which on the matrix was known to have the event."""
        return next(at for known, at in self._known if known >= position)

    def _run(self) -> None:
        connection = topology.connect(self._settings.amqp_url)
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, topology.CHANGES)
        channel.basic_consume(queue, self._on_change, auto_ack=True)
        self._ready.set()
        while not self._stop.is_set():
            connection.process_data_events(0.1)
        connection.close()

    def _on_change(self, *_: Any) -> None:
        with self._driver.cursor() as cursor:
            cursor.execute("select coalesce(max(position), 0) from feed where source = 'content'")
            (position,) = cursor.fetchone()
        if position > self.position:
            self._known.append((position, time.perf_counter()))
            self.position = position


class _Peer:
    """One connection that publishes and one that consumes and inserts."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._stop = settings, threading.Event()
        self._inserted: dict[int, float] = {}
        self._thread = threading.Thread(target=self._consume)

    def __enter__(self) -> "_Peer":
        owner = open_engine(self._settings.owner_url("content"))
        with writing(owner) as db:
            db.execute(text("create table if not exists bench_seen (id uuid primary key, n integer not null)"))
            db.execute(text("grant insert on bench_seen to matrix_content"))
        owner.dispose()
        self._connection = topology.connect(self._settings.amqp_url)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def slice(self, rate: int) -> list[float]:
        """Return the latencies of a slice in milliseconds."""
        sent: dict[int, float] = {}
        self._inserted.clear()

        def act(number: int) -> None:
            sent[number] = time.perf_counter()
            properties = pika.BasicProperties(delivery_mode=2)
            self._channel.basic_publish(topology.EVENTS, PEER.name, str(number).encode(), properties, mandatory=True)

        _at_a_rate(rate, act)
        assert wait_until(lambda: len(self._inserted) == len(sent), PATIENCE_S)
        return [(self._inserted[number] - at) * 1000 for number, at in sent.items()]

    def _consume(self) -> None:
        database = connect(self._settings)
        cursor, connection = database.cursor(), topology.connect(self._settings.amqp_url)
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1000)

        def take(_: Any, method: Any, __: Any, body: bytes) -> None:
            cursor.execute("insert into bench_seen values (%s, %s)", (str(new_id()), int(body)))
            self._inserted[int(body)] = time.perf_counter()
            channel.basic_ack(method.delivery_tag)

        channel.basic_consume(PEER.name, take)
        while not self._stop.is_set():
            connection.process_data_events(0.1)
        connection.close()
        database.close()
