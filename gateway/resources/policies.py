"""Policies: versioned rules by which figures are judged."""

from falcon.asgi import Request, Response

from gateway.dependencies import Dependencies
from gateway.services import Service


class TimelinessPolicies:
    """The timeliness rule; POST adopts its next version."""

    def __init__(self, deps: Dependencies) -> None:
        self._metrics = Service(deps, "metrics")

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the rule in all its versions."""
        await self._metrics.get(req, resp, "get_policy")

    async def on_get_judgements(self, req: Request, resp: Response) -> None:
        """List what was judged by it."""
        await self._metrics.list(req, resp, "list_judgements")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Adopt a version."""
        await self._metrics.make(req, resp, "adopt_timeliness_policy", where=req.path)
