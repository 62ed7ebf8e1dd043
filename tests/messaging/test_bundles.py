"""Bundles of calls at both hosts: every call by the door, with the caller and the key, that it would have had alone."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from gateway.gathered import Gathered
from gateway.rpc import BrokerRpc, DirectRpc, Rpc
from infra.embedded import Platform
from services.content.service import ContentService
from shared.bundles import MANY, MAX_BYTES
from shared.context import Caller, CallerSigner
from shared.errors import BY_NAME, Invalid, PlatformError, Unavailable
from shared.testing import caller
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until

Calls = list[tuple[str, dict[str, Any]]]
Ask = Callable[[Calls], list[Any]]


@pytest.fixture(params=["broker", "embedded"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Give what makes calls to the telling service all at once, and returns answers and refusals in their order."""
    if request.param == "embedded":
        small: World = request.getfixturevalue("small_world")
        platform = Platform(small.settings, [toys.TellingService], toys.LADDER)
        yield lambda calls: at_once(lambda: DirectRpc(platform), calls)
        platform.stop()
    else:
        world = served(request.getfixturevalue("world"))
        yield lambda calls: at_once(lambda: BrokerRpc(world.settings.amqp_url), calls)


def served(world: World) -> World:
    world.start("service", "content")
    wait_until(lambda: "service.started" in world.said("service", "content"))
    return world


def at_once(connect: Callable[[], Rpc], calls: Calls, timeout: float = 5.0) -> list[Any]:
    async def run() -> list[Any]:
        rpc = connect()
        gathered = Gathered(rpc)
        asked = [gathered.call("content", method, request, timeout) for method, request in calls]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        await rpc.close()
        return list(answers)

    return asyncio.run(run())


def told(**body: Any) -> dict[str, Any]:
    return {"body": body}


def test_every_call_of_a_bundle_ends_as_it_would_have_ended_alone(ask: Ask):
    names = list(BY_NAME)
    calls = [("echo", told(n=0)), *(("refuse", told(error=name)) for name in names)]
    calls += [("break_down", told()), ("answer_a_set", told()), ("echo", told(n=1))]
    first, *refused, broken, not_json, last = ask(calls)
    assert (first, last) == ({"heard": {"n": 0}}, {"heard": {"n": 1}})
    assert [(type(one), one.code, one.detail) for one in refused] == [
        (BY_NAME[name], "toy.refused", "as asked") for name in names
    ]
    assert all(one.fields == {"name": ["too long"]} for one in refused)
    for mistake in (broken, not_json):
        assert (type(mistake), mistake.code) == (PlatformError, "service.failed")
        assert "mistake" not in mistake.detail


def test_a_bundle_opens_no_other_door(ask: Ask):
    """What is no operation stays none: no method beside the doors, no bundle in a bundle."""
    inner = {"calls": [["echo", told()]], "deadline": int(time.time() * 1000) + 5000}
    *refused, last = ask([("ensure_defaults", told()), ("runtime", told()), (MANY, inner), ("echo", told(n=1))])
    assert all(isinstance(one, PlatformError) and one.code == "rpc.no_method" for one in refused), refused
    assert last == {"heard": {"n": 1}}


def test_what_there_was_no_time_for_was_not_done(ask: Ask):
    """F56: half a bundle is answered in time; the rest is refused in a way that may be tried again."""
    unit_id = str(uuid4())
    began = time.monotonic()
    first, slow, late, _ = ask(
        [("echo", told(n=0)), ("sleep", told(seconds=4.1)), ("establish", told(unit_id=unit_id)), ("echo", told())]
    )
    assert time.monotonic() - began < 5
    assert (first, slow) == ({"heard": {"n": 0}}, {})
    assert isinstance(late, Unavailable)
    assert late.code == "rpc.not_reached"
    assert ask([("echo", told(n=2)), ("establish", told(unit_id=unit_id))]) == [{"heard": {"n": 2}}, {"id": unit_id}]


def test_more_bundles_than_workers_never_wait_for_each_other(world: World):
    served(world)

    async def run() -> list[Any]:
        rpc = BrokerRpc(world.settings.amqp_url)
        asked = [Gathered(rpc).call("content", "echo", told(n=n)) for n in range(20)]
        for _ in range(20):
            gathered = Gathered(rpc)
            asked += [gathered.call("content", "sleep", told(seconds=0.01)) for _ in range(5)]
        answers = await asyncio.gather(*asked)
        await rpc.close()
        return list(answers)

    assert len(asyncio.run(run())) == 120


