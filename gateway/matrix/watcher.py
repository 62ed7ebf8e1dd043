"""Follows the read model for one gateway worker: reads what changed, tells the board and the open connections."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine, select

from gateway.matrix.board import Board
from gateway.matrix.changes import Change
from gateway.matrix.read import position, snapshot
from gateway.matrix.stream import Hub
from gateway.matrix.tables import change, feed
from shared.logs import log_failure

POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class News:
    """What is new in the read model, and how far each source was followed when (seconds since the epoch)."""

    position: int
    changes: Sequence[Change]
    feeds: Sequence[tuple[str, int, float]]


class Watcher:
    """Wakes up when told of a change, and every 2 s anyway: a lost word costs 2 s and nothing else."""

    def __init__(self, board: Board, hub: Hub) -> None:
        self._board, self._hub = board, hub
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = False

    def wake(self) -> None:
        """Say that something changed. May be called from any thread, also before and after ``run``."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Follow until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            try:
                await self.look()
                await self._hub.rest()
            except Exception as error:  # also a mistake of ours: nobody else would look for this worker again
                log_failure("matrix.unavailable", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_S)

    async def look(self) -> None:
        """Read what is new and pass it on.

        Raises:
            Unavailable: the read model does not answer.
        """
        since = self._hub.position if self._started else 0
        news = await self._board.in_thread(lambda: read_news(self._board.engine, since))
        for source, reached, at in news.feeds:
            self._board.freshness.seen(source, reached, at)
        self._board.position = max(self._board.position, news.position)
        if not self._started:
            self._hub.load(news.changes, news.position)
            self._started = True
            return
        expected = news.changes[0].previous if news.changes else news.position
        if expected != since:
            self._board.position = news.position  # a database put back to an earlier day
            self._hub.resync(news.position)
            return
        for each in news.changes:
            self._hub.publish(each)


def read_news(engine: Engine, since: int) -> News:
    """Return what the read model has of changes after a position.

    Raises:
        Unavailable: the database did not answer.
    """
    with snapshot(engine) as db:
        later = select(change).where(change.c.position > since).order_by(change.c.position)
        return News(
            position(db),
            [
                Change(position=row.position, previous=row.previous, units=row.cells and json.loads(row.cells))
                for row in db.execute(later)
            ],
            [(row.source, row.position, row.fresh_at.timestamp()) for row in db.execute(select(feed))],
        )
