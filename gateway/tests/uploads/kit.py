"""A media service that keeps uploads, and what a client sends and sees."""

import base64
from typing import Any
from uuid import uuid4

from gateway.tests.kit import OWN, OWN_UNIT, FakeServices, World
from shared.blobs import open_blobs
from shared.errors import Conflict, NotFound

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
PHOTO = bytes(range(256)) * 4096  # a mebibyte


class FakeMedia:
    """Uploads as the media service keeps them."""

    def __init__(self, services: FakeServices) -> None:
        self.uploads: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, list[str]] = {}
        self.finish: Exception | None = None
        self.hashes: list[str | None] = []
        for method in ("create", "get", "advance", "complete", "finish", "cancel"):
            services.answers[f"{method}_upload"] = getattr(self, f"{method}_upload")

    def create_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": str(uuid4()), "unit_id": str(OWN_UNIT), "offset": 0, "asset_id": None,
            "expires_at": "2031-01-01T00:00:00Z", "length": request["body"]["length"],
        }  # fmt: skip
        self.uploads[made["id"]], self.parts[made["id"]] = made, []
        return dict(made)

    def get_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["upload_id"] not in self.uploads:
            raise NotFound("upload.not_found", "no such upload")
        return dict(self.uploads[request["body"]["upload_id"]])

    def advance_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        body, upload = request["body"], self.uploads[request["body"]["upload_id"]]
        if body["offset"] != upload["offset"]:
            raise Conflict("upload.wrong_offset", "somebody was faster")
        upload["offset"] += body["bytes"]
        self.parts[upload["id"]].append(body["blob"])
        return dict(upload)

    def complete_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        upload = self.advance_upload(request)
        self.hashes.append(request["body"]["sha256"])
        self.finish_upload(request)
        return {**upload, "asset_id": str(OWN)}

    def finish_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.finish is not None:
            raise self.finish
        self.uploads[request["body"]["upload_id"]]["asset_id"] = str(OWN)
        return {"id": str(OWN), "version": 1, "position": "1", "replayed": False, "duplicate": False}

    def cancel_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        del self.uploads[request["body"]["upload_id"]]
        return {"id": request["body"]["upload_id"]}


def told(**facts: str) -> str:
    """Return ``Upload-Metadata``."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items())


def begin(world: World, length: int = len(PHOTO), headers: dict[str, str] | None = None, **more: Any) -> Any:
    """Return the answer to the creation of an upload of a photograph."""
    facts = told(filename="照片 1.jpg", unit_id=str(OWN_UNIT), tags="law, moot court", filetype="image/jpeg")
    asked = {**TUS, "Upload-Length": str(length), "Upload-Metadata": facts, **(headers or {})}
    return world.ask("POST", "/v1/assets/uploads", headers=asked, **more)


def send(world: World, path: str, offset: int, content: Any, **headers: str) -> Any:
    """Return the answer to a part."""
    return world.ask("PATCH", path, headers={**BYTES, "Upload-Offset": str(offset), **headers}, content=content)


def stored(world: World, media: FakeMedia) -> bytes:
    """Return the bytes that media was told of, in order."""
    blobs = open_blobs(world.deps.settings)
    return b"".join(chunk for keys in media.parts.values() for key in dict.fromkeys(keys) for chunk in blobs.open(key))


def staged(world: World) -> list[str]:
    """Return the keys of the files that wait to become assets."""
    return [blob.key for blob in open_blobs(world.deps.settings).list("media/staging/")]
