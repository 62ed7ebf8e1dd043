"""News of changes: nobody misses one, nobody sees another's, nobody slow holds up the rest."""

import asyncio

import pytest

from gateway.matrix import client, stream
from gateway.matrix.changes import Change
from gateway.matrix.client import BEAT, BUFFER
from gateway.matrix.stream import Hub
from gateway.tests.matrix.listeners import EVERYBODY, MINE, OTHER, Listener, change, play, settle, welcome
from shared.context import Caller
from shared.errors import Unavailable
from shared.testing import caller


def test_a_change_reaches_those_who_may_see_its_units_and_tells_them_of_theirs_only() -> None:
    """S55."""

    async def scene(hub: Hub) -> None:
        all_units, mine, other = Listener(hub), Listener(hub, frozenset({MINE})), Listener(hub, frozenset({OTHER}))
        await settle()
        hub.publish(change(1, MINE))
        hub.publish(change(2, MINE, OTHER))
        await settle()
        assert all_units.changes() == mine.changes() == ["1", "2"] and other.changes() == ["2"]
        assert OTHER not in str(mine.heard) and MINE not in str(other.heard)
        assert mine.heard[1] == (
            "change", "1", {"position": "1", "units": {MINE: {"news_published": ["2021-03"]}}},
        )  # fmt: skip

    play(scene)


def test_a_change_of_everything_reaches_everybody() -> None:
    async def scene(hub: Hub) -> None:
        mine = Listener(hub, frozenset({MINE}))
        await settle()
        hub.publish(Change(position=1, previous=0, units=None))
        await settle()
        assert mine.heard[-1] == ("change", "1", {"position": "1", "units": None})

    play(scene)


def test_who_comes_back_gets_what_he_missed_and_nothing_twice() -> None:
    """F50."""

    async def scene(hub: Hub) -> None:
        hub.load([change(1, MINE), change(4, OTHER, previous=1)], 4)
        listeners = [Listener(hub, last_id="1") for _ in range(50)]
        hub.publish(change(5, MINE))  # while they connect
        await settle()
        hub.publish(change(6, MINE))
        await settle()
        assert all(each.changes() == ["4", "5", "6"] for each in listeners)

    play(scene)


def test_a_thousand_cut_at_once_hear_everything_between_them_exactly_once() -> None:
    """F50, small."""

    async def scene(hub: Hub) -> None:
        listeners = [Listener(hub, frozenset({MINE})) for _ in range(200)]
        await settle()
        delivered: list[list[str | None]] = [[] for _ in listeners]
        for round_ in range(5):
            for n in range(10):
                hub.publish(change(round_ * 20 + n + 1, MINE))
            await settle()
            for heard, each in zip(delivered, listeners, strict=True):
                heard += each.changes()
                each.task.cancel()
            await settle()
            assert len(hub) == 0
            for n in range(10, 20):
                hub.publish(change(round_ * 20 + n + 1, MINE))  # nobody listens
            last = [heard[-1] for heard in delivered]
            listeners = [Listener(hub, frozenset({MINE}), last_id=position) for position in last]
            await settle()
        for heard, each in zip(delivered, listeners, strict=True):
            assert heard + each.changes() == [str(n) for n in range(1, 101)]

    play(scene, per_key=1000)


@pytest.mark.parametrize("last_id", ["999", "2", "-1", "x", "", "9" * 5000])
def test_who_was_away_too_long_or_knows_nothing_of_ours_starts_over(last_id: str) -> None:
    async def scene(hub: Hub) -> None:
        hub.load([change(5, MINE, previous=3), change(7, MINE, previous=5)], 7)
        listener = Listener(hub, last_id=last_id)
        await settle()
        assert listener.heard[-1] == ("resync", "7", {})

    play(scene)


def test_a_newcomer_is_greeted_with_the_position_and_told_when_to_come_back() -> None:
    async def scene(hub: Hub) -> None:
        hub.load([], 7)
        listeners = [Listener(hub) for _ in range(30)]
        await settle()
        assert all(each.heard == [("hello", "7", {"position": "7"})] for each in listeners)
        retries = {each.retry for each in listeners}
        assert len(retries) > 5 and all(1000 <= (retry or 0) <= 10_000 for retry in retries)

    play(scene)


