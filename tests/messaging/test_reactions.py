"""Events on their way into a service: once and in order."""

import signal
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import select

from shared.log.tables import inbox
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import last, publish, seal, waiting


def in_inbox(world: World) -> int:
    with world.log("review").engine.connect() as db:
        return len(db.execute(select(inbox)).all())


def has_heard(world: World, unit_id: UUID, count: int) -> bool:
    return len(toys.heard(world.log("review"), unit_id)) == count


def test_every_event_has_its_effect_once_in_the_order_of_its_stream(world: World):
    world.start("service", "review")
    world.relay()
    units = [uuid4() for _ in range(3)]
    for unit_id in units:
        toys.establish(world.log("content"), unit_id)
    for n in range(10):
        for unit_id in units:
            toys.rename(world.log("content"), unit_id, f"name {n}")
    for unit_id in units:
        wait_until(partial(has_heard, world, unit_id, 11))
        assert toys.heard(world.log("review"), unit_id) == list(range(1, 12))
    wait_until(lambda: world.count() == 0)


def test_order_is_kept_when_the_first_event_must_be_tried_again(world: World):
    """F28."""
    world.start("service", "review")
    world.relay()
    unit_id, other = uuid4(), uuid4()
    toys.establish(world.log("content"), unit_id, f"late {unit_id}")
    for n in range(4):
        toys.rename(world.log("content"), unit_id, f"slow {0.02 * (4 - n)}")
    toys.establish(world.log("content"), other)
    wait_until(lambda: toys.heard(world.log("review"), other) == [1])
    assert toys.heard(world.log("review"), unit_id) == [], "one stream waits, another does not"
    wait_until(lambda: len(toys.heard(world.log("review"), unit_id)) == 5)
    assert toys.heard(world.log("review"), unit_id) == [1, 2, 3, 4, 5]
    wait_until(lambda: waiting(world) == 0)


def test_an_effect_committed_but_not_acknowledged_happens_once(world: World):
    """F29."""
    unit_id = uuid4()
    world.relay()
    killed = world.start("service", "review", FAILPOINTS="consumer.after_commit_before_ack:kill9@1")
    toys.establish(world.log("content"), unit_id)
    assert killed.wait(20) == -signal.SIGKILL
    assert toys.heard(world.log("review"), unit_id) == [1]
    world.start("service", "review")
    wait_until(lambda: world.said("service", "review").count("toy.heard") == 2)
    wait_until(lambda: world.count() == 0)
    assert toys.heard(world.log("review"), unit_id) == [1]


def test_an_effect_that_was_not_committed_happens_once_later(world: World):
    """F30."""
    unit_id = uuid4()
    world.declare()
    toys.establish(world.log("review"), uuid4())
    killed = world.start("service", "review", FAILPOINTS="append.after_insert_before_commit:kill9@2")
    world.relay()
    toys.establish(world.log("content"), unit_id)
    assert killed.wait(20) == -signal.SIGKILL
    assert toys.heard(world.log("review"), unit_id) == []
    world.start("service", "review")
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])


def test_a_message_delivered_five_times_has_its_effect_once(world: World):
    """F31."""
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id)
    event = last(world)
    for _ in range(5):
        publish(world, event.data.encode(), seal(event))
    world.start("service", "review")
    wait_until(lambda: world.said("service", "review").count("toy.heard") == 5)
    wait_until(lambda: world.count() == 0)
    assert toys.heard(world.log("review"), unit_id) == [1]
    assert in_inbox(world) == 1
