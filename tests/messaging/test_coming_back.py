"""How long nobody publishes and nobody takes after broker or database are back: two seconds at most, whoever waits."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.connection import Connection
from nameko.messaging import QueueConsumer

from gateway import rpc
from infra.servers.ports import free_port
from shared.messaging import connections, reactions
from shared.relay import Relay

LONGEST_S = 2.0


class Enough(Exception):
    """Ends the trying."""


class Patient(threading.Event):
    """Is never set, and notes how long it was asked to wait instead of waiting."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock[0] += timeout or 0.0
        return False


@pytest.mark.parametrize("failures", [1, 3, 8, 40])
def test_a_relay_that_failed_often_waits_no_longer_than_two_seconds(
    monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    clock = [0.0]
    monkeypatch.setattr("shared.relay.time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr("shared.relay.random", SimpleNamespace(uniform=lambda _, most: most))
    Relay._pause(failures, Patient(clock))
    assert 0 < clock[0] <= LONGEST_S


def pauses_of(consumer: Any, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long a consumer waits before each of its attempts at a broker that is not there."""
    pauses: list[float] = []

    def note(error: Exception, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == 10:
            raise Enough

    nowhere = Connection(f"amqp://127.0.0.1:{free_port()}//")
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    monkeypatch.setattr(type(consumer), "connection", nowhere)
    consumer.on_connection_error = note
    with pytest.raises(Enough), consumer.establish_connection():
        pass
    return pauses


def test_a_consumer_tries_again_at_least_every_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(pauses_of(connections.PromptConsumer(), monkeypatch)) == LONGEST_S


def test_as_nameko_does_it_a_consumer_would_wait_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant."""
    assert max(pauses_of(QueueConsumer(), monkeypatch)) >= 10


def test_every_consumer_of_a_service_is_such_a_one() -> None:
    from shared.messaging.requests import RpcConsumer

    assert issubclass(reactions.EventConsumer, connections.PromptConsumer)
    assert isinstance(RpcConsumer.queue_consumer, connections.PromptConsumer)


def test_calls_and_held_messages_wait_no_longer_either() -> None:
    assert max(rpc.MAX_BACKOFF_S, reactions.MAX_PAUSE_S) <= LONGEST_S
