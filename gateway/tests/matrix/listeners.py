"""Those who listen to a hub in tests, what they hear of, and the scenes they are in."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from gateway.matrix.changes import Change
from gateway.matrix.client import Encoded, Scope
from gateway.matrix.stream import Hub
from shared.context import Caller
from shared.testing import caller


def welcome(who: Caller | None) -> Callable[[], Awaitable[Caller | None]]:
    async def check() -> Caller | None:
        return who

    return check


EVERYBODY = caller("viewer")
MINE, OTHER = str(UUID(int=1)), str(UUID(int=2))


class Listener:
    """Somebody who listens, and what he heard as (event, id, data)."""

    def __init__(
        self, hub: Hub, scope: Scope = None, last_id: str | None = None, who: Caller | None = EVERYBODY
    ) -> None:
        self.heard: list[tuple[str, str | None, Any]] = []
        self.retry: int | None = None
        self.events: AsyncIterator[Encoded] = hub.events("key", scope, welcome(EVERYBODY), last_id)
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.events:
            self.hear(event.serialize().decode())

    def hear(self, wire: str) -> None:
        assert wire.endswith("\n\n")
        for event in wire.removesuffix("\n\n").split("\n\n"):
            self._hear(event)

    def _hear(self, event: str) -> None:
        found = dict(re.findall(r"^(\w+): (.*)$", event, re.M))
        self.retry = int(found["retry"]) if "retry" in found else self.retry
        if "event" in found:
            self.heard.append((found["event"], found.get("id"), json.loads(found["data"])))

    def names(self) -> list[str]:
        return [name for name, _, _ in self.heard]

    def changes(self) -> list[str | None]:
        return [position for name, position, _ in self.heard if name == "change"]


def change(position: int, *units: str, previous: int | None = None) -> Change:
    """Return the news of one more publication in March in each of the units."""
    cells = {unit: {"news_published": ["2021-03"]} for unit in units}
    return Change(position=position, previous=position - 1 if previous is None else previous, units=cells)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def play(scene: Callable[[Hub], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        hub = Hub(**options)
        await scene(hub)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run(run())
