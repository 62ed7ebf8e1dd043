"""What tests of the relay append, where its checkpoint is, and what they take out of a queue."""

from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tests.messaging import toys
from tests.messaging.conftest import World


def append(world: World, count: int) -> list[str]:
    """Append to ``count`` streams; return the ids of all events of the log."""
    log = world.log("content")
    for _ in range(count):
        toys.establish(log, uuid4())
    return [str(recorded.event_id) for recorded in log.read(0, 100_000).events]


def published(world: World) -> bool:
    """Return whether the checkpoint is at the log's end."""
    return bool(world.checkpoint()[0] == world.log("content").head())


def set_back(world: World, position: int) -> None:
    """Set the checkpoint back, as a restored backup of the log would; a relay that leads notices."""
    with world.log("content").engine.begin() as db:
        db.execute(text("update relay set position = :position, epoch = epoch + 1"), {"position": position})


def positions(messages: list[tuple[Any, bytes]]) -> list[int]:
    return [int(properties.headers["ce-position"]) for properties, _ in messages]


def ids(messages: list[tuple[Any, bytes]]) -> list[str]:
    return [properties.message_id for properties, _ in messages]
