"""A media service and what tests ask of it."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.media.imaging import decoders
from services.media.library import Library, rendition_key
from services.media.limits import RENDITIONS
from services.media.projections import VIEWS
from services.media.service import MediaService
from shared.blobs import open_blobs, staging_key
from shared.context import Caller
from shared.contracts.media.events import AssetAdded, AssetWithdrawn
from shared.messaging import instance
from shared.runtime import Runtime, open_runtime
from shared.testing import SECRET, caller, open_test_runtime, request

PHOTOGRAPHER = caller("photographer")
ADMIN = caller("admin")
ROOT = Path(__file__).parents[3]
UNIT, OTHER_UNIT = uuid4(), uuid4()


class World:
    """A media service on a database and a folder."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.service: Any = instance(MediaService, runtime)
        self.blobs = open_blobs(runtime.settings)
        self.library = Library(runtime, self.blobs, decoders())

    def ask(self, method: str, /, who: Caller = PHOTOGRAPHER, key: str | None = None, **body: Any) -> Any:
        """Return what the service answers."""
        return getattr(self.service, method)(request(self.runtime, who, body, key))

    def begin(self, length: int, who: Caller = PHOTOGRAPHER, key: str | None = None, **more: Any) -> str:
        """Return the id of a new upload."""
        body = {"unit_id": str(UNIT), "filename": "DSC_0001.JPG", **more}
        return str(self.ask("create_upload", who, key, length=length, **body)["id"])

    def send(self, upload: str, offset: int, data: bytes, who: Caller = PHOTOGRAPHER) -> int:
        """Store a part as the gateway does; return the new offset."""
        key = staging_key(UUID(upload), offset)
        self.blobs.put(key, data)
        sent = self.ask("advance_upload", who, upload_id=upload, offset=offset, bytes=len(data), blob=key)
        return int(sent["offset"])

    def staged(self, upload: str, data: bytes) -> str:
        """Stage the only part of an upload; return its key."""
        blob = staging_key(UUID(upload), 0)
        self.blobs.put(blob, data)
        return blob

    def complete(self, blob: str, told: str | None = None, who: Caller = PHOTOGRAPHER) -> Any:
        """Have the only part, which is staged, make an asset, as the gateway does; return what the service answers."""
        upload, size = blob.split("/")[2], self.blobs.size(blob)
        return self.ask("complete_upload", who, upload_id=upload, offset=0, bytes=size, blob=blob, sha256=told)

    def sent(self, data: bytes, who: Caller = PHOTOGRAPHER, **more: Any) -> str:
        """Return the id of an upload all of whose bytes have come."""
        upload = self.begin(len(data), who, **more)
        self.send(upload, 0, data, who)
        return upload

    def add(self, data: bytes, who: Caller = PHOTOGRAPHER, **more: Any) -> str:
        """Return the id of the asset that the file becomes."""
        return str(self.ask("finish_upload", who, upload_id=self.sent(data, who, **more))["id"])

    def rendition(self, asset_id: str, name: str, who: Caller = PHOTOGRAPHER) -> bytes:
        """Return the bytes of a rendition."""
        return self.read(self.ask("get_rendition", who, asset_id=asset_id, name=name)["blob"])

    def read(self, key: str) -> bytes:
        """Return the bytes of a blob."""
        return b"".join(self.blobs.open(key))

    def stored(self, prefix: str = "media/") -> list[str]:
        """Return the keys of all blobs."""
        return sorted(found.key for found in self.blobs.list(prefix))

    def added(self) -> list[AssetAdded]:
        """Return every asset that the log holds."""
        return [r.event for r in self.runtime.log.read(0).events if isinstance(r.event, AssetAdded)]

    def assert_every_asset_has_its_files(self) -> None:
        """The invariant: what the log names is stored, whole and unchanged."""
        events = [recorded.event for recorded in self.runtime.log.read(0).events]
        gone = {event.asset_id for event in events if isinstance(event, AssetWithdrawn) and event.files_removed}
        for asset in self.added():
            if asset.asset_id in gone:
                continue
            original = self.read(asset.blob)
            assert (len(original), sha256(original).hexdigest()) == (asset.bytes, asset.sha256)
            if asset.media_type.startswith("image/"):
                for name in RENDITIONS:
                    assert self.read(rendition_key(asset.asset_id, name)).startswith(b"\xff\xd8\xff")


def new_world(folder: Path) -> World:
    """Return a world on a fresh SQLite file in the folder."""
    return World(open_test_runtime("media", folder, VIEWS))


def known_world(settings: Any) -> World:
    """Return a world on a database that is there already."""
    return World(open_runtime("media", settings, VIEWS))


def refused(error: type[Exception], world: World, method: str, who: Caller = PHOTOGRAPHER, **body: Any) -> str:
    """Return the code with which the service refuses."""
    with pytest.raises(error) as refusal:
        world.ask(method, who, **body)
    return str(refusal.value.code)  # type: ignore[attr-defined]


def in_a_process(world: World, what: str, argument: str, failpoints: str = "") -> int:
    """Do one thing in a process of its own; return how it ended."""
    settings = world.runtime.settings
    env = {
        "MATRIX_MODE": settings.mode, "MATRIX_DATA": str(settings.data), "MATRIX_SECRET": SECRET,
        "MATRIX_DATABASE": settings.database, "MATRIX_BLOBS": settings.blobs, "FAILPOINTS": failpoints,
        "MATRIX_DATABASE_PASSWORD": settings.database_password or "",
        "MATRIX_DATABASE_PASSWORD_FILE": settings.database_password_file or "",
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", "services.media.tests.processes"]
    who = [what, str(PHOTOGRAPHER.account_id), "admin", argument]
    return subprocess.run([*command, *who], cwd=ROOT, env={**os.environ, **env}, timeout=60, check=False).returncode
