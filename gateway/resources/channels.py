"""Channels of units, and the followers counted on them."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.bodies import read_body
from gateway.dependencies import Dependencies
from gateway.services import Service, answer_command


class Channels:
    """The collection; POST opens one."""

    def __init__(self, deps: Dependencies) -> None:
        self._content, self._metrics = Service(deps, "content"), Service(deps, "metrics")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List channels."""
        await self._content.list(req, resp, "list_channels")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Open a channel."""
        await self._content.make(req, resp, "open_channel")

    async def on_get_one(self, req: Request, resp: Response, channel_id: UUID) -> None:
        """Show a channel."""
        await self._content.get(req, resp, "get_channel", channel_id=channel_id)

    async def on_post_status(self, req: Request, resp: Response, channel_id: UUID) -> None:
        """Change its status."""
        await self._content.do(req, resp, "change_channel_status", channel_id=channel_id)

    async def on_post_name(self, req: Request, resp: Response, channel_id: UUID) -> None:
        """Rename it."""
        await self._content.do(req, resp, "rename_channel", channel_id=channel_id)

    async def on_post_snapshots(self, req: Request, resp: Response, channel_id: UUID) -> None:
        """Note its followers at one moment, for the unit that owns the channel, whatever the client thinks."""
        body = await read_body(req)
        channel = await self._content.call(req, "get_channel", {"channel_id": channel_id})
        counted = {**body, "channel_id": channel_id, "unit_id": channel["unit_id"]}
        answer_command(req, resp, await self._metrics.call(req, "count_followers", counted))
