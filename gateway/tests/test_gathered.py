"""Calls made at once become few messages; each caller gets his own answer, and keeps his own key and name."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from gateway.gathered import Gathered
from shared.bundles import MANY, MAX_BYTES, MAX_CALLS, answer_all
from shared.errors import RuleBroken, Unavailable


class Service:
    """Answers as a host does, and remembers the messages and the calls in them."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.sizes: list[int] = []
        self.fails: Exception | None = None

    async def call(self, service: str, method: str, request: dict[str, Any], timeout: float = 5.0) -> dict[str, Any]:
        request = json.loads(json.dumps(request))
        self.messages.append((service, method))
        self.sizes.append(len(json.dumps(request)))
        if self.fails:
            raise self.fails
        return answer_all(request, self._one) if method == MANY else self._one(method, request)

    async def close(self) -> None:
        raise AssertionError("the connection is not his who gathers")

    def _one(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((method, request))
        if request.get("bad"):
            raise RuleBroken("toy.refused", "as asked", {"name": ["too long"]})
        return {"method": method, **request}


def gather(service: Service, ask: Callable[[Gathered], list[Coroutine[Any, Any, Any]]]) -> list[Any]:
    async def run() -> list[Any]:
        gathered = Gathered(service)
        found = await asyncio.gather(*ask(gathered), return_exceptions=True)
        await gathered.close()
        return list(found)

    return asyncio.run(run())


def test_calls_of_a_moment_go_as_one_message_to_each_service():
    service = Service()
    found = gather(
        service,
        lambda rpc: [rpc.call(("content", "review")[n % 2], f"do_{n}", {"n": n, "key": f"k{n}"}) for n in range(10)],
    )
    assert sorted(service.messages) == [("content", MANY), ("review", MANY)]
    assert found == [{"method": f"do_{n}", "n": n, "key": f"k{n}"} for n in range(10)]


def test_each_call_arrives_as_it_was_made_with_its_own_caller_key_and_version():
    service = Service()
    made = [{"caller": f"c{n % 3}", "key": f"k{n}", "if_match": n, "body": {"n": n}} for n in range(20)]
    gather(service, lambda rpc: [rpc.call("content", "do", dict(request)) for request in made])
    assert [request for _, request in service.calls] == made


def test_a_call_that_is_alone_goes_as_it_is():
    service = Service()
    assert gather(service, lambda rpc: [rpc.call("content", "do", {"n": 1})]) == [{"method": "do", "n": 1}]
    assert service.messages == [("content", "do")]


@pytest.mark.parametrize("calls", [1, 3])
def test_a_mistake_of_ours_is_told_as_one_to_all_whom_it_meets(calls: int) -> None:
    """The mutant cancels them, and their requests end without an answer as if their callers had gone away."""
    service = Service()
    service.fails = ZeroDivisionError("ours")
    found = gather(service, lambda rpc: [rpc.call("content", "do", {"n": n}) for n in range(calls)])
    assert [type(each) for each in found] == [ZeroDivisionError] * calls


def test_nobody_is_waited_for_when_all_who_may_ask_have_asked():
    async def ask(abreast: int) -> list[Any]:
        gathered = Gathered(service, window_s=3600)
        gathered.abreast = abreast
        return list(await asyncio.gather(*(gathered.call("content", "do", {"n": n}) for n in range(6))))

    service = Service()
    assert [one["n"] for one in asyncio.run(asyncio.wait_for(ask(3), 10))] == list(range(6))
    assert service.messages == [("content", MANY)] * 2
    assert [one["n"] for one in asyncio.run(asyncio.wait_for(ask(1), 10))] == list(range(6))
    assert service.messages[2:] == [("content", "do")] * 6


def test_one_bad_call_fails_alone_and_as_itself():
    found = gather(Service(), lambda rpc: [rpc.call("content", "do", {"n": n, "bad": n == 1}) for n in range(3)])
    assert [found[0]["n"], found[2]["n"]] == [0, 2]
    assert isinstance(found[1], RuleBroken)
    assert (found[1].code, found[1].fields) == ("toy.refused", {"name": ["too long"]})


def test_a_full_bundle_goes_and_the_next_begins():
    service = Service()
    gather(service, lambda rpc: [rpc.call("content", "do", {"n": n}) for n in range(2 * MAX_CALLS + 1)])
    assert service.messages == [("content", MANY), ("content", MANY), ("content", "do")]
    assert [request["n"] for _, request in service.calls] == list(range(2 * MAX_CALLS + 1))


def test_no_bundle_is_larger_than_a_service_takes():
    service = Service()
    text = "x" * (MAX_BYTES // 3)
    gather(service, lambda rpc: [rpc.call("content", "do", {"n": n, "text": text}) for n in range(5)])
    assert len(service.calls) == 5
    assert len(service.messages) == 3
    assert max(service.sizes) <= MAX_BYTES


@pytest.mark.parametrize("failure", [Unavailable("rpc.timeout", "late"), RuleBroken("x.y", "z", {"a": ["b"]})])
def test_a_lost_bundle_is_told_to_each_of_its_callers(failure: Any):
    service = Service()
    service.fails = failure
    found = gather(service, lambda rpc: [rpc.call("content", "do", {"n": n}) for n in range(3)])
    assert [(type(one), one.code, one.fields) for one in found] == [(type(failure), failure.code, failure.fields)] * 3
    assert len({id(one) for one in found}) == 3


def test_whoever_goes_away_takes_nobody_with_him():
    service = Service()

    async def run() -> Any:
        rpc = Gathered(service)
        leaves, stays = (asyncio.create_task(rpc.call("content", "do", {"n": n})) for n in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        return await stays

    assert asyncio.run(run()) == {"method": "do", "n": 1}
    assert [request["n"] for _, request in service.calls] == [1]
