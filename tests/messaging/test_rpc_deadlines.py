"""No call is longer than asked: a service that is absent, silent, late or held up."""

import asyncio
import json
import signal
import time
from typing import Any
from uuid import uuid4

import pika
import pytest

from gateway import circuit
from gateway.rpc import EXCHANGE, BrokerRpc
from shared.errors import Unavailable
from tests.messaging.calling import asking, with_rpc
from tests.messaging.conftest import World, wait_until


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
