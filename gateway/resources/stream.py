"""News of changes to the matrix as server-sent events."""

import falcon
from falcon.asgi import Request, Response

from gateway.bodies import read_query
from gateway.dependencies import Dependencies
from gateway.matrix.stream import scope_of
from gateway.room import later

RETRY_AFTER_S = 10


class Stream:
    """One open connection a request; each tells only of units the caller may see, as long as he may."""

    def __init__(self, deps: Dependencies) -> None:
        self._hub, self._access = deps.matrix.hub, deps.access

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer with events until the client leaves; from ``Last-Event-ID`` on where it had some before.

        Raises:
            HTTPServiceUnavailable: this worker holds as many streams as it can, or is about to end.
            HTTPTooManyRequests: the key or session has as many streams open as it may.
        """
        read_query(req)
        if self._hub.crowded:
            raise falcon.HTTPServiceUnavailable(
                title="Too many streams", description="this worker takes no more streams now", retry_after=later()
            )
        proof, key = req.context.proof, req.context.identity.name
        if self._hub.full(key):
            raise falcon.HTTPTooManyRequests(
                title="Too many streams", description="close another stream first", retry_after=RETRY_AFTER_S
            )
        resp.cache_control = ["no-store"]
        resp.set_header("X-Accel-Buffering", "no")
        resp.sse = self._hub.events(
            key,
            scope_of(req.context.caller),
            lambda: self._access.check(proof),
            req.get_header("Last-Event-ID"),
        )
