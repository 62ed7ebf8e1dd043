"""Imports over HTTP: files to begin with, rows that are sent, and what the services were asked."""

from datetime import date, timedelta
from typing import Any

from gateway.importing.desk import ImportDesk
from gateway.tests.kit import World

CHANNEL = "6a000000-0000-4000-8000-000000000001"
HEAD = "channel,taken_at,followers\n"


def lines(days: int) -> str:
    """Return a file with the followers of a channel on so many days."""
    counted = (date(2021, 7, 1) + timedelta(days=day) for day in range(days))
    return HEAD + "".join(f"官微,{day},{1001 + number}\n" for number, day in enumerate(counted))


def begin(world: World, content: str | bytes, key: str = "", **query: Any) -> Any:
    """Return the answer to the beginning of an import."""
    data = content.encode() if isinstance(content, str) else content
    return world.ask("POST", "/v1/imports", key, params=query, content=data)


def work(world: World, desk: ImportDesk | None = None) -> None:
    """Send rows until no import waits."""

    async def through() -> None:
        while await (desk or world.deps.imports).runner.step():
            pass

    world.runner.run(through())


def counted(world: World) -> list[Any]:
    """Return the followers that were counted, in order, with the keys they were sent under."""
    return [
        (request["body"]["followers"], request["key"])
        for _, method, request in world.services.requests
        if method == "count_followers"
    ]
