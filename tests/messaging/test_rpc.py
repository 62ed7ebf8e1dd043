"""Calls from the gateway's side: answers and errors as themselves, and nothing but calls is answered."""

import asyncio
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from gateway.rpc import EXCHANGE, BrokerRpc, DirectRpc
from infra.embedded import Platform
from shared.errors import BY_NAME, NotFound, PlatformError, Unavailable
from tests.messaging import toys
from tests.messaging.calling import asking, with_rpc
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import Exploit


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
