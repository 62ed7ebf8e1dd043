"""Everybody at once: a live stream begins, a cache is cold, a worker ends. Each beside the careless version."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from gateway import room
from gateway.matrix import board, cache
from gateway.matrix.cache import Built, Cache
from gateway.matrix.stream import Hub
from gateway.tests.conftest import Template, open_world
from gateway.tests.kit import World
from gateway.tests.matrix.listeners import EVERYBODY, Listener, settle
from gateway.tests.matrix.test_stream import MINE, change

MANY = 300
Build = Callable[[], Awaitable[Built]]


class NobodyShares(Cache):
    """Mutant: everybody builds for himself."""

    async def _awaited(self, key: Hashable, position: int, build: Build) -> Built:
        return await self._build(key, build)


class OneEachPosition(Cache):
    """Mutant: buildings are shared by those who need the same position only."""

    async def _awaited(self, key: Hashable, position: int, build: Build) -> Built:
        return await asyncio.shield(self._flight((key, position), build))

    async def _build(self, key: Any, build: Build) -> Built:
        return await super()._build(key[0], build)


class SaysNothing(Hub):
    """Mutant: a worker that ends cuts its connections."""

    def drain(self) -> None:
        for listener in self._all():
            if listener._task is not None:
                listener._task.cancel()


class TakesOn(Hub):
    """Mutant: a worker that ends takes newcomers."""

    crowded = False


def drained(hub: Hub) -> tuple[int, int, bool]:
    """Return how many of many heard that the worker ends, to how many moments they are sent, and if it takes more."""

    async def scene() -> tuple[int, int, bool]:
        listeners = [Listener(hub) for _ in range(MANY)]
        await settle()
        hub.publish(change(1, MINE))
        await settle()
        hub.drain()
        for _ in range(50):
            await settle()
        told = [each for each in listeners if each.names()[-1] == "drain" and each.task.done()]
        return len(told), len({each.retry for each in told}), not hub.crowded

    return asyncio.run(scene())


def test_a_worker_that_ends_tells_everybody_and_sends_them_to_different_moments() -> None:
    """F52."""
    told, moments, takes_more = drained(Hub(per_key=MANY))
    assert told == MANY and moments > MANY / 2 and not takes_more
    assert drained(SaysNothing(per_key=MANY))[0] == 0
    assert drained(TakesOn(per_key=MANY))[2]


def test_whoever_was_sent_away_by_a_worker_that_ends_misses_nothing_at_another() -> None:
    """F52: a change between the two, and one on each side, are heard once by each."""

    async def scene() -> None:
        first, second = Hub(per_key=MANY), Hub(per_key=MANY)
        before = [Listener(first) for _ in range(MANY)]
        await settle()
        for hub in (first, second):
            hub.publish(change(1, MINE))
        for _ in range(20):
            await settle()
        first.drain()
        second.publish(change(2, MINE))
        after = [Listener(second, last_id=each.changes()[-1]) for each in before]
        await settle()
        second.publish(change(3, MINE))
        for _ in range(20):
            await settle()
        assert all(a.changes() + b.changes() == ["1", "2", "3"] for a, b in zip(before, after, strict=True))

    asyncio.run(scene())


def test_while_thousands_are_told_the_loop_looks_at_requests_in_between() -> None:
    """A mutant that wakes them all in one turn lets a request wait for the whole of it."""

    async def turns(slice_: int) -> int:
        hub, seen = Hub(per_key=MANY), 0
        listeners = [Listener(hub) for _ in range(MANY)]
        await settle()
        hub.publish(change(1, MINE))
        while not all(each.changes() for each in listeners):
            seen += 1
            await asyncio.sleep(0)
        return seen

    def run(slice_: int, patch: pytest.MonkeyPatch) -> int:
        patch.setattr("gateway.matrix.stream.SLICE", slice_)
        return asyncio.run(turns(slice_))

    with pytest.MonkeyPatch.context() as patch:
        assert run(20, patch) >= MANY / 20 > 5 > run(MANY, patch)


@pytest.fixture
def world(sqlite_templates: Template, tmp_path: Path) -> World:
    """Give a gateway that a conductor starts and ends."""
    return open_world(sqlite_templates, tmp_path)


def herd(world: World, made: type[Cache]) -> tuple[set[int], int]:
    """Return the statuses that many get who open the board at once, and how many times it was built."""
    built: list[float] = []
    build = board._build

    def counted(*arguments: Any) -> Built:
        built.append(time.monotonic())
        time.sleep(0.05)
        return build(*arguments)

    async def story() -> set[int]:
        world.deps.matrix.board._cache = made()
        headers, statuses = {"Authorization": f"Bearer {world.key}"}, set()
        async with testing.ASGIConductor(world.app) as conductor:
            asked = (conductor.simulate_get("/v1/matrix", headers=headers) for _ in range(MANY))
            statuses = {answer.status_code for answer in await asyncio.gather(*asked)}
        return statuses

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board, "_build", counted)
        return asyncio.run(story()), len(built)


@pytest.mark.parametrize(("made", "careless"), [(Cache, False), (NobodyShares, True)])
def test_a_herd_that_opens_the_board_costs_one_reading(world: World, made: type[Cache], careless: bool) -> None:
    """F53."""
    statuses, built = herd(world, made)
    assert statuses == {200}
    assert (built > 2) == careless


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


TURNS = 60


def most_at_once(made: Cache) -> tuple[int, int]:
    """Return how many buildings of one key ran at once, and in all, while every asker needs a later position."""

    async def scene() -> tuple[int, int]:
        now, most, all_ = 0, 0, 0

        async def build() -> Built:
            nonlocal now, most, all_
            now, all_ = now + 1, all_ + 1
            most = max(most, now)
            position = asked
            for _ in range(TURNS):  # of the loop, not of the clock: a pause of the machine changes nothing
                await asyncio.sleep(0)
            now -= 1
            return Built(b"{}", str(position), position, time.monotonic())

        waiting = []
        for asked in range(1, 101):
            waiting += [asyncio.create_task(made.get("key", asked, build)) for _ in range(5)]
            await asyncio.sleep(0)
        wanted = [position for position in range(1, 101) for _ in range(5)]
        answers = await asyncio.gather(*waiting)
        assert all(built.position >= position for (built, _), position in zip(answers, wanted, strict=True))
        return most, all_

    return asyncio.run(scene())


def test_however_fast_the_matrix_moves_one_building_of_a_key_is_under_way() -> None:
    """F54: five hundred who ask while a hundred changes come in."""
    assert most_at_once(Cache()) <= (1, 10)
    assert most_at_once(OneEachPosition())[0] > 50


def test_nobody_waits_long_for_a_slow_building_where_there_is_an_older_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """F54: stale while it is built anew; the building goes on, and whoever asks later has it."""
    monkeypatch.setattr(cache, "PATIENCE_S", 0.02)

    async def scene() -> None:
        kept, go = Cache(), asyncio.Event()

        async def quick() -> Built:
            return Built(b"old", "1", 1, time.monotonic())

        async def slow() -> Built:
            await go.wait()
            return Built(b"new", "2", 2, time.monotonic())

        await kept.get("key", 1, quick)
        answers = await asyncio.gather(*(kept.get("key", 2, slow) for _ in range(100)))
        assert {(built.body, current) for built, current in answers} == {(b"old", False)}
        go.set()
        assert (await kept.get("key", 2, slow))[0].body == b"new"

    asyncio.run(scene())


def test_a_large_audience_is_asked_to_spread_its_questions_and_a_small_one_is_not() -> None:
    """F53: what is told to all at once must not be asked for by all at once."""

    async def scene() -> None:
        hub = Hub(per_key=MANY)
        listeners = [Listener(hub) for _ in range(MANY)]
        await settle()
        hub.publish(change(1, MINE))
        for _ in range(20):
            await settle()
        assert listeners[0].heard[-1][2]["spread_ms"] == MANY * 1000 // 1000
        few = Hub()
        alone = Listener(few)
        await settle()
        few.publish(change(1, MINE))
        await settle()
        assert "spread_ms" not in alone.heard[-1][2]

    asyncio.run(scene())


def test_checks_of_who_may_listen_still_reach_everybody() -> None:
    """They are spread over seconds; a change of access asks for all of a key at once."""

    async def scene() -> None:
        hub = Hub()
        now: list[Any] = [EVERYBODY]

        async def check() -> Any:
            return now[0]

        async def listen() -> list[bytes]:
            return [event.serialize() async for event in hub.events("key", None, check, None)]

        task = asyncio.create_task(listen())
        running = asyncio.create_task(hub.run())
        await settle()
        now[0] = None
        async with asyncio.timeout(10):
            heard = await task
        assert heard[-1].startswith(b"event: denied")
        running.cancel()

    asyncio.run(scene())
