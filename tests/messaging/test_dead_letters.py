"""What cannot be handled is put aside: listed, replayed and dropped by who looks after it."""

import json
import time
from uuid import uuid4

import pika

from shared import topology
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import last, seal, waiting


def bury(world: World) -> None:
    """Have one message lie among the dead."""
    world.declare()
    toys.establish(world.log("content"), uuid4(), "poison")
    event = last(world)
    with world.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish(topology.DEAD, world.consumer, event.data.encode(), seal(event), mandatory=True)


def test_a_poison_message_is_tried_along_the_ladder_then_dead_and_can_be_replayed(world: World):
    """F32: what may come right is tried along the ladder; what cannot is dead at once; nothing behind it waits."""
    world.start("service", "review")
    world.relay()
    never, poison, fine = uuid4(), uuid4(), uuid4()
    toys.establish(world.log("content"), never, "never")
    toys.establish(world.log("content"), poison, "poison")
    toys.establish(world.log("content"), fine)
    wait_until(lambda: toys.heard(world.log("review"), fine) == [1])
    letters = wait_until(lambda: len(found := world.dead().list()) == 2 and found)
    by_stream = {letter.stream: letter for letter in letters}
    given_up, dead = by_stream[f"unit-{never}"], by_stream[f"unit-{poison}"]
    assert (given_up.attempts, dead.attempts) == (1 + len(toys.LADDER), 1)
    assert given_up.reason == "toy.not_there: it is not there yet"
    assert dead.reason.startswith("ValueError: cannot be handled | on_unit (")
    assert given_up.first_at < given_up.last_at
    assert json.loads(dead.data)["name"] == "poison"
    assert world.dead().show(world.consumer, dead.id) == dead
    assert world.dead().replay(world.consumer, dead.id) == 1
    wait_until(lambda: world.said("service", "review").count('"name": "poison"') == 2)
    wait_until(lambda: len(world.dead().list()) == 2)
    assert world.dead().drop(world.consumer) == 2
    assert world.dead().list() == []
    assert waiting(world) == 0


def test_listing_dead_letters_again_and_again_loses_none(world: World):
    bury(world)
    for _ in range(25):
        assert len(world.dead().list(world.consumer)) == 1


def test_a_letter_that_is_dead_again_at_once_is_replayed_once(world: World):
    """The mutant walks on while there is a letter, and would replay this one for ever."""
    bury(world)
    with world.channel() as channel:
        channel.queue_bind(topology.dead_queue(world.consumer), topology.EVENTS, world.consumer)  # back at once
    assert world.dead().replay(world.consumer) == 1
    assert len(world.dead().list(world.consumer)) == 1


def test_the_stock_handler_loses_the_message_whose_handling_failed(world: World):
    """F32, mutant: nameko's own event handler acknowledges what it could not handle."""
    queue = f"evt-toy-told--stock.{world.consumer}"
    world.start("stock", queue)
    wait_until(lambda: "stock.started" in world.said("stock", queue))
    with world.channel() as channel:
        channel.confirm_delivery()
        body = json.dumps({"name": "poison"}).encode()
        properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
        channel.basic_publish("toy.events", "told", body, properties, mandatory=True)
    wait_until(lambda: "error handling worker" in world.said("stock", queue))
    time.sleep(0.3)
    with world.channel() as channel:
        assert channel.queue_declare("evt-toy-told--stock.told", passive=True).method.message_count == 0
