"""The relay: nothing committed is left out, nothing uncommitted is sent, one leads."""

import gc
import select
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
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
from shared.leader import Fenced, Leadership
from shared.testing import SECRETS
from tests.chaos.proxy import Wire, Wires
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.proxy import sockets_to

RELAY_FAILPOINTS = [name for name in NAMES if name.startswith("relay.")]


def append(world: World, count: int) -> list[str]:
    """Append to ``count`` streams; return the ids of all events of the log."""
    log = world.log("content")
    for _ in range(count):
        toys.establish(log, uuid4())
    return [str(recorded.event_id) for recorded in log.read(0, 100_000).events]


def published(world: World) -> bool:
    """Return whether the checkpoint is at the log's end."""
    return bool(world.checkpoint()[0] == world.log("content").head())


def end_at_a_hint(world: World) -> None:
    """End a relay that ticks too seldom to see soon that it is to stop."""
    world.stops[-1].set()
    append(world, 1)


def positions(messages: list[tuple[Any, bytes]]) -> list[int]:
    return [int(properties.headers["ce-position"]) for properties, _ in messages]


def ids(messages: list[tuple[Any, bytes]]) -> list[str]:
    return [properties.message_id for properties, _ in messages]


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


def test_an_append_is_published_at_once_not_at_the_next_poll(world: World, monkeypatch: Any):
    monkeypatch.setattr("shared.relay.AWAKE_S", 0.0)  # as one that found nothing for a while
    monkeypatch.setattr("shared.relay.TICK_S", 60.0)
    monkeypatch.setattr("shared.log.postgres.QUIET_S", 0.0)
    world.relay()
    for _ in range(3):
        append(world, 1)
        wait_until(lambda: published(world), timeout=20)
    end_at_a_hint(world)


def test_an_append_that_gives_no_hint_follows_one_that_woke_the_relay(world: World, monkeypatch: Any):
    monkeypatch.setattr("shared.relay.TICK_S", 60.0)
    monkeypatch.setattr("shared.relay.AWAKE_S", 50.0)
    monkeypatch.setattr("shared.log.postgres.QUIET_S", 60.0)
    world.relay()
    for _ in range(3):
        append(world, 1)
        wait_until(lambda: published(world), timeout=20)
    end_at_a_hint(world)


def test_a_process_that_appends_without_a_pause_gives_one_hint(world: World, monkeypatch: Any):
    monkeypatch.setattr("shared.log.postgres.QUIET_S", 60.0)
    log = world.log("content")
    with Leadership(log.engine, log.name) as lead:
        assert lead.take()
        for _ in range(5):
            toys.establish(log, uuid4())
        select.select([lead.fileno()], [], [], 20)
        assert lead.take_hints()
        monkeypatch.setattr("shared.log.postgres.QUIET_S", 0.0)
        toys.establish(log, uuid4())
        select.select([lead.fileno()], [], [], 20)
        assert lead.take_hints() and not lead.take_hints()


def test_a_hint_that_comes_with_the_answer_to_a_checkpoint_is_heard(world: World):
    """The socket is quiet then: a relay that waited for it alone would sleep beside a waiting event."""
    log = world.log("content")
    with Leadership(log.engine, log.name) as lead:
        assert lead.take()
        toys.establish(log, uuid4())
        assert select.select([lead.fileno()], [], [], 20)[0]
        lead.move(0)
        assert not select.select([lead.fileno()], [], [], 0)[0]
        assert lead.take_hints()


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


def test_only_one_of_two_relays_publishes_and_the_other_takes_over_within_five_seconds(world: World):
    """F23."""
    first = world.start("relay")
    wait_until(lambda: world.checkpoint()[1] == 1)
    second = world.relay()
    append(world, 10)
    wait_until(lambda: published(world))
    assert positions(world.take()) == list(range(1, 11))
    assert second.state == "standby"
    first.kill()
    killed = time.monotonic()
    append(world, 1)
    wait_until(lambda: published(world))
    assert time.monotonic() - killed < 5
    assert world.checkpoint()[1] == 2


def test_a_leader_that_overslept_is_fenced(world: World, monkeypatch: Any):
    """F23: the frozen leader keeps its session; the other ends it, and awake again it can move nothing."""
    monkeypatch.setattr("shared.leader.STALE_US", 1_000_000)
    frozen = world.start("relay")
    wait_until(lambda: world.checkpoint()[1] == 1)
    frozen.send_signal(signal.SIGSTOP)
    append(world, 5)
    world.relay()
    wait_until(lambda: published(world))
    assert world.checkpoint()[1] == 2
    world.take()
    frozen.send_signal(signal.SIGCONT)
    appended = append(world, 5)
    wait_until(lambda: published(world))
    time.sleep(1)
    assert world.checkpoint() == (10, 2)
    assert set(ids(world.take())) >= set(appended[-5:])
    assert "relay.failed" in world.said("relay") or "relay.fenced" in world.said("relay")


def test_the_epoch_fences_even_who_still_holds_a_session(world: World):
    """F23: the checkpoint moves for the epoch that leads, and for no other."""
    engine = world.log("content").engine
    with Leadership(engine, "content") as zombie, Leadership(engine, "content") as leader:
        assert zombie.take()
        assert not leader.take()
        with engine.begin() as db:
            db.execute(text("update relay set epoch = epoch + 1"))
        with pytest.raises(Fenced):
            zombie.move(1)
    assert world.checkpoint() == (0, 2)


def test_a_naive_checkpoint_lets_a_zombie_jump_over_events(world: World):
    """F23, mutant: without the epoch in its condition the update of a zombie is done."""
    engine = world.log("content").engine
    with Leadership(engine, "content") as zombie:
        assert zombie.take()
        with engine.begin() as db:
            db.execute(text("update relay set epoch = epoch + 1"))
            assert db.execute(text("update relay set position = 99 where id = 1")).rowcount == 1
    assert world.checkpoint() == (99, 2)


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


@pytest.fixture
def wire(world: World) -> Iterator[Wire]:
    """Give a wire to the broker."""
    wires = Wires()
    yield wires.to(urlsplit(world.settings.amqp_url).port or 0)
    wires.close()


def over(wire: Wire, world: World) -> str:
    """Return the broker's address at this end of the wire."""
    url = urlsplit(world.settings.amqp_url)
    return url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{wire.port}").geturl()


def test_a_leader_whose_session_was_ended_leads_anew_and_keeps_no_socket_open(world: World, wire: Wire):
    world.relay(amqp_url=over(wire, world))
    wait_until(lambda: world.checkpoint()[1] == 1)
    gc.disable()  # what holds an error is let go at some time anyway
    try:
        with world.log("content").engine.begin() as db:
            db.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%'"))
        wait_until(lambda: world.checkpoint()[1] == 2)
        append(world, 1)
        wait_until(lambda: published(world))
        assert len(sockets_to(wire.port)) == 1
    finally:
        gc.enable()


def test_a_broker_that_does_not_answer_a_close_keeps_no_socket_open(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.relay.CLOSE_S", 0.1)
    relay = world.relay(amqp_url=over(wire, world))
    wait_until(lambda: relay.state == "leading")
    wire.forget()
    world.stops[-1].set()
    world.threads[-1].join(10)
    assert not world.threads[-1].is_alive()
    assert not sockets_to(wire.port)
