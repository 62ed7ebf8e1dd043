"""A worker that is full says when to come again, and counts right what is under way."""

import asyncio
from typing import Any

import pytest
from falcon import testing

from gateway import room
from gateway.tests.kit import World


@pytest.fixture
def world(unstarted_world: World) -> World:
    """Give a gateway that a conductor starts and ends."""
    return unstarted_world


def test_who_comes_when_the_worker_is_full_is_told_when_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F53: 503 with Retry-After, spread, and never 500; what operators look at is answered all the same."""
    world.deps.matrix.hub.room = 0
    headers = {"Authorization": f"Bearer {world.key}"}

    async def story() -> None:
        async with testing.ASGIConductor(world.app) as conductor:
            told = [await conductor.simulate_get("/v1/stream", headers=headers) for _ in range(20)]
            assert {answer.status_code for answer in told} == {503}
            assert told[0].json["code"] == "gateway.busy"
            assert len({answer.headers["retry-after"] for answer in told}) > 1
            monkeypatch.setattr(room, "UNDER_WAY", 0)
            refused = await conductor.simulate_get("/v1/matrix", headers=headers)
            assert refused.status_code == 503 and refused.json["code"] == "gateway.busy"
            assert 2 <= int(refused.headers["retry-after"]) <= 8
            assert (await conductor.simulate_get("/livez")).status_code == 200
            monkeypatch.setattr(room, "UNDER_WAY", 1000)
            assert (await conductor.simulate_get("/v1/matrix", headers=headers)).status_code == 200

    asyncio.run(story())
    assert world.app.refused == 1


def test_what_ends_early_is_not_counted_as_under_way_for_ever(world: World) -> None:
    """A client that goes away while it waits: a mutant that counts in middleware never hears of it."""

    async def story() -> None:
        async def never() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(_: dict[str, Any]) -> None:
            raise AssertionError

        scope = {"type": "http", "method": "GET", "path": "/v1/me", "headers": [], "query_string": b""}
        asked = asyncio.create_task(world.app(scope, never, send))
        await asyncio.sleep(0)
        assert world.app._under_way == 1
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert world.app._under_way == 0

    asyncio.run(story())
