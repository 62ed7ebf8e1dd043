"""Training sessions and who attended them."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.dependencies import Dependencies
from gateway.services import Service


class TrainingSessions:
    """The collection; POST schedules one."""

    def __init__(self, deps: Dependencies) -> None:
        self._training = Service(deps, "training")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List sessions."""
        await self._training.list(req, resp, "list_sessions")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Schedule a session."""
        await self._training.make(req, resp, "schedule_session")

    async def on_get_one(self, req: Request, resp: Response, session_id: UUID) -> None:
        """Show a session with its attendances."""
        await self._training.get(req, resp, "get_session", session_id=session_id)

    async def on_post_attendances(self, req: Request, resp: Response, session_id: UUID) -> None:
        """Record who attended."""
        await self._training.do(req, resp, "record_attendances", session_id=session_id)

    async def on_post_completion(self, req: Request, resp: Response, session_id: UUID) -> None:
        """Note that it was held."""
        await self._training.do(req, resp, "hold_session", session_id=session_id)

    async def on_post_cancellation(self, req: Request, resp: Response, session_id: UUID) -> None:
        """Note that it will not be held."""
        await self._training.do(req, resp, "cancel_session", session_id=session_id)
