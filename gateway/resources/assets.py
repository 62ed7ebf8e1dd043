"""Assets: the library's photographs and videos, and the files behind them."""

import re
from urllib.parse import quote
from uuid import UUID

from falcon.asgi import Request, Response

from gateway.dependencies import Dependencies
from gateway.responses import knows
from gateway.services import Service

SANDBOX = "sandbox; default-src 'none'"
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


class Assets:
    """The collection; what enters it enters through ``uploads``."""

    def __init__(self, deps: Dependencies) -> None:
        self._media, self._files = Service(deps, "media"), deps.files

    async def on_get(self, req: Request, resp: Response) -> None:
        """List assets."""
        await self._media.list(req, resp, "list_assets")

    async def on_get_one(self, req: Request, resp: Response, asset_id: UUID) -> None:
        """Show an asset."""
        await self._media.get(req, resp, "get_asset", asset_id=asset_id)

    async def on_patch_one(self, req: Request, resp: Response, asset_id: UUID) -> None:
        """Describe it anew."""
        await self._media.do(req, resp, "describe_asset", asset_id=asset_id)

    async def on_post_withdrawal(self, req: Request, resp: Response, asset_id: UUID) -> None:
        """Withdraw it."""
        await self._media.do(req, resp, "withdraw_asset", asset_id=asset_id)

    async def on_get_rendition(self, req: Request, resp: Response, asset_id: UUID, name: str) -> None:
        """Give one of its files: ``thumbnail``, ``web`` or ``original``. Nothing in it runs in the reader's browser."""
        found = await self._media.call(req, "get_rendition", {"asset_id": asset_id, "name": name})
        tag = f'"{found["etag"]}"'
        resp.set_header("ETag", tag)
        if knows(req, tag):
            resp.status = 304
            return
        stream = await self._files.open(str(found["blob"]))
        resp.content_type = found["media_type"]
        kind = "attachment" if found["name"] == "original" else "inline"
        resp.set_header("Content-Disposition", disposition(kind, str(found["filename"])))
        resp.set_header("Content-Security-Policy", SANDBOX)
        resp.stream = stream


def disposition(kind: str, filename: str) -> str:
    """Return a Content-Disposition whose name can neither leave the header nor a folder. Source: RFC 6266, RFC 8187."""
    name = filename.replace("\\", "/").rpartition("/")[2].encode(errors="replace").decode().strip(" .") or "file"
    printable = "".join(character if character.isprintable() else "_" for character in name)
    return f"{kind}; filename=\"{_PLAIN.sub('_', printable)}\"; filename*=UTF-8''{quote(printable, safe='')}"
