"""Many commands in one request: each goes through the gateway as a request of its own, and is answered by itself."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from falcon.asgi import Request, Response

from gateway.bodies import read_body
from gateway.calls import Calls
from gateway.gathered import Gathered
from gateway.responses import answer
from gateway.services import CALLS

TOLD = ("Location", "ETag", "Idempotent-Replayed", "Retry-After")
OWN = frozenset(  # headers that belong to the batch, not to a command in it
    b"content-type content-length content-encoding transfer-encoding expect idempotency-key if-match if-none-match "
    b"traceparent".split()
)
Headers = Iterable[tuple[bytes, bytes]]
App = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class Batches:
    """``app`` is the gateway. The calls of a batch go to the services together, those of no one else with them."""

    def __init__(self, app: App, calls: Calls) -> None:
        self._app, self._calls = app, calls

    async def on_post(self, req: Request, resp: Response) -> None:
        """Carry out commands, all at once and independently; answer them in their order."""
        asked = (await read_body(req))["requests"]
        shared = {**req.scope, CALLS: replace(self._calls, rpc=Gathered(self._calls.rpc))}
        headers = [(name, value) for name, value in req.scope["headers"] if name.lower() not in OWN]
        headers.append((b"traceparent", f"00-{UUID(req.context.correlation_id).hex}-{'1':0>16}-01".encode()))
        answers = await asyncio.gather(*(self._answer(one, shared, headers) for one in asked))
        answer(req, resp, {"answers": answers})

    async def _answer(self, one: dict[str, Any], shared: dict[str, Any], headers: Headers) -> dict[str, Any]:
        body = json.dumps(one["body"]).encode() if "body" in one else b""
        heard: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: dict[str, Any]) -> None:
            heard.append(event)

        await self._app({**shared, **_asked(one, headers, len(body))}, receive, send)
        return _told(heard)


def _asked(one: dict[str, Any], headers: Headers, length: int) -> dict[str, Any]:
    """Return what the scope of a command says otherwise than that of its batch."""
    parts = urlsplit(one["path"])
    own = {"content-type": "application/json", "content-length": str(length)}
    own |= {"idempotency-key": one["key"]} if "key" in one else {}
    own |= {"if-match": one["if_match"]} if "if_match" in one else {}
    return {
        "method": one["method"],
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [*headers, *((name.encode(), value.encode()) for name, value in own.items())],
    }


def _told(heard: list[dict[str, Any]]) -> dict[str, Any]:
    start, *rest = heard
    given = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    headers = {name: given[name.lower()] for name in TOLD if name.lower() in given}
    said = b"".join(event.get("body", b"") for event in rest)
    return {"status": start["status"], "headers": headers, "body": json.loads(said) if said else {}}
