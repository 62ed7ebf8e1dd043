"""The matrix on PostgreSQL and RabbitMQ: the same answers, each message one effect, workers told."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, select, update

from conftest import FreshDatabase
from gateway.matrix.board import Board
from gateway.matrix.consumer import MatrixConsumer
from gateway.matrix.desk import Matrix
from gateway.matrix.projection import apply as fold
from gateway.matrix.rebuild import rebuild
from gateway.matrix.subscriber import Subscriber
from gateway.matrix.tables import feed, month_sum
from gateway.matrix.writer import Writer
from gateway.tests.matrix.bus import Bus, count, projecting, wait_until
from gateway.tests.matrix.kit import MemoryLog, apply, ask, rows_of
from gateway.tests.matrix.worlds import Act, history_of
from shared.contracts import SERVICES
from shared.contracts.consumers import CONSUMERS, MATRIX
from shared.database import open_engine, reading, writing
from shared.dead_letters import BrokerDeadLetters
from shared.envelope import Message
from shared.events import Recorded
from shared.log.store import Log
from shared.row_security import show_only

ACTS = [Act(what, n % 3, n * 97, n) for n in range(30) for what in ("news", "followers", "reads", "photos", "judge")]


def test_postgresql_and_sqlite_give_the_same_answers_in_any_order(matrix: Engine, model: Engine) -> None:
    """F31."""
    events = history_of(ACTS).events
    apply(model, events)
    copies = random.Random(7).sample(events * 3, len(events) * 3)
    for start in range(0, len(copies), 50):
        apply(matrix, copies[start : start + 50])
    assert rows_of(matrix) == rows_of(model)
    moment = events[len(events) // 2].recorded_at
    for period in ("2021", "2021-H2", "2021-03-17..2021-10-10"):
        for as_of in (None, moment):
            assert ask(matrix, period, as_of) == ask(model, period, as_of)
    unit = frozenset({next(iter(events)).event.unit_id})  # type: ignore[attr-defined]
    assert ask(matrix, "2021", scope=unit, kind="website") == ask(model, "2021", scope=unit, kind="website")


def test_two_writers_at_once_count_each_event_once(matrix: Engine, model: Engine) -> None:
    events = history_of(ACTS).events
    apply(model, events)

    def write(seed: int) -> None:
        mine = random.Random(seed).sample(events, len(events))
        for start in range(0, len(mine), 20):
            apply(matrix, mine[start : start + 20])

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows_of(matrix) == rows_of(model)


def test_a_rebuild_on_postgresql_needs_no_rights_that_the_gateway_has_not(matrix: Engine) -> None:
    """F42, F43."""
    events = history_of(ACTS).events
    logs = [cast(Log, MemoryLog(name, events)) for name in SERVICES]
    apply(matrix, events)
    right = rows_of(matrix)
    assert rebuild(matrix, logs).equal
    with writing(matrix) as db:
        show_only(db, None)
        db.execute(update(month_sum).values(value=77))
    assert not rebuild(matrix, logs).equal
    assert rows_of(matrix) == right


def test_what_comes_over_the_bus_in_any_order_and_twice_is_what_the_logs_say(
    gateway: FreshDatabase, bus: Bus, matrix: Engine, model: Engine
) -> None:
    """F31 over the broker."""
    events = history_of(ACTS).events
    apply(model, events)
    bus.send(random.Random(3).sample(events * 2, len(events) * 2))
    with projecting(gateway, bus):
        wait_until(lambda: count(matrix) == count(model) and bus.waiting() == 0)
    assert rows_of(matrix) == rows_of(model)
    with reading(matrix) as db:
        reached = {row.source: row.position for row in db.execute(select(feed))}
    assert all(reached[source] == max(e.position for e in events if e.type.startswith(f"{source}."))
               for source in ("content", "metrics", "media"))  # fmt: skip


def test_a_forged_or_poisonous_message_is_buried_and_the_others_are_not_held_up(
    gateway: FreshDatabase, bus: Bus, matrix: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = history_of(ACTS[:5]).events
    poison = events[-1]

    def fails(db: Any, some: Sequence[Recorded]) -> Any:
        if any(recorded.event_id == poison.event_id for recorded in some):
            raise RuntimeError("cannot be folded")
        return fold(db, some)

    monkeypatch.setattr("gateway.matrix.writer.apply", fails)
    bus.send(events[:1], spoil=lambda message: Message(**{
        **{name: getattr(message, name) for name in Message.__slots__}, "body": message.body + b" ",
    }))  # fmt: skip
    bus.send(events)
    letters = BrokerDeadLetters(bus.amqp_url, CONSUMERS)
    with projecting(gateway, bus):
        wait_until(lambda: count(matrix) == len(events) - 1 and len(letters.list(MATRIX.name)) == 2)
    reasons = sorted(letter.reason for letter in letters.list(MATRIX.name))
    assert "cannot be folded" in reasons[0] and reasons[1].startswith("message.bad_signature")
    monkeypatch.undo()
    letters.replay(MATRIX.name, str(poison.event_id))
    with projecting(gateway, bus):
        wait_until(lambda: count(matrix) == len(events))


RUN = """
import threading
from gateway.matrix.consumer import project
from shared.config import load_settings
project(load_settings(), threading.Event())
"""


@pytest.mark.parametrize("where", ["consumer.after_receive", "consumer.after_commit_before_ack"])
def test_a_projector_killed_anywhere_loses_nothing_and_counts_nothing_twice(
    gateway: FreshDatabase, bus: Bus, matrix: Engine, model: Engine, where: str
) -> None:
    events = history_of(ACTS).events
    apply(model, events)
    bus.send(events)
    env = {**os.environ, **gateway.env, "FAILPOINTS": f"{where}:kill9", "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.run([sys.executable, "-c", RUN], env=env, check=False, timeout=60)
    assert process.returncode == -signal.SIGKILL
    with projecting(gateway, bus):
        wait_until(lambda: count(matrix) == count(model) and bus.waiting() == 0)
    assert rows_of(matrix) == rows_of(model)


def test_a_database_that_is_silent_costs_time_and_no_message(
    gateway: FreshDatabase, bus: Bus, matrix: Engine, model: Engine
) -> None:
    events = history_of(ACTS).events
    apply(model, events)
    bus.send(events)
    stop = threading.Event()
    consumer = MatrixConsumer(bus.amqp_url, bus.envelope, Writer(open_engine("postgresql+psycopg2://x@127.0.0.1:1/x")))
    with pytest.raises(Exception, match="database"):
        consumer.run(stop)
    with projecting(gateway, bus):
        wait_until(lambda: count(matrix) == count(model))
    assert rows_of(matrix) == rows_of(model)


def test_workers_hear_of_a_change_at_once_and_of_services_with_nobody_at_their_queue(
    gateway: FreshDatabase, bus: Bus, matrix: Engine
) -> None:
    history = history_of(ACTS[:5])

    async def scene() -> None:
        board = Board(matrix)
        woken = asyncio.Event()
        subscriber = asyncio.create_task(Subscriber(bus.amqp_url, board.freshness, woken.set).run())
        async with asyncio.timeout(20):
            while len(board.freshness.missing(time.time())) < len(SERVICES):
                await asyncio.sleep(0.02)
            await asyncio.to_thread(bus.send, history.events)
            await woken.wait()
        subscriber.cancel()
        board.close()

    with projecting(gateway, bus):
        asyncio.run(scene())


def test_a_feed_without_a_projector_grows_old_and_is_named(gateway: FreshDatabase, bus: Bus, matrix: Engine) -> None:
    with projecting(gateway, bus):
        wait_until(lambda: Writer(matrix).positions())
    assert set(Writer(matrix).positions()) == set(SERVICES)

    async def scene() -> None:
        desk = Matrix(matrix, bus.amqp_url)
        await desk._watcher.look()
        assert desk.board.freshness.age_s(time.time()) < 15
        assert set(desk.board.freshness.missing(time.time() + 20)) == set(SERVICES)
        desk.board.close()

    asyncio.run(scene())
