"""Built answers of this worker: each is built once however many ask, and the last good one outlives a failure."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from shared.errors import Unavailable

CAPACITY = 512
PAUSE_S = 1.0
PATIENCE_S = 1.0  # longer than that nobody waits where there is an older answer


@dataclass(frozen=True, slots=True)
class Built:
    """An answer in JSON without its last brace, its tag, the position it was read at, and when (monotonic seconds)."""

    body: bytes
    etag: str
    position: int
    read_at: float


class Cache:
    """Answers by key. Belongs to one event loop."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._built: OrderedDict[Hashable, Built] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[Built]] = {}
        self._failed_at: dict[Hashable, float] = {}

    def at_hand(self, key: Hashable, position: int) -> Built | None:
        """Return the answer as of ``position`` or later, if it is built."""
        built = self._built.get(key)
        if built is None or built.position < position:
            return None
        self._built.move_to_end(key)
        return built

    def is_building(self, key: Hashable) -> bool:
        """Return whether a building of the key is under way."""
        return key in self._flights

    def keep(self, key: Hashable, built: Built) -> None:
        """Keep what was built, unless something later is there."""
        former = self._built.get(key)
        if former is None or former.position <= built.position:
            self._built[key] = built
            self._built.move_to_end(key)
        self._failed_at.pop(key, None)
        while len(self._built) > self._capacity:
            self._built.popitem(last=False)

    async def get(self, key: Hashable, position: int, build: Callable[[], Awaitable[Built]]) -> tuple[Built, bool]:
        """Return the answer as of ``position`` or later, and True; or the last good one, and False, when that fails.

        One building a key is under way at a time, whatever comes: who needs a later position than it began at shares
        the next one. Who has waited a second gets the last good answer, and the building goes on.

        Raises:
            Unavailable: it cannot be built and never was.
        """
        if (current := self.at_hand(key, position)) is not None:
            return current, True
        built = self._built.get(key)
        if built is not None and time.monotonic() - self._failed_at.get(key, -PAUSE_S) < PAUSE_S:
            return built, False  # not every request of a bad moment waits for the database's silence
        try:
            async with asyncio.timeout(None if built is None else PATIENCE_S):
                return await self._awaited(key, position, build), True
        except TimeoutError:
            assert built is not None
            return self._built.get(key, built), False
        except Unavailable:
            self._failed_at[key] = time.monotonic()
            while len(self._failed_at) > self._capacity:
                del self._failed_at[next(iter(self._failed_at))]
            if built is None:
                raise
            return built, False

    async def _awaited(self, key: Hashable, position: int, build: Callable[[], Awaitable[Built]]) -> Built:
        """Return what is being built; where that began before the position was there, the one after it."""
        under_way = self._flights.get(key)
        if under_way is not None:
            built = await asyncio.shield(under_way)
            if built.position >= position:
                return built
        return await asyncio.shield(self._flight(key, build))

    def _flight(self, key: Hashable, build: Callable[[], Awaitable[Built]]) -> "asyncio.Task[Built]":
        """Return the building that is under way for this key, started now if there is none."""
        task = self._flights.get(key)
        if task is None or task.done():
            task = self._flights[key] = asyncio.create_task(self._build(key, build))
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    def _landed(self, key: Hashable, task: "asyncio.Task[Built]") -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # all who waited may have gone away

    async def _build(self, key: Hashable, build: Callable[[], Awaitable[Built]]) -> Built:
        built = await build()
        self.keep(key, built)
        return built
