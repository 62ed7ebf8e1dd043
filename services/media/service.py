"""The doors of the media service: requests in, answers out, the clock in. No rules live here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from services.media import asset, live_stream, queries, schemas, shoot
from services.media.erasure import remove_portraits
from services.media.imaging import VIDEO
from services.media.library import Finished, Library, rendition_key
from services.media.projections import VIEWS
from services.media.sweeper import sweep
from services.media.uploads import Upload
from shared.codec import unstructure
from shared.context import Call
from shared.contracts.media import requests
from shared.contracts.media.events import PersonErased
from shared.erasure import erase_person
from shared.errors import NotFound
from shared.execute import Decider, execute
from shared.log.store import CommandKey
from shared.messaging import Provide, every, rpc
from shared.runtime import answer
from shared.schema import WireSchema
from shared.sealed import unseal

Request = dict[str, Any]
Answer = dict[str, Any]


class MediaService:
    """Owns assets and their files, shoots and live streams."""

    name = "media"
    runtime = Provide(VIEWS)

    @rpc
    def create_upload(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        wanted = schemas.create_upload(call, self.runtime)
        call.caller.require("asset.write", wanted.unit_id)
        return _upload(self._library().uploads.create(wanted))

    @rpc
    def get_upload(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        return _upload(self._upload(call, requests.GetUpload.read(call.body)["upload_id"]))

    @rpc
    def advance_upload(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        upload_id, part = schemas.advance_upload(call)
        return _upload(self._library().advance(upload_id, call.caller.account_id, part))

    @rpc
    def complete_upload(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        upload_id, part, digest = schemas.complete_upload(call)
        upload = self._library().advance(upload_id, call.caller.account_id, part, last=True)
        finished = self._finish(call, upload, digest)
        return _upload(replace(upload, asset_id=finished.asset_id)) | {"position": str(finished.done.position)}

    @rpc
    def finish_upload(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        upload = self._upload(call, requests.FinishUpload.read(call.body)["upload_id"])
        finished = self._finish(call, upload)
        return answer(finished.asset_id, finished.done) | {"duplicate": finished.duplicate}

    @rpc
    def cancel_upload(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        upload = self._upload(call, requests.CancelUpload.read(call.body)["upload_id"])
        self._library().cancel(upload.upload_id)
        return {"id": str(upload.upload_id)}

    @rpc
    def get_asset(self, request: Request) -> Answer:
        call = self.runtime.open("asset.read", request)
        found = self._asset(call, requests.GetAsset.read(call.body)["asset_id"])
        return queries.show_asset(found, unseal(self.runtime.keys, found["photographer"], "photographer"))

    @rpc
    def list_assets(self, request: Request) -> Answer:
        return self._list("asset.read", request, requests.ListAssets, queries.list_assets)

    @rpc
    def describe_asset(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        command = schemas.describe_asset(call)
        return self._execute(call, asset.stream_of(command.asset_id), asset, command, command.asset_id)

    @rpc
    def withdraw_asset(self, request: Request) -> Answer:
        call = self.runtime.open("asset.write", request)
        command = schemas.withdraw_asset(call)
        return self._execute(call, asset.stream_of(command.asset_id), asset, command, command.asset_id)

    @rpc
    def get_rendition(self, request: Request) -> Answer:
        call = self.runtime.open("asset.read", request)
        body = requests.GetRendition.read(call.body)
        found, name = self._asset(call, body["asset_id"]), body["name"]
        if name == "original":  # it still says where it was taken, and with which camera
            call.caller.require("asset.write", found["unit_id"])
        if found["status"] != "available":
            raise NotFound("asset.withdrawn", "this file was withdrawn from the library")
        if name != "original" and found["media_type"] == VIDEO:
            raise NotFound("asset.no_rendition", "a video has no pictures yet")
        original = name == "original"
        return {
            "id": str(found["asset_id"]),
            "name": name,
            "blob": found["blob"] if original else rendition_key(found["asset_id"], name),
            "media_type": found["media_type"] if original else "image/jpeg",
            "filename": found["filename"] if original else f"{found['filename'].rpartition('.')[0]}-{name}.jpg",
            "etag": f"{found['sha256'][:32]}-{name}",
        }

    @rpc
    def plan_shoot(self, request: Request) -> Answer:
        call = self.runtime.open("shoot.write", request)
        command = schemas.plan_shoot(call, self.runtime)
        call.caller.require("shoot.write", command.unit_id)
        return self._execute(call, f"shoot-{command.shoot_id}", shoot, command, command.shoot_id, new=True)

    @rpc
    def complete_shoot(self, request: Request) -> Answer:
        call = self.runtime.open("shoot.write", request)
        command = schemas.complete_shoot(call)
        return self._execute(call, f"shoot-{command.shoot_id}", shoot, command, command.shoot_id)

    @rpc
    def deliver_photos(self, request: Request) -> Answer:
        call = self.runtime.open("shoot.write", request)
        body = requests.DeliverPhotos.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            command = schemas.deliver_photos(body, queries.usable(db, body["asset_ids"]))
        return self._execute(call, f"shoot-{command.shoot_id}", shoot, command, command.shoot_id)

    @rpc
    def get_shoot(self, request: Request) -> Answer:
        call = self.runtime.open("shoot.read", request)
        shoot_id = requests.GetShoot.read(call.body)["shoot_id"]
        with self.runtime.caught_up(call.caller) as db:
            found = queries.get_shoot(db, shoot_id)
        call.caller.require("shoot.read", found["unit_id"])
        return found

    @rpc
    def list_shoots(self, request: Request) -> Answer:
        return self._list("shoot.read", request, requests.ListShoots, queries.list_shoots)

    @rpc
    def plan_stream(self, request: Request) -> Answer:
        call = self.runtime.open("live_stream.write", request)
        command = schemas.plan_stream(call, self.runtime)
        call.caller.require("live_stream.write", command.unit_id)
        return self._on_stream(call, command)

    @rpc
    def start_stream(self, request: Request) -> Answer:
        call = self.runtime.open("live_stream.write", request)
        return self._on_stream(call, schemas.start_stream(call))

    @rpc
    def sample_viewers(self, request: Request) -> Answer:
        call = self.runtime.open("live_stream.write", request)
        return self._on_stream(call, schemas.sample_viewers(call))

    @rpc
    def end_stream(self, request: Request) -> Answer:
        call = self.runtime.open("live_stream.write", request)
        return self._on_stream(call, schemas.end_stream(call))

    @rpc
    def get_stream(self, request: Request) -> Answer:
        call = self.runtime.open("live_stream.read", request)
        stream_id = requests.GetStream.read(call.body)["stream_id"]
        with self.runtime.caught_up(call.caller) as db:
            found = queries.get_stream(db, stream_id)
        call.caller.require("live_stream.read", found["unit_id"])
        return found

    @rpc
    def list_streams(self, request: Request) -> Answer:
        return self._list("live_stream.read", request, requests.ListStreams, queries.list_streams)

    @rpc
    def erase_person(self, request: Request) -> Answer:
        call = self.runtime.open("person.erase", request)
        person_id = requests.ErasePerson.read(call.body)["person_id"]
        remove = partial(remove_portraits, self.runtime, self._library(), person_id, call.cause())
        return erase_person(self.runtime, call, PersonErased(person_id=person_id), person_id, remove)

    @every(300.0)
    def sweep(self) -> None:
        """Clear up what was left."""
        sweep(self.runtime, self._library(), datetime.now(UTC))

    def _library(self) -> Library:
        return Library(self.runtime)

    def _upload(self, call: Call, upload_id: UUID) -> Upload:
        return self._library().uploads.get(upload_id, call.caller.account_id, datetime.now(UTC))

    def _finish(self, call: Call, upload: Upload, digest: str | None = None) -> Finished:
        call.caller.require("asset.write", upload.unit_id)
        # An upload is finished once, by whichever request: it is its own key.
        key = CommandKey(key=f"{upload.account_id}/media/finish_upload/{upload.upload_id}", fingerprint="")
        return self._library().finish(upload, replace(call.cause(), key=key), digest)

    def _asset(self, call: Call, asset_id: UUID) -> Answer:
        with self.runtime.caught_up(call.caller) as db:
            found = queries.find_asset(db, asset_id)
        call.caller.require("asset.read", found["unit_id"])
        return found

    def _on_stream(self, call: Call, command: live_stream.Command) -> Answer:
        new = isinstance(command, live_stream.PlanStream)
        return self._execute(call, f"live-{command.stream_id}", live_stream, command, command.stream_id, new)

    def _execute(
        self, call: Call, stream: str, rules: Decider[Any, Any], command: Any, thing_id: UUID, new: bool = False
    ) -> Answer:
        def guard(state: Any) -> None:
            call.caller.require(call.operation, state.unit_id)

        done = execute(
            self.runtime.log,
            stream,
            rules,
            command,
            call.cause(),
            guard=guard,
            expected_version=call.expected_version,
            new=new,
        )
        return answer(thing_id, done)

    def _list(
        self,
        action: str,
        request: Request,
        schema: type[WireSchema],
        query: Callable[[Any, frozenset[UUID] | None, Answer], Answer],
    ) -> Answer:
        call = self.runtime.open(action, request)
        body = schema.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return query(db, call.caller.unit_filter(), body)


def _upload(upload: Upload) -> Answer:
    """Return where the upload stands; ``offset`` and ``length`` in bytes."""
    told: Answer = unstructure(
        {
            "id": upload.upload_id,
            "unit_id": upload.unit_id,
            "length": upload.length,
            "offset": upload.received,
            "asset_id": upload.asset_id,
            "expires_at": upload.expires_at,
        }
    )
    return told