def test_a_service_that_stops_carries_its_bundle_to_the_end(world: World):
    process = served(world).processes[-1]

    async def run() -> list[Any]:
        rpc = BrokerRpc(world.settings.amqp_url)
        gathered = Gathered(rpc)
        asked = [gathered.call("content", "sleep", told(seconds=0.2)) for _ in range(5)]
        under_way = asyncio.gather(*asked)
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        answers = await under_way
        await rpc.close()
        return list(answers)

    assert asyncio.run(run()) == [{}] * 5
    assert process.wait(10) == 0


def test_what_is_no_bundle_is_refused_and_the_service_lives_on(world: World):
    served(world)

    async def run() -> Any:
        rpc = BrokerRpc(world.settings.amqp_url)
        later = int(time.time() * 1000) + 5000
        too_large = {"calls": [["echo", told(text="x" * MAX_BYTES)]], "deadline": later}
        for request in ({}, {"calls": 5, "deadline": later}, too_large):
            with pytest.raises(Invalid, match=r"rpc\.bad_bundle"):
                await rpc.call("content", MANY, request)
        answer = await rpc.call("content", "echo", told())
        await rpc.close()
        return answer

    assert asyncio.run(run()) == {"heard": {}}


class Newsroom:
    """The real content service on a database of its own, asked by bundles."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.signer = CallerSigner(platform.runtimes["content"].settings.secrets)

    def request(self, who: Caller | None, key: str | None = None, **body: Any) -> dict[str, Any]:
        signed = "forged" if who is None else self.signer.sign(who)
        return {"caller": signed, "operation": "establish_unit", "body": body, "key": key, "if_match": None}

    def ask(self, *requests: dict[str, Any]) -> list[Any]:
        return at_once(lambda: DirectRpc(self.platform), [("establish_unit", request) for request in requests])


@pytest.fixture
def newsroom(small_world: World) -> Iterator[Newsroom]:
    platform = Platform(small_world.settings, [ContentService])
    yield Newsroom(platform)
    platform.stop()


UNIT = {"kind": "college", "since": "2020-01-01"}


def outcomes(answers: list[Any]) -> list[str]:
    return [one.code if isinstance(one, PlatformError) else "done" for one in answers]


def attempt(newsroom: Newsroom) -> list[str]:
    """Return what becomes of the same command by who may, who may not, nobody, and again who may."""
    who = (caller("admin"), caller("viewer"), None, caller("admin"))
    return outcomes(newsroom.ask(*(newsroom.request(one, name=f"unit {n}", **UNIT) for n, one in enumerate(who))))


def test_each_call_is_judged_by_its_own_caller(newsroom: Newsroom):
    """S04: no call of a bundle is carried out in another's name."""
    assert attempt(newsroom) == ["done", "caller.denied", "caller.forged", "done"]


def test_a_host_that_lets_the_first_caller_speak_for_all_is_found_out(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
):
    """The mutant of the test above."""
    platform, first = newsroom.platform, []

    def careless(service: str, method: str, request: dict[str, Any]) -> Any:
        first.append(request["caller"])
        return Platform._call(platform, service, method, {**request, "caller": first[0]})

    monkeypatch.setattr(platform, "_call", careless)
    assert attempt(newsroom) != ["done", "caller.denied", "caller.forged", "done"]


def repeat(newsroom: Newsroom) -> list[list[Any]]:
    """Return the ids of two units, made by the same bundle twice."""
    requests = [newsroom.request(caller("admin"), f"key-{n}", name=f"unit {n}", **UNIT) for n in range(2)]
    return [[one["id"] for one in newsroom.ask(*json.loads(json.dumps(requests)))] for _ in range(2)]


def test_each_call_keeps_its_key_so_a_bundle_may_be_repeated(newsroom: Newsroom):
    """G5 of a lost answer: whoever repeats a bundle makes nothing twice."""
    once, again = repeat(newsroom)
    assert once == again
    assert len(set(once)) == 2


def test_a_host_that_drops_keys_is_found_out(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch):
    """The mutant of the test above."""
    platform = newsroom.platform

    def careless(service: str, method: str, request: dict[str, Any]) -> Any:
        return Platform._call(platform, service, method, {**request, "key": None})

    monkeypatch.setattr(platform, "_call", careless)
    once, again = repeat(newsroom)
    assert once != again
