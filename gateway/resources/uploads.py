"""Uploads: files on their way into the library, resumable at the byte (tus 1.0)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import falcon
from falcon.asgi import Request, Response

from gateway import tus
from gateway.dependencies import Dependencies
from gateway.services import Service
from gateway.under_way import Begun, UnderWay
from shared.blobs import Behind, staged_from, staging_key
from shared.contracts.media.requests import CreateUpload
from shared.errors import Conflict, Invalid

FINISH_TIMEOUT_S = 60.0


class Uploads:
    """POST creates one, PATCH sends bytes, HEAD says where it stands, DELETE gives it up."""

    def __init__(self, deps: Dependencies) -> None:
        self._media, self._files, self._under_way = Service(deps, "media"), deps.files, UnderWay()

    async def on_options(self, req: Request, resp: Response) -> None:
        """Say what is spoken here."""
        tus.speak(req, resp)
        resp.status = 204

    async def on_post(self, req: Request, resp: Response) -> None:
        """Create an upload; its first bytes may come along."""
        tus.speak(req, resp)
        upload = await self._media.call(req, "create_upload", _wanted(req))
        resp.set_header("Location", f"/v1/assets/uploads/{upload['id']}")
        if upload["asset_id"] is None and upload["offset"] == upload["length"]:
            upload = await self._finish(req, upload)  # asked again: every byte came, and then something failed
        elif req.content_type == tus.BYTES and upload["asset_id"] is None and upload["offset"] == 0:
            upload = await self._take(req, upload)
        _tell(resp, upload, falcon.HTTP_201)

    async def on_head_one(self, req: Request, resp: Response, upload_id: UUID) -> None:
        """Say where it stands."""
        tus.speak(req, resp)
        upload = await self._media.call(req, "get_upload", {"upload_id": upload_id})
        resp.set_header("Upload-Length", str(upload["length"]))
        _tell(resp, upload, falcon.HTTP_200)

    async def on_patch_one(self, req: Request, resp: Response, upload_id: UUID) -> None:
        """Take bytes. The last ones make it an asset, which ``Upload-Asset`` names."""
        tus.speak(req, resp)
        if req.content_type != tus.BYTES:
            raise Invalid("upload.media_type", f"send Content-Type: {tus.BYTES}")
        upload = await self._media.call(req, "get_upload", {"upload_id": upload_id})
        if tus.number(req, "Upload-Offset") != upload["offset"]:
            raise Conflict("upload.wrong_offset", f"the upload stands at byte {upload['offset']}")
        if upload["asset_id"] is None:
            upload = await self._take(req, upload)
        _tell(resp, upload, falcon.HTTP_204)

    async def on_delete_one(self, req: Request, resp: Response, upload_id: UUID) -> None:
        """Give it up."""
        tus.speak(req, resp)
        await self._media.call(req, "cancel_upload", {"upload_id": upload_id})
        resp.status = falcon.HTTP_204

    async def _take(self, req: Request, upload: dict[str, Any]) -> dict[str, Any]:
        """Stage the request's bytes, and have media note them or make an asset of them all; return the upload."""
        upload_id, offset, length = UUID(upload["id"]), int(upload["offset"]), int(upload["length"])
        if offset == length:
            return await self._finish(req, upload)
        part, key = tus.Part(req, length - offset), staging_key(upload_id, offset)
        begun = self._under_way.take(upload_id, offset)
        stored = await self._files.put(key, aiter(part), begun.digest, begun.behind)
        end = offset + part.bytes
        if not part.bytes:
            await self._files.delete(key)
            self._under_way.keep(upload_id, offset, begun)
            return upload
        staged = {"upload_id": upload["id"], "offset": offset, "bytes": part.bytes, "blob": stored.key}
        try:
            if end == length:
                whole = {**staged, "sha256": stored.sha256 if begun.digest else None}
                return await self._media.call(req, "complete_upload", whole, FINISH_TIMEOUT_S)
            advanced = await self._media.call(req, "advance_upload", staged)
        except (Conflict, Invalid) as error:
            if error.code == "upload.wrong_offset":
                await self._files.delete(key)  # another request was faster; its bytes count
            raise
        behind = Behind(stored.key, end - staged_from(stored.key))
        self._under_way.keep(upload_id, end, Begun(begun.digest, behind))
        return advanced

    async def _finish(self, req: Request, upload: dict[str, Any]) -> dict[str, Any]:
        """Have media make an asset of a whole upload; return the upload with it."""
        finished = await self._media.call(req, "finish_upload", {"upload_id": upload["id"]}, FINISH_TIMEOUT_S)
        return {**upload, "asset_id": finished["id"]}


def _wanted(req: Request) -> dict[str, Any]:
    """Return the upload that tus' headers ask for, after it was found to fit media's schema."""
    told: dict[str, Any] = dict(tus.metadata(req))
    wanted = {**told, "length": tus.number(req, "Upload-Length")}
    if "tags" in wanted:
        wanted["tags"] = [tag.strip() for tag in str(told["tags"]).split(",") if tag.strip()]
    wanted.pop("filetype", None)  # the type is told by the content, whatever the client says
    CreateUpload.read(wanted)
    return wanted


def _tell(resp: Response, upload: dict[str, Any], status: str) -> None:
    resp.status = status
    resp.set_header("Upload-Offset", str(upload["offset"]))
    resp.set_header("Upload-Expires", falcon.dt_to_http(datetime.fromisoformat(upload["expires_at"])))
    if upload["asset_id"] is not None:
        resp.set_header("Upload-Asset", f"/v1/assets/{upload['asset_id']}")
