"""The bus for tests of the matrix: what the relay and operators do to it, and a projector that listens."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pika
from sqlalchemy import Engine, func, select

from conftest import FreshDatabase
from gateway.matrix.consumer import project
from gateway.matrix.tables import applied
from shared import topology
from shared.contracts.consumers import CONSUMERS, MATRIX
from shared.database import reading
from shared.envelope import Envelope, Message
from shared.events import Recorded
from shared.testing import SECRETS, stored


class Bus:
    """The broker as the relay and operators see it."""

    def __init__(self, amqp_url: str) -> None:
        self.amqp_url, self.envelope = amqp_url, Envelope(SECRETS)
        topology.declare(amqp_url, CONSUMERS)
        with topology.connected(amqp_url) as connection:
            for queue in (MATRIX.name, topology.dead_queue(MATRIX.name)):
                connection.channel().queue_purge(queue)

    def send(self, events: Sequence[Recorded], spoil: Callable[[Message], Message] = lambda message: message) -> None:
        """Publish the events as the relay does."""
        with topology.connected(self.amqp_url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for recorded in events:
                message = spoil(self.envelope.seal(recorded.type.partition(".")[0], stored(recorded)))
                properties = pika.BasicProperties(
                    headers=message.headers, content_type="application/json", delivery_mode=2,
                    message_id=message.message_id, type=message.type,
                )  # fmt: skip
                channel.basic_publish(topology.EVENTS, MATRIX.name, message.body, properties, mandatory=True)

    def waiting(self) -> int:
        """Return how many messages wait for the matrix."""
        with topology.connected(self.amqp_url) as connection:
            return int(connection.channel().queue_declare(MATRIX.name, passive=True).method.message_count)


@contextmanager
def projecting(gateway: FreshDatabase, bus: Bus, amqp_url: str | None = None) -> Iterator[None]:
    """Have a projector listen meanwhile, over the bus's own URL or another."""
    stop = threading.Event()
    settings = replace(gateway.settings, amqp_url=amqp_url or bus.amqp_url)
    thread = threading.Thread(target=project, args=(settings, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def count(engine: Engine) -> int:
    """Return how many events the matrix has."""
    with reading(engine) as db:
        return int(db.scalar(select(func.count()).select_from(applied)) or 0)


def wait_until(condition: Callable[[], Any], timeout: float = 40.0) -> None:
    """Return once the condition is true; fail after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not within {timeout} s"
        time.sleep(0.02)
