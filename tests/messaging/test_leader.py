"""Of several relays one leads; one that was put out moves nothing, and keeps no connection."""

import gc
import signal
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, text

from shared.leader import Fenced, Leadership
from tests.chaos.proxy import Wire, Wires
from tests.messaging.conftest import World, wait_until
from tests.messaging.proxy import sockets_to
from tests.messaging.publishing import append, ids, positions, published


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


@pytest.fixture
def wire(world: World) -> Iterator[Wire]:
    """Give a wire to the broker."""
    wires = Wires()
    yield wires.to(urlsplit(world.settings.amqp_url).port or 0)
    wires.close()


def test_a_leader_whose_session_was_ended_leads_anew_and_keeps_no_socket_open(world: World, wire: Wire):
    world.relay(amqp_url=wire.over(world.settings.amqp_url))
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
    relay = world.relay(amqp_url=wire.over(world.settings.amqp_url))
    wait_until(lambda: relay.state == "leading")
    wire.forget()
    world.stops[-1].set()
    world.threads[-1].join(10)
    assert not world.threads[-1].is_alive()
    assert not sockets_to(wire.port)


def test_only_what_a_leader_writes_of_its_way_does_not_wait_for_the_disk(world: World):
    """A crash of the database may take back a checkpoint, whose events are published again, but never an epoch."""
    engine, said = world.log("content").engine, []
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: said.append(statement))
    with Leadership(engine, "content") as leader:
        assert leader.take()
        leader.move(1)
    told = [statement.partition("=")[0].strip() for statement in said if statement.startswith(("update", "set"))]
    assert told == ["update relay set epoch", "set synchronous_commit", "update relay set position"]
