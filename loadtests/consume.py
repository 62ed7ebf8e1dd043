"""Consuming into the matrix beside a bare consumer that inserts a row for each message, and one that inserts nothing.

All find their messages in a replicated queue and acknowledge after the commit. Ours opens each, checks its signature,
looks whether it was applied before, and adds it to facts and sums, up to 500 in one transaction. With ten times the
data, ten times as many events were applied before.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import text

from gateway.matrix.consumer import MatrixConsumer
from gateway.matrix.writer import Writer
from loadtests.cpu import cpu_s, family
from loadtests.history import PUBLISHED, UNIT
from loadtests.peers import ROUNDS, Comparison, Sample, compare
from loadtests.relay import Publisher
from loadtests.world import World
from loadtests.writers import connect
from shared import topology
from shared.config import Settings
from shared.contracts.consumers import CONSUMERS, MATRIX, Consumer, consumer
from shared.contracts.content.events import ArticlePublished
from shared.database import open_engine, to_microseconds, writing
from shared.envelope import Envelope, Message
from shared.events import Stored, encode
from shared.ids import new_id

EVENTS = 2000
ADDED = (2 * ROUNDS + 1) * EVENTS  # by the turns: ten times as many at their end too
PREFETCH = 1000
POLL_S = 0.005
PEER = consumer("bench.consume", ArticlePublished)


def consuming(world: World) -> list[Comparison]:
    """Return messages per second, each with its effect committed, beside two peers."""
    settings = world.settings
    topology.declare(settings.amqp_url, [*CONSUMERS, PEER])
    _apply_before(settings, world.events)
    _apply_before(world.large, 10 * (world.events + ADDED))
    owner = open_engine(settings.owner_url("content"))
    with writing(owner) as db:
        db.execute(text("create table bench_consumed (id uuid primary key, data text not null)"))
        db.execute(text("grant insert on bench_consumed to matrix_content"))
    owner.dispose()
    database = connect(settings)
    insert = _inserting(database)
    small, large = (open_engine(each.database_url("gateway")) for each in (settings, world.large))
    writers = Writer(small), Writer(large)
    what = f"consume {EVENTS} events into the matrix"
    found = [
        compare(
            "consume", what, "bare consumer, one INSERT each", "events/s",
            lambda: _ours(world, settings, writers[0]), lambda: _theirs(world, insert),
            ten=lambda: _ours(world, world.large, writers[1]),
        ),
        compare(
            "consume-only", what, "bare consumer, which only acknowledges", "events/s",
            lambda: _ours(world, settings, writers[0]), lambda: _theirs(world, lambda body: None),
        ),
    ]  # fmt: skip
    database.close()
    small.dispose()
    large.dispose()
    return found


def _apply_before(settings: Settings, events: int) -> None:
    """Note so many events as applied: only that they are known, not what they changed."""
    owner = open_engine(settings.owner_url("gateway"))
    with writing(owner) as db:
        known = "insert into applied select gen_random_uuid(), 'content', 0 from generate_series(1, :events)"
        db.execute(text(known), {"events": events})
    owner.dispose()


def messages(settings: Settings, number: int = EVENTS) -> list[Message]:
    """Return events that nobody has seen, sealed."""
    envelope = Envelope(settings.secrets)
    return [envelope.seal("content", _published(number)) for number in range(1, number + 1)]


def _published(position: int) -> Stored:
    article = new_id()
    event = replace(PUBLISHED, article_id=article, publication_id=new_id())
    return Stored(
        position=position, event_id=str(new_id()), stream=f"article-{article}", version=4, type=event.type,
        occurred_us=to_microseconds(event.published_at), recorded_us=to_microseconds(datetime.now(UTC)), actor="bench",
        unit=str(UNIT), correlation_id=str(new_id()), causation_id=None, data=encode(event), hash="00" * 32,
    )  # fmt: skip


def _ours(world: World, settings: Settings, writer: Writer) -> Sample:
    _fill(world.settings, MATRIX)
    stop = threading.Event()
    matrix = MatrixConsumer(world.settings.amqp_url, Envelope(world.settings.secrets), writer)
    with closing(connect(settings, "gateway")) as database, database.cursor() as cursor:

        def position() -> int:
            cursor.execute("select coalesce(max(position), 0) from matrix_state")
            return int(cursor.fetchone()[0])

        before, thread = position(), threading.Thread(target=matrix.run, args=(stop,))
        with _measured(world) as taken:
            thread.start()
            while position() < before + EVENTS:
                time.sleep(POLL_S)
    stop.set()
    thread.join()
    return taken[0]


def _theirs(world: World, take: Callable[[bytes], None]) -> Sample:
    _fill(world.settings, PEER)
    with closing(topology.connect(world.settings.amqp_url)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        with _measured(world) as taken:
            for method, _, body in islice(channel.consume(PEER.name), EVENTS):
                take(body)
                channel.basic_ack(method.delivery_tag)
    return taken[0]


def _inserting(database: Any) -> Callable[[bytes], None]:
    cursor = database.cursor()
    return lambda body: cursor.execute("insert into bench_consumed values (%s, %s)", (str(new_id()), body.decode()))


@contextmanager
def _measured(world: World) -> Iterator[list[Sample]]:
    """Give a list that at the end holds the rate of what was done in the block."""
    taken: list[Sample] = []
    pids = family(world.database_pid)
    used, own, started = cpu_s(pids), time.process_time(), time.perf_counter()
    yield taken
    seconds = time.perf_counter() - started
    used = cpu_s(pids) - used + time.process_time() - own
    taken.append(Sample(EVENTS / seconds, used * 1e6 / EVENTS))


def _fill(settings: Settings, queue: Consumer) -> None:
    with closing(topology.connect(settings.amqp_url)) as connection:
        connection.channel().queue_purge(queue.name)
    Publisher(settings.amqp_url, messages(settings), queue.name).run()
