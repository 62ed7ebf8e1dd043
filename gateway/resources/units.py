"""Units: offices, departments, colleges and campuses."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.dependencies import Dependencies
from gateway.services import Service


class Units:
    """The collection; POST establishes one."""

    def __init__(self, deps: Dependencies) -> None:
        self._content = Service(deps, "content")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List units."""
        await self._content.list(req, resp, "list_units")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Establish a unit."""
        await self._content.make(req, resp, "establish_unit")

    async def on_get_one(self, req: Request, resp: Response, unit_id: UUID) -> None:
        """Show a unit."""
        await self._content.get(req, resp, "get_unit", unit_id=unit_id)

    async def on_post_name(self, req: Request, resp: Response, unit_id: UUID) -> None:
        """Rename it."""
        await self._content.do(req, resp, "rename_unit", unit_id=unit_id)

    async def on_post_parent(self, req: Request, resp: Response, unit_id: UUID) -> None:
        """Move it below another."""
        await self._content.do(req, resp, "move_unit", unit_id=unit_id)

    async def on_post_merger(self, req: Request, resp: Response, unit_id: UUID) -> None:
        """Merge it into another."""
        await self._content.do(req, resp, "merge_unit", unit_id=unit_id)
