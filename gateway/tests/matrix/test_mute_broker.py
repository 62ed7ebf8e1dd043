"""The projector on a wire that went dead without a word: it is soon on another."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from conftest import FreshDatabase
from gateway.tests.matrix.bus import Bus, count, projecting, wait_until
from gateway.tests.matrix.worlds import Act, history_of
from shared import topology
from tests.chaos.proxy import Wires

ACTS = [Act(what, 0, 0, 0) for what in ("news", "followers", "reads", "photos", "judge")]


def test_a_half_open_connection_holds_the_matrix_up_for_two_heartbeats_at_most(
    gateway: FreshDatabase, bus: Bus, matrix: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither end is told. The broker lets another take from the queue when it misses the first itself."""
    assert 2 * (topology.HEARTBEAT_S + 5) <= 30
    monkeypatch.setattr("shared.topology.HEARTBEAT_S", 1)
    wires = Wires()
    wire = wires.to(urlsplit(bus.amqp_url).port or 0)
    events = history_of(ACTS).events
    first, second = events[:3], events[3:]
    with projecting(gateway, bus, wire.over(bus.amqp_url)):
        bus.send(first)
        wait_until(lambda: count(matrix) == len(first))
        wire.forget()
        bus.send(second)
        wait_until(lambda: count(matrix) == len(events), 25)
    wires.close()


@pytest.mark.parametrize("word", [b"\x00\x14\x00\x0a", b"\x00\x3c\x00\x14"], ids=["channel", "consume"])
def test_a_broker_that_owes_the_projector_an_answer_is_left_for_a_new_connection(
    gateway: FreshDatabase, bus: Bus, matrix: Engine, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    """Its heart beats, so that no heartbeat ends the connection."""
    monkeypatch.setattr("shared.topology.HEARTBEAT_S", 600)
    monkeypatch.setattr("shared.topology.ANSWER_S", 1.0)
    met: list[int] = []

    def see(connection: int, said: bytes) -> None:
        if word in said and connection == 2 and not met:  # the first is that of who looks whether the bus is there
            met.append(connection)
            wire.forget()

    wires = Wires()
    wire = wires.to(urlsplit(bus.amqp_url).port or 0, see)
    events = history_of(ACTS).events
    with projecting(gateway, bus, wire.over(bus.amqp_url)):
        wait_until(lambda: met)
        bus.send(events)
        wait_until(lambda: count(matrix) == len(events))
    wires.close()