def test_a_slow_reader_is_told_to_start_over_and_cut_and_the_others_notice_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F51."""
    monkeypatch.setattr(client, "GRACE_S", 0.05)

    async def scene(hub: Hub) -> None:
        quick = Listener(hub)
        slow = hub.events("slow", None, welcome(EVERYBODY), None)
        stuck = asyncio.Event()

        async def read_slowly() -> list[str]:
            heard = []
            async for event in slow:
                heard.append(event.serialize().decode())
                if len(heard) == 2:
                    await stuck.wait()
            return heard

        reader = asyncio.create_task(read_slowly())
        await settle()
        for position in range(1, BUFFER + 20):
            hub.publish(change(position, MINE))
            await settle()
        assert quick.changes() == [str(n) for n in range(1, BUFFER + 20)]
        assert hub.dropped == 1
        stuck.set()
        heard = await reader
        assert len(heard) == 3 and f"id: {BUFFER + 2}\nevent: resync" in heard[-1]
        assert len(hub) == 1

    play(scene)


def test_a_reader_who_does_not_even_take_the_last_word_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """F51."""
    monkeypatch.setattr(client, "GRACE_S", 0.05)

    async def scene(hub: Hub) -> None:
        async def never_read() -> None:
            async for _ in hub.events("slow", None, welcome(EVERYBODY), None):
                await asyncio.Event().wait()

        reader = asyncio.create_task(never_read())
        await settle()
        for position in range(1, BUFFER + 5):
            hub.publish(change(position, MINE))
        with pytest.raises(asyncio.CancelledError):
            await reader
        await settle()
        assert len(hub) == 0

    play(scene)


def test_a_connection_that_ended_by_itself_is_not_cut_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "GRACE_S", 0.01)

    async def scene(hub: Hub) -> None:
        async def connection() -> str:
            async for _ in hub.events("key", None, welcome(EVERYBODY), None):
                pass
            await asyncio.sleep(0.05)  # the next request on the same connection
            return "served"

        task = asyncio.create_task(connection())
        await settle()
        hub.drain()
        assert await task == "served"

    play(scene)


def test_a_changed_role_acts_on_open_connections_at_once() -> None:
    """S55."""

    async def scene(hub: Hub) -> None:
        now: list[Caller | None] = [caller("viewer", MINE)]

        async def check() -> Caller | None:
            return now[0]

        listener = Listener(hub, frozenset({MINE}))
        listener.events = hub.events("other", frozenset({MINE}), check, None)
        listener.task.cancel()
        listener.task = asyncio.create_task(listener._listen())
        await settle()
        now[0] = caller("viewer", OTHER)
        hub.publish(change(1, MINE))
        await hub.check()
        hub.publish(change(2, MINE, OTHER))
        await settle()
        assert MINE not in str(listener.heard[1:]) and listener.names()[1:] == ["resync", "change"]
        now[0] = None
        await hub.check()
        hub.publish(change(3, OTHER))
        await settle()
        assert listener.names()[-1] == "denied" and listener.task.done()

    play(scene)


def test_connections_that_cannot_be_checked_for_a_minute_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(hub: Hub) -> None:
        async def silent() -> Caller | None:
            raise Unavailable("database.unavailable", "silent")

        listener = Listener(hub)
        listener.task.cancel()
        listener.events = hub.events("key", None, silent, None)
        listener.task = asyncio.create_task(listener._listen())
        await settle()
        await hub.check()
        await settle()
        assert not listener.task.done()
        monkeypatch.setattr(stream, "UNCHECKED_S", -1.0)
        await hub.check()
        await settle()
        assert listener.task.done()

    play(scene)


def test_a_key_has_no_more_than_its_share_of_connections() -> None:
    """S55."""

    async def scene(hub: Hub) -> None:
        listeners = [Listener(hub) for _ in range(6)]
        await settle()
        assert hub.full("key") and not hub.full("another")
        listeners[0].task.cancel()
        await settle()
        assert not hub.full("key")

    play(scene)


def test_idle_connections_beat_and_a_worker_that_ends_says_good_bye() -> None:
    """F52."""

    async def scene(hub: Hub) -> None:
        async def connection() -> list[bytes]:
            return [event.serialize() async for event in hub.events("key", None, welcome(EVERYBODY), None)]

        task = asyncio.create_task(connection())
        await settle()
        hub.beat()
        await settle()
        hub.drain()
        wires = await task
        assert wires[1] == b": beat\n\n" and wires[2].startswith(b"event: drain\nretry: ")

    play(scene)


def test_a_mistake_in_a_check_ends_neither_the_checks_nor_the_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant's first mistake is its last look: who lost a right listens on, and proxies cut who hears no beat."""
    looks, heard = 0, list[bytes]()

    async def check() -> Caller:
        nonlocal looks
        looks += 1
        raise ZeroDivisionError

    async def scene(hub: Hub) -> None:
        async def listen() -> None:
            async for event in hub.events("key", None, check, None):
                heard.append(event.serialize())

        tasks = [asyncio.create_task(listen()), asyncio.create_task(hub.run())]
        async with asyncio.timeout(10):
            while looks < 2 or BEAT.serialize() not in heard:
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()

    monkeypatch.setattr(stream, "CHECK_S", 1)
    monkeypatch.setattr(stream, "BEAT_S", 1)
    play(scene)
