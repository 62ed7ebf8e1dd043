"""The bus after it lost its memory: checkpoints set back, queues emptied, and a message that nobody survives."""

from typing import Any
from uuid import uuid4

from shared import topology
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.publishing import published, set_back


def test_a_checkpoint_set_back_sends_again_and_every_effect_stays_one(world: World) -> None:
    """F26."""
    world.start("service", "review")
    first = world.relay()
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id)
    for number in range(5):
        toys.rename(world.log("content"), unit_id, f"name {number}")
    wait_until(lambda: len(toys.heard(world.log("review"), unit_id)) == 6)
    heard = world.said("service", "review").count("toy.heard")
    set_back(world, 0)
    wait_until(lambda: first.state != "leading" or world.checkpoint()[1] >= 3)
    wait_until(lambda: published(world))
    wait_until(lambda: world.said("service", "review").count("toy.heard") >= heard + 6)
    wait_until(lambda: world.count() == 0)
    assert toys.heard(world.log("review"), unit_id) == [1, 2, 3, 4, 5, 6]


def test_a_broker_that_lost_its_queues_is_told_again_from_the_log(world: World) -> None:
    """F58: what was sent and not yet handled went with the queue; sent again it has its effect once."""
    world.declare()
    world.relay()
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id)
    wait_until(lambda: world.count() == 1 and published(world))
    with world.channel() as channel:
        channel.queue_delete(world.consumer)
    world.start("service", "review")
    set_back(world, 0)
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])


def test_a_message_that_nobody_survives_is_dead_and_the_others_are_not(world: World) -> None:
    """F33: who takes it dies without a word; after the delivery limit the broker buries it."""
    world.declare()
    world.relay()
    toys.establish(world.log("content"), poison := uuid4())
    toys.establish(world.log("content"), fine := uuid4())
    wait_until(lambda: world.count() == 2)

    def take_and_die() -> Any:
        with world.channel() as channel:
            channel.basic_qos(prefetch_count=1)
            method, _, _ = next(channel.consume(world.consumer))
            return method.redelivered

    for _ in range(topology.DELIVERY_LIMIT + 1):
        take_and_die()
    letter = wait_until(lambda: next(iter(world.dead().list()), None))
    assert letter.stream == f"unit-{poison}" and "delivery_limit" in letter.reason
    world.start("service", "review")
    wait_until(lambda: toys.heard(world.log("review"), fine) == [1])
    assert toys.heard(world.log("review"), poison) == []
