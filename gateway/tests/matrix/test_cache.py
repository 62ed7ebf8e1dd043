"""Answers are built once for all who ask, and the last good one is served meanwhile. Beside the careless versions."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import pytest
from falcon import testing

from gateway.matrix import board, cache
from gateway.matrix.cache import Built, Cache
from gateway.tests.kit import World
from shared.errors import Unavailable

MANY, TURNS = 300, 60
Build = Callable[[], Awaitable[Built]]


def built(position: int) -> Built:
    return Built(b"{}", str(position), position, time.monotonic())


def counted(cache: Cache, position: int, failing: bool = False) -> tuple[list[int], Callable[[], Awaitable[Built]]]:
    """Return a list that grows with each building, and the building."""
    calls: list[int] = []

    async def build() -> Built:
        calls.append(position)
        await asyncio.sleep(0.01)
        if failing:
            raise Unavailable("database.unavailable", "silent")
        return built(position)

    return calls, build


def test_five_hundred_who_ask_at_once_cost_one_building() -> None:
    """F54."""

    async def scene() -> None:
        cache = Cache()
        calls, build = counted(cache, 1)
        answers = await asyncio.gather(*(cache.get("key", 1, build) for _ in range(500)))
        assert len(calls) == 1 and len({answer[0].etag for answer in answers}) == 1
        await cache.get("key", 1, build)
        assert len(calls) == 1
        _, newer = counted(cache, 2)
        assert (await cache.get("key", 2, newer))[0].position == 2

    asyncio.run(scene())


def test_the_last_good_answer_is_served_while_the_read_model_is_silent() -> None:
    """F54."""

    async def scene() -> None:
        cache = Cache()
        _, good = counted(cache, 1)
        calls, bad = counted(cache, 2, failing=True)
        with pytest.raises(Unavailable):
            await cache.get("key", 1, bad)
        await cache.get("key", 1, good)
        answers = await asyncio.gather(*(cache.get("key", 2, bad) for _ in range(100)))
        assert {(answer.position, current) for answer, current in answers} == {(1, False)}
        await cache.get("key", 2, bad)
        assert len(calls) == 2  # one for the refusal at first, one for the hundred; the last did not ask again

    asyncio.run(scene())


def test_one_who_gives_up_does_not_take_the_building_from_the_others() -> None:
    async def scene() -> None:
        cache = Cache()
        calls, build = counted(cache, 1)
        impatient = asyncio.create_task(cache.get("key", 1, build))
        patient = asyncio.create_task(cache.get("key", 1, build))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient)[0].position == 1 and len(calls) == 1

    asyncio.run(scene())


def test_the_cache_forgets_what_was_asked_for_longest_ago() -> None:
    async def scene() -> None:
        cache = Cache(capacity=2)
        for key in ("a", "b", "c"):
            await cache.get(key, 1, counted(cache, 1)[1])
        calls, build = counted(cache, 1)
        await cache.get("c", 1, build)
        await cache.get("a", 1, build)
        assert len(calls) == 1

    asyncio.run(scene())


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


@pytest.fixture
def world(unstarted_world: World) -> World:
    """Give a gateway that a conductor starts and ends."""
    return unstarted_world


def herd(world: World, made: type[Cache]) -> tuple[set[int], int]:
    """Return the statuses that many get who open the board at once, and how many times it was built."""
    times: list[float] = []
    build = board._build

    def noted(*arguments: Any) -> Built:
        times.append(time.monotonic())
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
        patch.setattr(board, "_build", noted)
        return asyncio.run(story()), len(times)


@pytest.mark.parametrize(("made", "careless"), [(Cache, False), (NobodyShares, True)])
def test_a_herd_that_opens_the_board_costs_one_reading(world: World, made: type[Cache], careless: bool) -> None:
    """F53."""
    statuses, readings = herd(world, made)
    assert statuses == {200}
    assert (readings > 2) == careless


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


def test_what_could_not_be_built_is_not_remembered_for_ever() -> None:
    """The mutant keeps a note of each question that was asked while the database was silent."""

    async def silent() -> Built:
        raise Unavailable("database.unavailable")

    async def play() -> None:
        cache = Cache(capacity=2)
        for number in range(20):
            with pytest.raises(Unavailable):
                await cache.get(number, 0, silent)
        assert len(cache._failed_at) <= 2

    asyncio.run(play())
