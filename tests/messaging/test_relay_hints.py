"""Who sleeps is woken: an append gives its relay a hint."""

import select
from typing import Any
from uuid import uuid4

import pytest

from shared.leader import Leadership
from shared.log.postgres import PostgresLog
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.publishing import append, published


def assert_each_is_published_at_once(world: World) -> None:
    """Start a relay, and see it follow three appends, long before it would look by itself."""
    world.relay()
    for _ in range(3):
        append(world, 1)
        wait_until(lambda: published(world), timeout=20)
    world.stops[-1].set()
    append(world, 1)  # it ticks too seldom to see soon that it is to stop


def test_an_append_is_published_at_once_not_at_the_next_poll(world: World, monkeypatch: Any):
    monkeypatch.setattr("shared.relay.AWAKE_S", 0.0)  # as one that found nothing for a while
    monkeypatch.setattr("shared.relay.TICK_S", 60.0)
    monkeypatch.setattr("shared.log.postgres.QUIET_S", 0.0)
    assert_each_is_published_at_once(world)


def test_an_append_that_gives_no_hint_follows_one_that_woke_the_relay(world: World, monkeypatch: Any):
    monkeypatch.setattr("shared.relay.TICK_S", 60.0)
    monkeypatch.setattr("shared.relay.AWAKE_S", 50.0)
    monkeypatch.setattr("shared.log.postgres.QUIET_S", 60.0)
    assert_each_is_published_at_once(world)


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


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(("rest_ms", "append_ms", "hints"), [(1, 20, False), (6, 1, True), (1, 40, True)])
def test_a_slow_append_is_no_pause_unless_the_relay_may_sleep_by_then(
    world: World, monkeypatch: Any, rest_ms: int, append_ms: int, hints: bool
):
    """The mutant that counts from append to append gives busy writers a round trip more where they are slowest."""
    clock = Clock()
    monkeypatch.setattr("shared.log.postgres.time", clock)
    log = world.log("content")
    with Leadership(log.engine, log.name) as lead:
        assert lead.take()
        toys.establish(log, uuid4())
        assert select.select([lead.fileno()], [], [], 20)[0] and lead.take_hints()
        clock.now += rest_ms / 1000

        def takes_long(where: str) -> None:
            clock.now += append_ms / 1000 if where == "append.after_commit_before_reply" else 0

        monkeypatch.setattr("shared.log.postgres.failpoint", takes_long)
        toys.establish(log, uuid4())
        lead.move(0)  # a round trip: what was hinted before comes with its answer
        assert lead.take_hints() == hints


@pytest.mark.parametrize(("rest_ms", "hints"), [(6, False), (40, True)])
def test_a_short_pause_in_which_others_append_is_none(world: World, monkeypatch: Any, rest_ms: int, hints: bool):
    """The mutant that hints all the same gives writers that wait for a processor a round trip more."""
    clock = Clock()
    monkeypatch.setattr("shared.log.postgres.time", clock)
    log = world.log("content")
    other = PostgresLog(log.name, log.engine, log.registry)
    with Leadership(log.engine, log.name) as lead:
        assert lead.take()
        for each in (log, other):
            toys.establish(each, uuid4())
            assert select.select([lead.fileno()], [], [], 20)[0] and lead.take_hints()
        clock.now += rest_ms / 1000
        toys.establish(log, uuid4())
        lead.move(0)
        assert lead.take_hints() == hints


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
