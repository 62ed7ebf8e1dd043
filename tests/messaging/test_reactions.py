"""Events on their way into a service: once, in order, one fate each."""

import json
import pickle
import signal
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import eventlet
import pika
from sqlalchemy import select

from infra.runner import container_config
from shared import topology
from shared.envelope import SIGNATURE, Envelope
from shared.log.tables import dead_letter, inbox
from shared.testing import SECRET, stored
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until


def seal(world: World, recorded: Any, secret: str = SECRET) -> pika.BasicProperties:
    message = Envelope((secret,)).seal("content", stored(recorded))
    return pika.BasicProperties(
        content_type="application/json", delivery_mode=2, headers=message.headers, message_id=message.message_id
    )


def publish(world: World, body: bytes, properties: pika.BasicProperties) -> None:
    world.declare()
    with world.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish(topology.EVENTS, world.consumer, body, properties, mandatory=True)


def last(world: World) -> Any:
    return world.log("content").read(0, 100_000).events[-1]


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


def waiting(world: World) -> int:
    with world.log("review").engine.connect() as db:
        return len(db.execute(select(dead_letter)).all())


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
        publish(world, event.data.encode(), seal(world, event))
    world.start("service", "review")
    wait_until(lambda: world.said("service", "review").count("toy.heard") == 5)
    wait_until(lambda: world.count() == 0)
    assert toys.heard(world.log("review"), unit_id) == [1]
    assert in_inbox(world) == 1


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
    world.declare()
    toys.establish(world.log("content"), uuid4(), "poison")
    event = last(world)
    with world.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish(topology.DEAD, world.consumer, event.data.encode(), seal(world, event), mandatory=True)
    for _ in range(25):
        assert len(world.dead().list(world.consumer)) == 1


def test_a_letter_that_is_dead_again_at_once_is_replayed_once(world: World):
    """The mutant walks on while there is a letter, and would replay this one for ever."""
    world.declare()
    toys.establish(world.log("content"), uuid4(), "poison")
    event = last(world)
    with world.channel() as channel:
        channel.confirm_delivery()
        channel.queue_bind(topology.dead_queue(world.consumer), topology.EVENTS, world.consumer)  # back at once
        channel.basic_publish(topology.DEAD, world.consumer, event.data.encode(), seal(world, event), mandatory=True)
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


class Exploit:
    """What a forger would put into a pickle."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)


def test_a_pickle_is_refused_and_not_opened(world: World, tmp_path: Any):
    """S45, F34."""
    canary = tmp_path / "canary"
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id)
    event = last(world)
    properties = seal(world, event)
    properties.content_type = "application/x-python-serialize"
    world.start("service", "review")
    publish(world, pickle.dumps(Exploit(str(canary))), properties)
    letter = wait_until(lambda: next(iter(world.dead().list()), None))
    assert letter.reason.startswith("message.content_type")
    assert not canary.exists()
    publish(world, event.data.encode(), seal(world, event))
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])


def test_tampered_forged_and_misrouted_messages_are_dead_at_once(world: World):
    """S47, F34."""
    toys.establish(world.log("content"), uuid4())
    event = last(world)
    world.start("service", "review")
    publish(world, event.data.encode().replace(b"Physics", b"Physicz"), seal(world, event))
    publish(world, event.data.encode(), seal(world, event, secret="of somebody else"))
    renamed = seal(world, event)
    renamed.headers = {**renamed.headers, "ce-type": "content.unit.merged.v1"}
    publish(world, event.data.encode(), renamed)
    unsigned = seal(world, event)
    unsigned.headers = {name: value for name, value in unsigned.headers.items() if name != SIGNATURE}
    publish(world, event.data.encode(), unsigned)
    for body in (b"", b"{", b"\xff\xfe", b"x" * 5_000_000):
        publish(world, body, seal(world, event))
    other = replace(event, type="content.unit.merged.v1", data='{"x":1}', event_id=uuid4())
    misrouted = replace(event, type="content.article.withdrawn.v9", data='{"x":1}', event_id=uuid4())
    publish(world, b'{"x":1}', seal(world, other))
    publish(world, b'{"x":1}', seal(world, misrouted))
    letters = wait_until(lambda: len(found := world.dead().list()) == 10 and found)
    codes = sorted(letter.reason.partition(":")[0] for letter in letters)
    assert codes == ["event.malformed", *["message.bad_signature"] * 7, "message.misrouted", "message.too_large"]
    assert toys.all_heard(world.log("review")) == []


def test_a_broken_compression_header_cannot_make_a_message_vanish(world: World):
    """F34: kombu would drop what it cannot unpack."""
    toys.establish(world.log("content"), uuid4())
    event = last(world)
    properties = seal(world, event)
    properties.headers = {**properties.headers, "compression": "application/x-gzip"}
    world.start("service", "review")
    publish(world, event.data.encode(), properties)
    letter = wait_until(lambda: next(iter(world.dead().list()), None))
    assert letter.reason == "broker: rejected"


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
    publish(world, event.data.encode(), seal(world, event))
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


def test_only_json_is_configured(world: World):
    """S45."""
    config = container_config(world.settings, [], toys.LADDER)
    assert config["ACCEPT"] == ["json"] and config["serializer"] == "json"
