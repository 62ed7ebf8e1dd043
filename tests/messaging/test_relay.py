"""The relay: nothing committed is left out, nothing uncommitted is sent."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pika
import pytest
from sqlalchemy import text

from shared import topology
from shared.contracts.consumers import consumer
from shared.contracts.content.events import UnitEstablished, UnitRenamed
from shared.envelope import Envelope
from shared.execute import cause_of
from shared.failpoints import NAMES
from shared.testing import SECRETS
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.publishing import append, ids, positions, published

RELAY_FAILPOINTS = [name for name in NAMES if name.startswith("relay.")]


def test_every_committed_event_is_published_once_in_order_and_signed(world: World):
    world.declare()
    appended = append(world, 30)
    world.relay()
    wait_until(lambda: published(world))
    messages = world.take()
    assert ids(messages) == appended
    opened = [
        Envelope(SECRETS).open(properties.headers, properties.content_type, body) for properties, body in messages
    ]
    assert [str(recorded.event_id) for recorded in opened] == appended
    assert all(properties.delivery_mode == 2 for properties, _ in messages)


def test_a_page_that_splits_a_transaction_loses_nothing_and_repeats_nothing(world: World, monkeypatch: Any):
    """F27."""
    monkeypatch.setattr("shared.relay.PAGE", 3)
    log, unit_id = world.log("content"), uuid4()
    toys.establish(log, unit_id)
    names = [UnitRenamed(unit_id=unit_id, name=f"name {n}", since=toys.SINCE) for n in range(10)]
    log.append(f"unit-{unit_id}", names, expected_version=1, cause=cause_of("test"))
    world.relay()
    wait_until(lambda: published(world))
    assert positions(world.take()) == list(range(1, 12))


@pytest.mark.parametrize(
    "fault", [*(f"{name}:kill9@1" for name in RELAY_FAILPOINTS), "relay.mid_batch_publish:kill9@23"]
)
def test_a_relay_killed_anywhere_loses_nothing_and_keeps_the_order(world: World, fault: str):
    """F17."""
    world.declare()
    appended = append(world, 40)
    killed = world.start("relay", FAILPOINTS=fault)
    assert killed.wait(20) == -signal.SIGKILL
    world.relay()
    wait_until(lambda: published(world))
    messages = world.take()
    assert sorted(set(ids(messages)), key=appended.index) == appended
    assert max(Counter(ids(messages)).values()) <= 2
    first_seen = list(dict.fromkeys(positions(messages)))
    assert first_seen == sorted(first_seen)


def test_a_deleted_queue_is_noticed_before_the_checkpoint_passes_it(world: World):
    """F21."""
    other = consumer(f"{world.consumer}-other", UnitEstablished)
    world.relay([*world.consumers, other])
    append(world, 1)
    wait_until(lambda: published(world))
    world.take()
    with world.channel() as channel:
        channel.queue_delete(world.consumer)
    appended = append(world, 5)[-5:]
    wait_until(lambda: published(world))
    assert ids(world.take()) == appended, "the queue was declared again and got what it missed"
    with world.channel() as channel:
        channel.queue_delete(other.name)
        channel.queue_delete(topology.dead_queue(other.name))


def test_a_naive_relay_loses_what_a_deleted_queue_should_have_got(world: World):
    """F21, mutant: published once under its type, an event is confirmed when any queue takes it."""
    with world.channel() as channel:
        channel.exchange_declare("naive", "topic")
        for name in (f"{world.consumer}-a", f"{world.consumer}-b"):
            channel.queue_declare(name, exclusive=True)
            channel.queue_bind(name, "naive", "content.#")
        channel.confirm_delivery()
        channel.queue_delete(f"{world.consumer}-b")
        channel.basic_publish("naive", "content.unit.established.v1", b"{}", mandatory=True)
        assert channel.queue_declare(f"{world.consumer}-a", passive=True).method.message_count == 1
        channel.exchange_delete("naive")


def test_a_deleted_exchange_is_declared_again_and_nothing_is_lost(world: World):
    """F22."""
    world.relay()
    append(world, 1)
    wait_until(lambda: published(world))
    with world.channel() as channel:
        channel.exchange_delete(topology.EVENTS)
    appended = append(world, 5)
    wait_until(lambda: published(world))
    assert sorted(set(ids(world.take()))) == sorted(appended)


def test_a_message_that_is_refused_is_sent_again_later_without_a_busy_loop(world: World):
    """F20."""
    name = f"{world.consumer}-full"
    with world.channel() as channel:
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare(name, durable=True, arguments=arguments)
        channel.exchange_declare(topology.EVENTS, "topic", durable=True)
        channel.queue_bind(name, topology.EVENTS, world.consumer)
    world.declare()
    relay = world.relay()
    append(world, 3)
    wait_until(lambda: relay.state.startswith("failing"))
    position = world.checkpoint()[0]
    assert position < 3
    time.sleep(0.5)
    assert world.count() < 60, "a pause between the attempts"
    with world.channel() as channel:
        channel.queue_delete(name)
    wait_until(lambda: published(world))
    assert set(positions(world.take())) == {1, 2, 3}


def test_a_relay_told_to_stop_finishes_what_it_sent(world: World):
    world.declare()
    process = world.start("relay")
    wait_until(lambda: world.checkpoint()[1] == 1)
    appended = append(world, 20)
    process.terminate()
    assert process.wait(10) == 0
    assert world.checkpoint()[0] == world.count() <= len(appended)


@contextmanager
def rolled_back(world: World) -> Iterator[None]:
    """Append an event, let the caller act before the commit, then take it back."""
    statement = (
        "select append_events(:stream, 0, array[cast(:id as uuid)], array['content.unit.renamed.v1'],"
        " array['{}'], array[cast(null as bigint)], 'test', null, cast(:by as uuid), null, null, null, null, null)"
    )
    with world.log("content").engine.connect() as db:
        transaction = db.begin()
        db.execute(text(statement), {"stream": f"unit-{uuid4()}", "id": str(uuid4()), "by": str(uuid4())})
        yield
        transaction.rollback()


def test_uncommitted_events_are_never_sent(world: World):
    """G6."""
    world.declare()
    world.relay()
    with rolled_back(world):
        time.sleep(0.7)
        assert world.count() == 0
    append(world, 1)
    wait_until(lambda: published(world))
    assert positions(world.take()) == [2]


def test_a_naive_service_that_sends_what_it_appends_sends_what_was_never_committed(world: World):
    """G6: what the test above would see without a relay that reads the log."""
    world.declare()
    with world.channel() as channel, rolled_back(world):
        channel.basic_publish("", world.consumer, b"{}")
    wait_until(lambda: world.count() == 1)
    assert world.log("content").read(0, 10).events == []


def test_the_retry_queues_have_the_written_names():
    names = [topology.retry_queue(delay) for delay in topology.LADDER]
    assert names == ["matrix.retry.1s", "matrix.retry.5s", "matrix.retry.30s", "matrix.retry.5m"]


def test_the_messages_of_a_turn_leave_in_one_piece(world: World, monkeypatch: Any):
    """Fails where pika hands its frames on by another way than ``_adapter_emit_data``."""
    pieces: list[bytes] = []
    emit = pika.SelectConnection._adapter_emit_data

    def watched(connection: Any, data: bytes) -> None:
        pieces.append(data)
        emit(connection, data)

    monkeypatch.setattr(pika.SelectConnection, "_adapter_emit_data", watched)
    append(world, 30)
    world.relay()
    wait_until(lambda: published(world))
    assert [count for piece in pieces if (count := piece.count(b"ce-signature"))] == [30]
    assert world.count() == 30
