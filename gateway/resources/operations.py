"""For operators and machines: is it alive, is it ready, how is it doing, what does it offer."""

import asyncio
from collections.abc import Iterable

from falcon.asgi import Request, Response
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from gateway.dependencies import Check, Dependencies
from gateway.openapi import document
from gateway.operations import JSON, Route
from gateway.responses import answer

CHECK_TIMEOUT_S = 2.0


class Health:
    """``/livez``: the process answers. ``/readyz``: its database answers too, and how the other parts are."""

    def __init__(self, deps: Dependencies) -> None:
        self._access, self._checks = deps.access, deps.checks

    async def on_get_live(self, req: Request, resp: Response) -> None:
        """Say yes."""
        answer(req, resp, {"status": "alive"})

    async def on_get_ready(self, req: Request, resp: Response) -> None:
        """Ask the parts. A part that is down besides the database makes nobody wait: its absence is shown."""
        names = ["database", *self._checks]
        parts = dict(zip(names, await asyncio.gather(*map(_state, [self._ask, *self._checks.values()])), strict=True))
        ready = parts["database"] == "ok"
        answer(req, resp, {"status": "ready" if ready else "not ready", "parts": parts})
        if not ready:
            resp.status = 503

    async def _ask(self) -> None:
        await self._access.in_thread(self._access.accounts.revision)


class Measures:
    """``/metrics`` in Prometheus' text format."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def on_get(self, req: Request, resp: Response) -> None:
        """Give this process's and this application's measures."""
        resp.content_type = CONTENT_TYPE_PLAIN_0_0_4
        resp.data = generate_latest(REGISTRY) + generate_latest(self._registry)


class Inventory:
    """``/v1/openapi.json``: every operation there is, made of the same table that the gate reads."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._document = document(routes)

    async def on_get(self, req: Request, resp: Response) -> None:
        """Give the description."""
        resp.content_type = JSON
        resp.data = self._document


async def _state(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"
    except Exception as error:  # whatever it is: the part does not answer
        return f"down: {type(error).__name__}"
    return "ok"
