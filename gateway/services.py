"""From an HTTP request to one operation of a service, and back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from falcon.asgi import Request, Response

from gateway.bodies import read_body, read_query
from gateway.calls import Calls
from gateway.cursors import Cursors
from gateway.dependencies import Dependencies
from gateway.operations import SAFE
from gateway.responses import answer, expected_version
from gateway.rpc import DEFAULT_TIMEOUT_S
from shared.errors import Invalid

MAX_KEY = 200
CALLS = "matrix.calls"  # in a request's scope: by which calls it is answered, where not by everybody's


class Service:
    """A service as resources use it: each method answers one request with one call."""

    def __init__(self, deps: Dependencies, name: str) -> None:
        self._calls, self._name = deps.calls, name
        self._cursors = Cursors(deps.settings.secrets)

    async def call(
        self, req: Request, method: str, body: Mapping[str, Any], timeout: float = DEFAULT_TIMEOUT_S
    ) -> dict[str, Any]:
        """Return the service's answer to the request's caller.

        Raises:
            PlatformError: what the service refused with.
        """
        safe, context = req.method in SAFE, req.context
        plain = {name: str(value) if isinstance(value, UUID) else value for name, value in body.items()}
        key, version = (None, None) if safe else (idempotency_key(req), expected_version(req))
        calls: Calls = req.scope.get(CALLS, self._calls)
        return await calls.ask(self._name, method, context.caller, plain, context.correlation_id, key, version, timeout)

    async def get(self, req: Request, resp: Response, method: str, **path: Any) -> None:
        """Answer with one thing."""
        answer(req, resp, await self.call(req, method, {**read_query(req), **path}))

    async def list(self, req: Request, resp: Response, method: str, **path: Any) -> None:
        """Answer with one page of things and the cursor to the next.

        Raises:
            Invalid: the cursor is not one of this list.
        """
        filters = {**read_query(req), **path}
        cursor, limit = filters.pop("cursor", None), filters.pop("limit", None)
        page = {} if limit is None else {"limit": limit}
        after = {} if cursor is None else {"after": self._cursors.unwrap(cursor, req.path, _names(filters))}
        found = await self.call(req, method, {**filters, **page, **after})
        if found.get("next") is not None:
            found["next"] = self._cursors.wrap(str(found["next"]), req.path, _names(filters))
        answer(req, resp, found)

    async def do(self, req: Request, resp: Response, method: str, **path: Any) -> None:
        """Carry out a command on what is there, and answer its version."""
        command = {**read_query(req), **await read_body(req), **path}
        answer_command(req, resp, await self.call(req, method, command))

    async def make(self, req: Request, resp: Response, method: str, where: str = "", **path: Any) -> None:
        """Carry out a command that makes something, and answer where it is: ``where``, or below the request's path."""
        done = await self.call(req, method, {**await read_body(req), **path})
        resp.set_header("Location", where or f"{req.path}/{done['id']}")
        answer_command(req, resp, done)


def answer_command(req: Request, resp: Response, done: dict[str, Any]) -> None:
    """Answer with what a command did, and say when it was done before."""
    if done.get("replayed"):
        resp.set_header("Idempotent-Replayed", "true")
    answer(req, resp, done)


def idempotency_key(req: Request) -> str | None:
    """Return the request's idempotency key, if it has one.

    Raises:
        Invalid: ``request.invalid``, it is not 1 to 200 printable characters.
    """
    key = req.get_header("Idempotency-Key")
    if key is None or (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        return key
    reason = f"1 to {MAX_KEY} printable ASCII characters"
    raise Invalid("request.invalid", f"Idempotency-Key has {reason}", {"Idempotency-Key": [reason]})


def _names(filters: Mapping[str, Any]) -> dict[str, str]:
    """Return the filters as a cursor remembers them."""
    return {name: str(value) for name, value in filters.items()}
