"""Messages that are not what they say: none is believed, opened or lost."""

import pickle
from dataclasses import replace
from typing import Any
from uuid import uuid4

from infra.runner import container_config
from shared.envelope import SIGNATURE
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import Exploit, last, publish, seal


def test_a_pickle_is_refused_and_not_opened(world: World, tmp_path: Any):
    """S45, F34."""
    canary = tmp_path / "canary"
    unit_id = uuid4()
    toys.establish(world.log("content"), unit_id)
    event = last(world)
    properties = seal(event)
    properties.content_type = "application/x-python-serialize"
    world.start("service", "review")
    publish(world, pickle.dumps(Exploit(str(canary))), properties)
    letter = wait_until(lambda: next(iter(world.dead().list()), None))
    assert letter.reason.startswith("message.content_type")
    assert not canary.exists()
    publish(world, event.data.encode(), seal(event))
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])


def test_tampered_forged_and_misrouted_messages_are_dead_at_once(world: World):
    """S47, F34."""
    toys.establish(world.log("content"), uuid4())
    event = last(world)
    world.start("service", "review")
    publish(world, event.data.encode().replace(b"Physics", b"Physicz"), seal(event))
    publish(world, event.data.encode(), seal(event, secret="of somebody else"))
    renamed = seal(event)
    renamed.headers = {**renamed.headers, "ce-type": "content.unit.merged.v1"}
    publish(world, event.data.encode(), renamed)
    unsigned = seal(event)
    unsigned.headers = {name: value for name, value in unsigned.headers.items() if name != SIGNATURE}
    publish(world, event.data.encode(), unsigned)
    for body in (b"", b"{", b"\xff\xfe", b"x" * 5_000_000):
        publish(world, body, seal(event))
    other = replace(event, type="content.unit.merged.v1", data='{"x":1}', event_id=uuid4())
    misrouted = replace(event, type="content.article.withdrawn.v9", data='{"x":1}', event_id=uuid4())
    publish(world, b'{"x":1}', seal(other))
    publish(world, b'{"x":1}', seal(misrouted))
    letters = wait_until(lambda: len(found := world.dead().list()) == 10 and found)
    codes = sorted(letter.reason.partition(":")[0] for letter in letters)
    assert codes == ["event.malformed", *["message.bad_signature"] * 7, "message.misrouted", "message.too_large"]
    assert toys.all_heard(world.log("review")) == []


def test_a_broken_compression_header_cannot_make_a_message_vanish(world: World):
    """F34: kombu would drop what it cannot unpack."""
    toys.establish(world.log("content"), uuid4())
    event = last(world)
    properties = seal(event)
    properties.headers = {**properties.headers, "compression": "application/x-gzip"}
    world.start("service", "review")
    publish(world, event.data.encode(), properties)
    letter = wait_until(lambda: next(iter(world.dead().list()), None))
    assert letter.reason == "broker: rejected"


def test_only_json_is_configured(world: World):
    """S45."""
    config = container_config(world.settings, [], toys.LADDER)
    assert config["ACCEPT"] == ["json"] and config["serializer"] == "json"
