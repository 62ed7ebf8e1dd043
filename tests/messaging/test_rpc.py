"""Calls from the gateway's side: answers and errors as themselves, never longer than asked."""

import asyncio
import json
import pickle
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest
from aio_pika.exceptions import AMQPError
from sqlalchemy.engine import make_url

from gateway import circuit
from gateway.rpc import EXCHANGE, BrokerRpc, DirectRpc
from infra.embedded import Platform
from shared.errors import BY_NAME, NotFound, PlatformError, Unavailable
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import Exploit
from tests.messaging.proxy import Proxy


@pytest.fixture
def served(world: World) -> World:
    """Give a world in which the telling service answers."""
    world.start("service", "content")
    wait_until(lambda: "service.started" in world.said("service", "content"))
    return world


@asynccontextmanager
async def calling(world: World) -> AsyncIterator[BrokerRpc]:
    rpc = BrokerRpc(world.settings.amqp_url)
    try:
        yield rpc
    finally:
        await rpc.close()


def with_rpc(world: World, work: Callable[[BrokerRpc], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with calling(world) as rpc:
            return await work(rpc)

    return asyncio.run(run())


def asking(**body: Any) -> dict[str, Any]:
    return {"body": body}


def test_answers_come_back_to_the_call_they_belong_to(served: World):
    async def work(rpc: BrokerRpc) -> Any:
        return await asyncio.gather(*(rpc.call("content", "echo", asking(n=n)) for n in range(100)))

    assert with_rpc(served, work) == [{"heard": {"n": n}} for n in range(100)]


def test_the_five_errors_cross_as_themselves(served: World):
    async def work(rpc: BrokerRpc) -> None:
        for name, error in BY_NAME.items():
            with pytest.raises(error) as refusal:
                await rpc.call("content", "refuse", asking(error=name))
            assert (type(refusal.value), refusal.value.code) == (error, "toy.refused")
            assert (refusal.value.detail, refusal.value.fields) == ("as asked", {"name": ["too long"]})

    with_rpc(served, work)


def test_a_mistake_of_ours_says_nothing_about_itself_and_the_service_lives_on(served: World):
    async def work(rpc: BrokerRpc) -> Any:
        for method in ("break_down", "no_such_method", "answer_a_set"):
            with pytest.raises(PlatformError) as refusal:
                await rpc.call("content", method, asking())
            assert (type(refusal.value), refusal.value.code) == (PlatformError, "service.failed")
            assert "mistake" not in refusal.value.detail
        return await rpc.call("content", "echo", asking())

    assert with_rpc(served, work) == {"heard": {}}


def test_a_service_that_has_never_been_there_is_unavailable_at_once(world: World):
    started = time.monotonic()
    with pytest.raises(Unavailable, match=r"rpc\.no_service"):
        with_rpc(world, lambda rpc: rpc.call("nobody", "echo", asking()))
    assert time.monotonic() - started < 2


def test_no_call_is_longer_than_its_deadline_and_a_silent_service_is_not_asked_for_a_while(served: World):
    """F56."""
    process = served.processes[-1]

    async def work(rpc: BrokerRpc) -> list[str]:
        codes = []
        assert await rpc.call("content", "echo", asking())
        process.send_signal(signal.SIGSTOP)
        for _ in range(circuit.FAILURES):
            started = time.monotonic()
            with pytest.raises(Unavailable) as late:
                await rpc.call("content", "echo", asking(), timeout=0.2)
            assert time.monotonic() - started < 0.4
            codes.append(late.value.code)
        started = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            await rpc.call("content", "echo", asking())
        assert time.monotonic() - started < 0.05, "the circuit is open"
        codes.append(refused.value.code)
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(circuit.OPEN_S)
        assert await rpc.call("content", "echo", asking(back=True)) == {"heard": {"back": True}}
        assert await rpc.call("content", "echo", asking()) == {"heard": {}}
        assert rpc._waiting == {}
        return codes

    assert with_rpc(served, work) == ["rpc.timeout"] * circuit.FAILURES + ["rpc.circuit_open"]


def test_a_request_that_comes_too_late_is_not_carried_out(served: World):
    """F56: what was given up waiting for must not happen an hour later."""
    unit_id = uuid4()
    with served.channel() as channel:
        for deadline in (int(time.time() * 1000) - 1000, "soon"):
            properties = pika.BasicProperties(
                content_type="application/json", reply_to="x", correlation_id="y", headers={"deadline": deadline}
            )
            body = json.dumps({"args": [asking(unit_id=str(unit_id))], "kwargs": {}})
            channel.basic_publish(EXCHANGE, "content.establish", body, properties)
    wait_until(lambda: served.said("service", "content").count("past its deadline") == 2)
    assert served.log("content").load(f"unit-{unit_id}") == []


def test_a_late_answer_is_ignored(served: World):
    """F56."""

    async def work(rpc: BrokerRpc) -> Any:
        with pytest.raises(Unavailable):
            await rpc.call("content", "sleep", asking(seconds=0.4), timeout=0.2)
        await asyncio.sleep(0.4)
        return await rpc.call("content", "echo", asking())

    assert with_rpc(served, work) == {"heard": {}}


def test_requests_that_are_none_are_dropped_and_the_service_lives_on(served: World, tmp_path: Path):
    """S45, F34: pickles are not opened, raw bytes and foreign headers end nothing."""
    canary = tmp_path / "canary"
    good = json.dumps({"args": [asking()], "kwargs": {}}).encode()
    told = {"reply_to": "nobody", "correlation_id": "1"}
    attempts: list[tuple[bytes, dict[str, Any]]] = [
        (pickle.dumps(Exploit(str(canary))), {"content_type": "application/x-python-serialize", **told}),
        (good, {"content_type": "application/data", **told}),
        (good, {"content_type": "application/data", "content_encoding": "binary", **told}),
        (good, {"content_type": "application/json"}),
        (b"[]", {"content_type": "application/json", **told}),
        (b"{", {"content_type": "application/json", **told}),
        (b'{"args": 5, "kwargs": {}}', {"content_type": "application/json", **told}),
        (b'{"args": [{}], "kwargs": {"a": 1}}', {"content_type": "application/json", **told}),
        (good, {"content_type": "application/json", "headers": {"nameko.call_id_stack": 5}, **told}),
        (good, {"content_type": "application/json", "headers": {"compression": "application/x-gzip"}, **told}),
    ]
    with served.channel() as channel:
        channel.confirm_delivery()
        for body, properties in attempts:
            channel.basic_publish(EXCHANGE, "content.echo", body, pika.BasicProperties(**properties), mandatory=True)
    assert with_rpc(served, lambda rpc: rpc.call("content", "echo", asking(n=1))) == {"heard": {"n": 1}}
    wait_until(lambda: served.count("rpc-content") == 0)
    assert served.processes[-1].poll() is None
    assert not canary.exists()


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


def test_the_database_does_not_hold_up_the_hub_and_what_does_is_counted(served: World):
    """F37."""

    async def work(rpc: BrokerRpc) -> tuple[float, str]:
        started = time.monotonic()
        queries = [rpc.call("content", "query_slowly", asking(seconds=0.6)) for _ in range(4)]
        await asyncio.gather(*queries, rpc.call("content", "echo", asking(), timeout=0.5))
        took, said = time.monotonic() - started, served.said("service", "content")
        await rpc.call("content", "hold_everything_up", asking(seconds=0.5))
        return took, said

    took, said = with_rpc(served, work)
    assert took < 1.5
    assert "hub.blocked" not in said
    wait_until(lambda: "hub.blocked" in served.said("service", "content"))


@pytest.fixture
def platform(small_world: World) -> Iterator[Platform]:
    made = Platform(small_world.settings, [toys.TellingService, toys.HearingService], toys.LADDER)
    yield made
    made.stop()


def test_the_embedded_platform_answers_and_refuses_alike(platform: Platform):
    async def run() -> None:
        rpc = DirectRpc(platform)
        assert await rpc.call("content", "echo", asking(n=1)) == {"heard": {"n": 1}}
        for name, error in BY_NAME.items():
            with pytest.raises(error) as refusal:
                await rpc.call("content", "refuse", asking(error=name))
            assert refusal.value.fields == {"name": ["too long"]}
        for method in ("break_down", "answer_a_set"):
            with pytest.raises(PlatformError, match=r"service\.failed"):
                await rpc.call("content", method, asking())
        with pytest.raises(NotFound):
            await rpc.call("content", "ensure_defaults", asking())
        with pytest.raises(Unavailable, match=r"rpc\.timeout"):
            await rpc.call("content", "sleep", asking(seconds=0.4), timeout=0.1)
        await rpc.close()

    asyncio.run(run())
