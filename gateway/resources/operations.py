"""For operators and machines: is it alive, is it ready, how is it doing, what does it offer."""

import asyncio
import time
from collections.abc import Iterable
from functools import cache, partial

from falcon.asgi import Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gateway.dependencies import Dependencies
from gateway.measures import exposition
from gateway.openapi import document
from gateway.operations import JSON, Route
from gateway.responses import answer
from shared.contracts import SERVICES
from shared.errors import Unavailable

PATIENCE_S = 2.0


class Health:
    """``/livez``: the process answers. ``/readyz``: its database answers too, and which services are heard of."""

    def __init__(self, deps: Dependencies) -> None:
        self._access, self._freshness = deps.access, deps.matrix.board.freshness

    async def on_get_live(self, req: Request, resp: Response) -> None:
        """Say yes."""
        answer(req, resp, {"status": "alive"})

    async def on_get_ready(self, req: Request, resp: Response) -> None:
        """Ask the database. It alone decides: without one of the services much of the rest still works."""
        missing = self._freshness.missing(time.time())
        parts = {"database": await self._database()} | {
            name: "missing" if name in missing else "ok" for name in SERVICES
        }
        ready = parts["database"] == "ok"
        answer(req, resp, {"status": "ready" if ready else "not ready", "parts": parts})
        if not ready:
            resp.status = 503

    async def _database(self) -> str:
        try:
            await asyncio.wait_for(self._access.in_thread(self._access.accounts.revision), PATIENCE_S)
        except (Unavailable, TimeoutError):
            return "down"
        return "ok"


class Measures:
    """``/metrics`` in Prometheus' text format."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def on_get(self, req: Request, resp: Response) -> None:
        """Give the measures of every worker."""
        resp.content_type = CONTENT_TYPE_PLAIN_0_0_4
        resp.data = exposition(self._registry)


class Inventory:
    """``/v1/openapi.json``: every operation there is, made of the same table that the gate reads."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._document = cache(
            partial(document, tuple(routes))
        )  # when it is first asked for: a start waits for nothing

    async def on_get(self, req: Request, resp: Response) -> None:
        """Give the description."""
        resp.content_type = JSON
        resp.data = await asyncio.to_thread(self._document)
