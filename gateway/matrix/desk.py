"""The matrix of one gateway worker, put together: board, open connections, and what keeps them up to date."""

import asyncio
import signal
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine

from gateway.matrix.board import Board
from gateway.matrix.embedded import EmbeddedFeed
from gateway.matrix.stream import Hub
from gateway.matrix.subscriber import Subscriber
from gateway.matrix.watcher import Watcher
from gateway.matrix.writer import Writer
from gateway.room import streams_here


class Matrix:
    """What the resources ``matrix``, ``figures`` and ``stream`` work with. Falcon calls its start and end."""

    def __init__(self, engine: Engine, amqp_url: str | None = None) -> None:
        self.engine = engine
        self.board = Board(engine)
        self.hub = Hub(room=streams_here())
        self._watcher = Watcher(self.board, self.hub)
        self._subscriber = Subscriber(amqp_url, self.board.freshness, self._watcher.wake) if amqp_url else None
        self._tasks: list[asyncio.Task[None]] = []

    def embedded_feed(self) -> EmbeddedFeed:
        """Return the callback for the embedded platform's ``on_events``."""
        return EmbeddedFeed(Writer(self.engine), self.board.freshness, self._watcher.wake)

    async def process_startup(self, scope: dict[str, Any], event: dict[str, Any]) -> None:
        """Begin to follow the read model."""
        work: list[Coroutine[Any, Any, None]] = [self._watcher.run(), self.hub.run()]
        if self._subscriber is not None:
            work.append(self._subscriber.run())
        self._tasks = [asyncio.create_task(each) for each in work]
        self._drain_when_told(asyncio.get_running_loop())

    async def process_shutdown(self, scope: dict[str, Any], event: dict[str, Any]) -> None:
        """Stop."""
        self.hub.drain()
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self.board.close()

    def _drain_when_told(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say good-bye to open connections on SIGTERM: the worker waits for them before it tells of its end."""
        told = signal.getsignal(signal.SIGTERM)
        if not callable(told) or threading.current_thread() is not threading.main_thread():
            return  # nobody ends this process in order

        def drain(number: int, frame: Any) -> None:
            loop.call_soon_threadsafe(self.hub.drain)
            told(number, frame)

        # The loop hears of signals by its wake-up socket; the handler proper is only a dummy in its place.
        signal.signal(signal.SIGTERM, drain)
