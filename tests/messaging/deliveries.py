"""Messages that tests put into a consumer's queue themselves, and what becomes of them."""

from pathlib import Path
from typing import Any

import pika
from sqlalchemy import select

from shared import topology
from shared.envelope import Envelope
from shared.log.tables import dead_letter
from shared.testing import SECRET, stored
from tests.messaging.conftest import World


def seal(recorded: Any, secret: str = SECRET) -> pika.BasicProperties:
    """Return what an event of content travels with, signed with ``secret``."""
    message = Envelope((secret,)).seal("content", stored(recorded))
    return pika.BasicProperties(
        content_type="application/json", delivery_mode=2, headers=message.headers, message_id=message.message_id
    )


def publish(world: World, body: bytes, properties: pika.BasicProperties) -> None:
    """Put a message into the consumer's queue, and wait until the broker has it."""
    world.declare()
    with world.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish(topology.EVENTS, world.consumer, body, properties, mandatory=True)


def last(world: World) -> Any:
    """Return the last event of content's log."""
    return world.log("content").read(0, 100_000).events[-1]


def waiting(world: World) -> int:
    """Return how many messages review keeps to try again."""
    with world.log("review").engine.connect() as db:
        return len(db.execute(select(dead_letter)).all())


class Exploit:
    """What a forger would put into a pickle."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)
