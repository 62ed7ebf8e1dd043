"""Live streams and their sampled viewers."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.dependencies import Dependencies
from gateway.services import Service


class LiveStreams:
    """The collection; POST plans one."""

    def __init__(self, deps: Dependencies) -> None:
        self._media = Service(deps, "media")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List streams."""
        await self._media.list(req, resp, "list_streams")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Plan a stream."""
        await self._media.make(req, resp, "plan_stream")

    async def on_get_one(self, req: Request, resp: Response, stream_id: UUID) -> None:
        """Show a stream with its samples."""
        await self._media.get(req, resp, "get_stream", stream_id=stream_id)

    async def on_post_start(self, req: Request, resp: Response, stream_id: UUID) -> None:
        """Note that it began."""
        await self._media.do(req, resp, "start_stream", stream_id=stream_id)

    async def on_post_viewers(self, req: Request, resp: Response, stream_id: UUID) -> None:
        """Note its viewers at one moment."""
        await self._media.do(req, resp, "sample_viewers", stream_id=stream_id)

    async def on_post_end(self, req: Request, resp: Response, stream_id: UUID) -> None:
        """Note that it ended."""
        await self._media.do(req, resp, "end_stream", stream_id=stream_id)
