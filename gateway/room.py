"""How much a gateway worker takes before it says "later": open files and memory must not be what ends it."""

import os
import random
import resource
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import falcon.asgi
from falcon.asgi import Request, Response

RESERVED_FILES = 1_000  # databases, broker, uploads, requests beside the streams
STREAM_BYTES = 64 * 1024  # 25 KB measured for a stream that is read; the rest for those read slowly
SHARE = 0.5  # of the memory
UNDER_WAY = 1_000  # requests at once: each waits for a thread, a service or a database
LATER_S = (2, 8)  # spread: those turned away together do not come back together
CGROUP = Path("/sys/fs/cgroup/memory.max")
BODY = (
    b'{"type":"urn:matrix:problem:gateway.busy","title":"Service Unavailable","status":503,'
    b'"detail":"too much at once; ask again after the seconds in Retry-After","code":"gateway.busy","errors":[]}'
)
Send = Callable[[dict[str, Any]], Awaitable[None]]


def streams_here() -> int:
    """Return how many open streams this process's limits are good for."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_FILES
    return max(1, min(files, int(_memory() * SHARE / STREAM_BYTES)))


def later() -> int:
    """Return after how many seconds somebody who was turned away may ask again."""
    return random.randint(*LATER_S)


class Gateway(falcon.asgi.App[Request, Response]):
    """Falcon's application that turns requests away at once when too many are under way.

    ``streams`` says how many of them only listen. A refusal costs next to nothing: nothing is parsed, nobody is asked.
    """

    def __init__(self, streams: Callable[[], int]) -> None:
        super().__init__()
        self._streams = streams
        self._under_way = 0
        self.refused = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:  # type: ignore[override]
        """Answer a request."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        if self._under_way - self._streams() >= UNDER_WAY and scope["path"].startswith("/v1/"):
            self.refused += 1
            await _refuse(send)
            return
        self._under_way += 1
        try:
            await self.serve(scope, receive, send)
        finally:
            self._under_way -= 1

    async def serve(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Answer a request for which there is room."""
        await super().__call__(scope, receive, send)


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/problem+json"), (b"content-length", str(len(BODY)).encode()),
        (b"retry-after", str(later()).encode()), (b"cache-control", b"no-store"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def _memory() -> int:
    """Return the bytes this process may use: the container's limit, else the machine's memory."""
    with suppress(OSError, ValueError):
        return int(CGROUP.read_text())
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
