"""Connections that calls and answers go over: lost, refused, not to be opened."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from aio_pika.exceptions import AMQPError
from sqlalchemy.engine import make_url

from gateway.rpc import BrokerRpc
from shared.errors import Unavailable
from tests.messaging import toys
from tests.messaging.calling import asking, with_rpc
from tests.messaging.conftest import World, wait_until
from tests.messaging.proxy import Proxy


def test_the_gateway_survives_the_loss_of_its_connection(served: World, proxy: Proxy):
    async def run() -> Any:
        rpc = BrokerRpc(proxied(served, proxy))
        await rpc.call("content", "echo", asking())
        slow = asyncio.create_task(rpc.call("content", "sleep", asking(seconds=2)))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        proxy.cut()
        with pytest.raises(Unavailable, match=r"rpc\.no_broker"):
            await slow
        assert time.monotonic() - started < 1, "nobody waits for an answer that cannot come"
        answers = [await rpc.call("content", "echo", asking(n=n)) for n in range(3)]
        await rpc.close()
        return answers

    assert asyncio.run(run()) == [{"heard": {"n": n}} for n in range(3)]


def proxied(world: World, proxy: Proxy) -> str:
    return make_url(world.settings.amqp_url).set(port=proxy.port).render_as_string(hide_password=False)


@pytest.fixture
def proxy(servers: Any) -> Iterator[Proxy]:
    made = Proxy(servers.rabbit.port)
    yield made
    made.close()


def test_a_service_survives_the_loss_of_its_connections(world: World, proxy: Proxy):
    """Its answers and its events are lost with the connection at most for a moment; the process lives on."""
    world.start("service", "content", "review", MATRIX_AMQP_URL=proxied(world, proxy), MATRIX_AMQP_URL_FILE="")
    wait_until(lambda: "service.started" in world.said("service", "content", "review"))
    world.relay()
    first, second = uuid4(), uuid4()

    async def work(rpc: BrokerRpc) -> None:
        slow = asyncio.create_task(rpc.call("content", "sleep", asking(seconds=0.5), timeout=1))
        await rpc.call("content", "establish", asking(unit_id=str(first), name="slow 0.5"))
        await asyncio.sleep(0.2)
        proxy.cut()
        with suppress(Unavailable):
            await slow
        await rpc.call("content", "establish", asking(unit_id=str(second)))

    with_rpc(world, work)
    wait_until(lambda: toys.heard(world.log("review"), second) == [1])
    wait_until(lambda: toys.heard(world.log("review"), first) == [1])
    assert world.processes[0].poll() is None


def test_no_broker_is_unavailable_within_the_deadline():
    async def run() -> None:
        rpc = BrokerRpc("amqp://guest:guest@127.0.0.1:9/")
        with pytest.raises(Unavailable, match=r"rpc\.no_broker"):
            await rpc.call("content", "echo", asking(), timeout=2)
        await rpc.close()

    asyncio.run(run())


def test_a_connection_on_which_nothing_can_be_opened_is_closed(monkeypatch: pytest.MonkeyPatch):
    """The mutant leaves it: while the bus is not declared yet, each attempt costs the broker one more connection."""
    opened: list[Bare] = []

    async def connect(*_: Any, **__: Any) -> Bare:
        opened.append(Bare())
        return opened[-1]

    async def run() -> None:
        rpc = BrokerRpc("amqp://nobody/")
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"rpc\.no_broker"):
                await rpc.call("content", "echo", asking())
        await rpc.close()

    monkeypatch.setattr("gateway.rpc.aio_pika.connect", connect)
    asyncio.run(run())
    assert [connection.closed for connection in opened] == [True, True]


class Bare:
    """A connection to a broker that knows no exchange of ours."""

    closed = False

    async def channel(self, **_: Any) -> Any:
        raise AMQPError("no exchange 'nameko-rpc'")

    async def close(self) -> None:
        self.closed = True
