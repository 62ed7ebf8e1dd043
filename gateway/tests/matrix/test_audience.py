"""A large audience: told in slices, asked to spread, sent on when a worker ends. Beside the careless versions."""

import asyncio
import re
import time
from typing import Any

import pytest

from gateway.matrix.stream import Hub
from gateway.tests.matrix.listeners import EVERYBODY, MINE, Listener, change, settle, welcome

MANY = 300


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


def test_while_an_audience_is_told_what_happens_waits_and_is_told_together() -> None:
    """A mutant that takes no rest reads and tells each change by itself, and a large audience keeps its worker busy."""

    async def scene() -> tuple[float, bool]:
        hub = Hub(per_key=MANY)
        listeners = [Listener(hub) for _ in range(MANY)]
        await settle()
        hub.publish(change(1, MINE))
        began = time.monotonic()
        await hub.rest()
        return time.monotonic() - began, all(each.changes() for each in listeners)

    def rested(times: float, patch: pytest.MonkeyPatch) -> tuple[float, bool]:
        patch.setattr("gateway.matrix.stream.REST", times)
        return asyncio.run(scene())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.matrix.stream.LONGEST_REST_S", 0.5)
        waited, told = rested(1e6, patch)
        assert waited >= 0.5 and told
        assert rested(0, patch)[0] < 0.5


def test_what_waits_for_a_connection_goes_out_in_one_piece() -> None:
    async def scene() -> None:
        hub = Hub()
        pieces = hub.events("key", None, welcome(EVERYBODY), None)
        await anext(pieces)  # the greeting
        for position in (1, 2, 3):
            hub.publish(change(position, MINE))
        piece = (await anext(pieces)).serialize()
        assert [int(found) for found in re.findall(rb"^id: (\d+)$", piece, re.M)] == [1, 2, 3]

    asyncio.run(scene())
