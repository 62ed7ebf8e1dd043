"""Who looks for changes tells the stream of each of them."""

import asyncio
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from gateway.matrix.board import Board
from gateway.matrix.embedded import EmbeddedFeed
from gateway.matrix.stream import Hub
from gateway.matrix.watcher import Watcher
from gateway.matrix.writer import Writer
from gateway.tests.matrix.kit import History, MemoryLog, apply, at
from gateway.tests.matrix.listeners import Listener, play, settle
from shared.errors import Unavailable
from shared.log.store import Log


def test_the_watcher_passes_on_every_change_and_notices_what_it_missed(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    apply(model, history.events)

    async def scene(hub: Hub) -> None:
        board = Board(model)
        watcher = Watcher(board, hub)
        await watcher.look()
        listener = Listener(hub, last_id="0")
        for n in range(3):
            apply(model, [history.publish(unit, uuid4(), at(f"2021-0{n + 1}-05T12:00"))])
        await watcher.look()
        await settle()
        assert listener.changes() == ["1", "2", "3", "4"] and board.position == 4
        hub.position = 2  # as if changes had been pruned before they were read
        hub._recent.clear()
        hub.position = 1_000
        await watcher.look()
        await settle()
        assert listener.names()[-1] == "resync" and hub.position == 4
        board.close()

    play(scene)


def test_in_one_process_an_append_reaches_a_listener_at_once(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    log = MemoryLog("content", history.events)

    async def scene(hub: Hub) -> None:
        board = Board(model)
        watcher = Watcher(board, hub)
        feed = EmbeddedFeed(Writer(model), board.freshness, watcher.wake)
        following = asyncio.create_task(watcher.run())
        listener = Listener(hub)
        await asyncio.to_thread(feed, cast(Log, log))
        log.events.append(history.publish(unit, uuid4(), at("2021-03-05T12:00")))
        await asyncio.to_thread(feed, cast(Log, log))
        async with asyncio.timeout(1.5):  # sooner than the watcher looks by itself
            while "2" not in listener.changes() and hub.position < 2:
                await asyncio.sleep(0.005)
        assert not following.done()
        board.close()

    play(scene)


def test_a_mistake_does_not_end_the_watching(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant ends with it: this worker's answers stay what they were until it is started again."""
    looks = 0

    def broken(*_: object) -> None:
        nonlocal looks
        looks += 1
        raise ZeroDivisionError

    async def scene(hub: Hub) -> None:
        board = Board(model)
        watcher = Watcher(board, hub)
        following = asyncio.create_task(watcher.run())
        async with asyncio.timeout(5):
            while looks < 2:
                await asyncio.sleep(0.01)
                watcher.wake()
        following.cancel()
        board.close()

    monkeypatch.setattr("gateway.matrix.watcher.read_news", broken)
    play(scene)


def test_a_feed_that_failed_goes_on_where_it_was(model: Engine) -> None:
    history = History()
    history.unit("u")
    log = MemoryLog("content", history.events)
    board = Board(model)
    feed = EmbeddedFeed(Writer(model), board.freshness, lambda: None)
    log.broken = Unavailable("database.unavailable", "silent")
    with pytest.raises(Unavailable):
        feed(cast(Log, log))
    log.broken = None
    feed(cast(Log, log))
    assert Writer(model).positions() == {"content": 1}
    feed(cast(Log, log))
    board.close()
