"""A service's process: what it waits for, what it survives, and how it ends."""

import time
from typing import Any
from uuid import uuid4

import eventlet

from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import last, publish, seal


def test_consumers_survive_the_loss_of_their_connection_and_of_their_queue(world: World):
    world.start("service", "review")
    world.relay()
    first, second = uuid4(), uuid4()
    toys.establish(world.log("content"), first)
    wait_until(lambda: toys.heard(world.log("review"), first) == [1])
    with world.channel() as channel:
        channel.queue_delete(world.consumer)
    toys.establish(world.log("content"), second)
    # Relay and service declare the queue at once; a broker in the midst of that may keep one of them waiting.
    wait_until(lambda: toys.heard(world.log("review"), second) == [1], 120)


def test_a_service_told_twice_to_stop_finishes_what_it_has_in_hand_and_ends(world: World):
    process = world.start("service", "review")
    world.relay()
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id, "slow 1.0")
    wait_until(lambda: "toy.heard" in world.said("service", "review"))
    process.terminate()
    time.sleep(0.1)
    process.terminate()
    assert process.wait(10) == 0
    assert toys.heard(world.log("review"), unit_id) == [1]
    assert world.count() == 0


def test_a_database_that_is_away_is_waited_for_and_nothing_dies(world: World, servers: Any):
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id)
    event = last(world)
    world.start("service", "review")
    wait_until(lambda: "service.started" in world.said("service", "review"))
    database = world.log("review").engine.url.database
    world.log("review").engine.dispose()
    servers.postgres.psql("postgres", "--command", f"alter database {database} allow_connections false")
    cut = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
    servers.postgres.psql("postgres", "--command", cut)
    publish(world, event.data.encode(), seal(event))
    wait_until(lambda: "message.held" in world.said("service", "review"))
    servers.postgres.psql("postgres", "--command", f"alter database {database} allow_connections true")
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])
    assert world.dead().list() == []


def test_timers_and_defaults_run_in_a_service_process(world: World):
    world.start("service", "review")
    wait_until(lambda: world.log("review").load("default"))
    wait_until(lambda: "toy.ticked" in world.said("service", "review"))


def test_the_test_process_itself_is_not_patched():
    assert not eventlet.patcher.is_monkey_patched("socket")
