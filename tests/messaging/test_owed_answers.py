"""A broker whose heart beats and that owes an answer: nobody waits for it without end, and what was to be done is."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pika
import pytest

from infra.servers import Servers
from infra.servers.packages import rabbitmq_server
from shared import topology
from shared.errors import Unavailable
from shared.impatient import ImpatientConnection
from tests.chaos.proxy import Wire, Wires
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.proxy import sockets_to

PROMPTLY_S = 10.0
CONFIRMS, BODY = b"\x00\x55\x00\x0a", b'{"toy": 1}'  # asks for confirms, as class and method; ends a message
LOW, AS_BEFORE = "1", "1GB"


class Mute:
    """A wire to the broker that passes on the first thing with a word in it; connections open by then are mute."""

    def __init__(self, wires: Wires, amqp_url: str) -> None:
        self._word: bytes | None = None
        self.connections: set[int] = set()
        self.wire: Wire = wires.to(urlsplit(amqp_url).port or 0, self._see)
        self.url = self.wire.over(amqp_url)

    def at(self, word: bytes) -> None:
        """Fall silent at this word, once."""
        self._word = word

    def _see(self, connection: int, said: bytes) -> None:
        self.connections.add(connection)
        if self._word is not None and self._word in said:
            self._word = None
            self.wire.forget()


@pytest.fixture
def mute(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mute]:
    """Give such a wire; no missing heartbeat ends a connection over it, and patience is short."""
    monkeypatch.setattr("shared.topology.HEARTBEAT_S", 600)
    monkeypatch.setattr("shared.topology.ANSWER_S", 0.5)
    wires = Wires()
    yield Mute(wires, world.settings.amqp_url)
    wires.close()


def promptly(act: Callable[[], Any]) -> Any:
    """Return what ``act`` returns, or the error it ends with; fail when it waits on."""
    ends: list[Any] = []

    def run() -> None:
        try:
            ends.append(act())
        except Exception as error:
            ends.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PROMPTLY_S)
    assert ends, "it waits without end"
    return ends[0]


@pytest.mark.parametrize("act", [topology.declare, topology.ensure])
def test_a_declaration_that_is_not_answered_is_given_up(world: World, mute: Mute, act: Callable[..., None]) -> None:
    """F25: of a queue that is being deleted it may go unanswered."""
    mute.at(world.consumer.encode())
    assert isinstance(promptly(lambda: act(mute.url, world.consumers, toys.LADDER)), TimeoutError)
    assert not sockets_to(mute.wire.port)
    act(mute.url, world.consumers, toys.LADDER)


def test_who_looks_and_finds_something_missing_declares_it_on_the_same_connection(world: World, mute: Mute) -> None:
    """Else it waits for a broker that is slow to answer twice as long."""
    topology.ensure(mute.url, world.consumers, toys.LADDER)
    assert len(mute.connections) == 1 and world.count() == 0


def test_a_broker_that_takes_connections_and_says_nothing_is_unavailable(world: World, mute: Mute) -> None:
    mute.wire.stands = True
    assert isinstance(promptly(lambda: topology.connect(mute.url)), TimeoutError)
    sender = topology.Sender(mute.url)
    ended = promptly(lambda: sender.send(topology.EVENTS, world.consumer, BODY, pika.BasicProperties()))
    assert isinstance(ended, Unavailable)


@pytest.mark.parametrize("word", [CONFIRMS, BODY])
def test_a_message_whose_confirm_does_not_come_is_sent_once_more(world: World, mute: Mute, word: bytes) -> None:
    world.declare()
    sender = topology.Sender(mute.url)
    mute.at(word)
    promptly(lambda: sender.send(topology.EVENTS, world.consumer, BODY, pika.BasicProperties()))
    sender.close()
    assert world.count() == (2 if word == BODY else 1)  # it may have arrived: the inbox makes its effect one


def test_a_broker_that_confirms_nothing_at_all_is_unavailable(world: World, mute: Mute) -> None:
    world.declare()
    sender = topology.Sender(mute.url)
    sender.send(topology.EVENTS, world.consumer, BODY, pika.BasicProperties())
    mute.wire.stands = True
    ended = promptly(lambda: sender.send(topology.EVENTS, world.consumer, BODY, pika.BasicProperties()))
    assert isinstance(ended, Unavailable) and ended.retryable


def test_a_broker_that_is_full_and_says_so_is_waited_for(
    world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it took into its buffers it sends on when there is room: sent again it would be there twice."""
    monkeypatch.setattr("shared.topology.ANSWER_S", 0.5)
    world.declare()
    sender = topology.Sender(world.settings.amqp_url)
    looks = note_full(monkeypatch)
    sending = threading.Thread(
        target=sender.send, args=(topology.EVENTS, world.consumer, BODY, pika.BasicProperties()), daemon=True
    )
    give_memory(servers, LOW)
    try:
        sending.start()
        wait_until(lambda: looks)
        sending.join(2.0)
        assert sending.is_alive(), "it gave up"
    finally:
        give_memory(servers, AS_BEFORE)
    sending.join(20)
    sender.close()
    assert world.count() == 1


def note_full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list of what the broker says of its room from now on."""
    said: list[bool] = []
    says_full = ImpatientConnection._says_full

    def noted(connection: ImpatientConnection, full: bool) -> None:
        said.append(full)
        says_full(connection, full)

    monkeypatch.setattr(ImpatientConnection, "_says_full", noted)
    return said


def give_memory(servers: Servers, amount: str) -> None:
    """Tell the broker how much memory it may use."""
    command = [str(rabbitmq_server().with_name("rabbitmqctl")), "set_vm_memory_high_watermark", "absolute", amount]
    subprocess.run(command, env=servers.rabbit._environment(), check=True, capture_output=True)
