"""Shoots and the photographs delivered from them."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.dependencies import Dependencies
from gateway.services import Service


class Shoots:
    """The collection; POST plans one."""

    def __init__(self, deps: Dependencies) -> None:
        self._media = Service(deps, "media")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List shoots."""
        await self._media.list(req, resp, "list_shoots")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Plan a shoot."""
        await self._media.make(req, resp, "plan_shoot")

    async def on_get_one(self, req: Request, resp: Response, shoot_id: UUID) -> None:
        """Show a shoot."""
        await self._media.get(req, resp, "get_shoot", shoot_id=shoot_id)

    async def on_post_completion(self, req: Request, resp: Response, shoot_id: UUID) -> None:
        """Note that it was done."""
        await self._media.do(req, resp, "complete_shoot", shoot_id=shoot_id)

    async def on_post_photographs(self, req: Request, resp: Response, shoot_id: UUID) -> None:
        """Deliver photographs from it."""
        await self._media.do(req, resp, "deliver_photos", shoot_id=shoot_id)
