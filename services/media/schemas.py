"""message → command."""

import re
from datetime import UTC, datetime
from pathlib import PureWindowsPath
from typing import Any
from uuid import UUID

from services.media.asset import DescribeAsset, WithdrawAsset
from services.media.limits import UPLOAD_LIFETIME
from services.media.live_stream import EndStream, PlanStream, SampleViewers, StartStream
from services.media.shoot import CompleteShoot, DeliverPhotos, PlanShoot
from services.media.uploads import Part, Upload
from shared.context import Call
from shared.contracts.media import requests
from shared.errors import Invalid
from shared.runtime import Runtime
from shared.sealed import Sealed, seal

MAX_FILENAME = 200
_PART = re.compile(r"media/staging/([0-9a-f-]{36})/(\d{1,15})-", re.ASCII)


def create_upload(call: Call, runtime: Runtime) -> Upload:
    """Return the upload that the call asks for; the photographer's name is sealed.

    Raises:
        Invalid: a name without the id of the person it belongs to.
        RuleBroken: ``person.erased``.
    """
    body = requests.CreateUpload.read(call.body)
    filename = plain_name(body["filename"])
    return Upload(
        upload_id=runtime.new_id(call),
        unit_id=body["unit_id"],
        account_id=call.caller.account_id,
        length=body["length"],
        received=0,
        filename=filename,
        title=_words(body.get("title")) or filename.rpartition(".")[0] or filename,
        tags=_tags(body["tags"]),
        photographer_id=body["photographer_id"],
        photographer=_photographer(runtime, body),
        depicts_id=body["depicts_id"],
        asset_id=None,
        expires_at=datetime.now(UTC) + UPLOAD_LIFETIME,
    )


def advance_upload(call: Call) -> tuple[UUID, Part]:
    """Return the upload and the part that is stored. Raises: Invalid: it lies where no part of this upload can be."""
    return _part(requests.AdvanceUpload.read(call.body))


def complete_upload(call: Call) -> tuple[UUID, Part, str | None]:
    """Return the upload, its last part and the file's SHA-256 where it is known; raises as ``advance_upload`` does."""
    body = requests.CompleteUpload.read(call.body)
    return *_part(body), body["sha256"]


def _part(body: dict[str, Any]) -> tuple[UUID, Part]:
    found = _PART.match(body["blob"])
    if found is None or found[1] != str(body["upload_id"]) or int(found[2]) > body["offset"]:
        raise Invalid("request.invalid", "blob: not a key of this part", {"blob": ["Not a key of this part."]})
    return body["upload_id"], Part(start=body["offset"], bytes=body["bytes"], blob=body["blob"])


def describe_asset(call: Call) -> DescribeAsset:
    """Return the command in the call."""
    body = requests.DescribeAsset.read(call.body)
    return DescribeAsset(
        asset_id=body["asset_id"],
        title=_words(body["title"]),
        tags=_tags(body["tags"]),
        by=call.caller.account_id,
    )


def withdraw_asset(call: Call) -> WithdrawAsset:
    """Return the command in the call."""
    return WithdrawAsset(**requests.WithdrawAsset.read(call.body))


def plan_shoot(call: Call, runtime: Runtime) -> PlanShoot:
    """Return the command in the call."""
    body = requests.PlanShoot.read(call.body)
    title, place = _words(body.pop("title")), _words(body.pop("place", None)) or None
    return PlanShoot(shoot_id=runtime.new_id(call), title=title, place=place, **body)


def complete_shoot(call: Call) -> CompleteShoot:
    """Return the command in the call."""
    return CompleteShoot(**_timed(requests.CompleteShoot.read(call.body)))


def deliver_photos(body: dict[str, Any], in_library: dict[UUID, UUID]) -> DeliverPhotos:
    """Return the command for a loaded body and what is known of its photographs."""
    timed = _timed(body)
    return DeliverPhotos(asset_ids=tuple(timed.pop("asset_ids")), in_library=in_library, **timed)


def plan_stream(call: Call, runtime: Runtime) -> PlanStream:
    """Return the command in the call."""
    body = requests.PlanStream.read(call.body)
    return PlanStream(stream_id=runtime.new_id(call), title=_words(body.pop("title")), **body)


def start_stream(call: Call) -> StartStream:
    """Return the command in the call."""
    return StartStream(**_timed(requests.StartStream.read(call.body)))


def sample_viewers(call: Call) -> SampleViewers:
    """Return the command in the call."""
    return SampleViewers(**_timed(requests.SampleViewers.read(call.body)))


def end_stream(call: Call) -> EndStream:
    """Return the command in the call."""
    return EndStream(**_timed(requests.EndStream.read(call.body)))


def plain_name(filename: str) -> str:
    """Return the file's name without folders and control characters; it is shown to people and never is a key."""
    return _words(PureWindowsPath(filename).name)[:MAX_FILENAME].strip(". ") or "file"


def _photographer(runtime: Runtime, body: dict[str, Any]) -> Sealed | None:
    name = _words(body.get("photographer"))
    if not name:
        return None
    if body["photographer_id"] is None:
        raise Invalid("request.invalid", "photographer_id: needed with a name", {"photographer_id": ["Is needed."]})
    return seal(runtime.keys, body["photographer_id"], "photographer", name)


def _tags(tags: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(_words, tags))))


def _words(text: str | None) -> str:
    """Return one line of text without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text or "").split())


def _timed(body: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"at": now, "now": now, **body}
