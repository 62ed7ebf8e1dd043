"""event → row: the asset library, the shoots and the live streams as lists show them."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)

from shared.contracts.media.events import (
    AssetAdded,
    AssetDescribed,
    AssetWithdrawn,
    LiveStreamEnded,
    LiveStreamPlanned,
    LiveStreamStarted,
    PhotosDelivered,
    ShootCompleted,
    ShootPlanned,
    ViewersSampled,
)
from shared.database import UtcDateTime
from shared.events import Told
from shared.projector import Projection
from shared.read_model import ReadModel

metadata = MetaData()

asset = Table(
    "asset",
    metadata,
    Column("asset_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("files_removed", Boolean, nullable=False),
    Column("reason", Text),
    Column("media_type", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("taken_at", UtcDateTime),
    Column("camera", Text),
    Column("photographer_id", Uuid),
    Column("photographer", Text),
    Column("depicts_id", Uuid),
    Column("blob", Text, nullable=False),
    Column("added_by", Uuid, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Index("asset_by_unit", "unit_id", "added_at"),
    Index("asset_by_time", "added_at", "asset_id"),
    Index("asset_by_person", "depicts_id"),
)

asset_tag = Table(
    "asset_tag",
    metadata,
    Column("asset_id", Uuid, primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("asset_tag_by_tag", "tag"),
)

# ``bytes`` of the unit's originals that are there; told up to ``position`` of the log, so that nothing counts twice.
unit_usage = Table(
    "unit_usage",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

shoot = Table(
    "shoot",
    metadata,
    Column("shoot_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
    Index("shoot_by_unit", "unit_id", "starts_at"),
    Index("shoot_by_time", "starts_at", "shoot_id"),
)

shoot_photograph = Table(
    "shoot_photograph",
    metadata,
    Column("shoot_id", Uuid, primary_key=True),
    Column("asset_id", Uuid, primary_key=True),
    Column("delivered_at", UtcDateTime, nullable=False),
    Index("shoot_photograph_by_asset", "asset_id"),
)

live_stream = Table(
    "live_stream",
    metadata,
    Column("stream_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("channel_id", Uuid),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("play_url", Text),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("method", Text),
    Index("live_stream_by_unit", "unit_id", "starts_at"),
    Index("live_stream_by_time", "starts_at", "stream_id"),
)

viewer_sample = Table(
    "viewer_sample",
    metadata,
    Column("stream_id", Uuid, primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("viewers", BigInteger, nullable=False),
)


def project(model: ReadModel, told: Told) -> None:
    """Fold one event into the lists; the same event twice leaves the same rows."""
    match told.event:
        case AssetAdded() | AssetDescribed() | AssetWithdrawn():
            _project_asset(model, told)
        case ShootPlanned() | ShootCompleted() | PhotosDelivered():
            _project_shoot(model, told)
        case LiveStreamPlanned() | LiveStreamStarted() | ViewersSampled() | LiveStreamEnded():
            _project_live_stream(model, told)


def _project_asset(model: ReadModel, told: Told) -> None:
    match told.event:
        case AssetAdded() as added:
            model.upsert(asset, _asset_row(added, told))
            _tag(model, added)
            _use(model, told, added.unit_id, added.bytes)
        case AssetDescribed() as described:
            _change(model, asset, told, title=described.title, tags=list(described.tags))
            _tag(model, described)
        case AssetWithdrawn(asset_id=asset_id, unit_id=unit_id, reason=reason, files_removed=removed):
            # Withdrawn first for another reason, it may lose its files later, and never gets them back.
            removal = {"files_removed": True} if removed else {}
            _change(model, asset, told, status="withdrawn", reason=reason, **removal)
            _use(model, told, unit_id, -_bytes_of(model, asset_id) if removed else 0)


def _asset_row(added: AssetAdded, told: Told) -> dict[str, Any]:
    return {
        "asset_id": added.asset_id, "version": told.version, "unit_id": added.unit_id, "status": "available",
        "files_removed": False, "reason": None, "media_type": added.media_type, "filename": added.filename,
        "title": added.title, "tags": list(added.tags), "bytes": added.bytes, "sha256": added.sha256,
        "width": added.width, "height": added.height, "taken_at": added.taken_at, "camera": added.camera,
        "photographer_id": added.photographer_id, "photographer": added.photographer,
        "depicts_id": added.depicts_id, "blob": added.blob, "added_by": added.by, "added_at": told.recorded_at,
    }  # fmt: skip


def _tag(model: ReadModel, event: AssetAdded | AssetDescribed) -> None:
    model.remove_where(asset_tag, asset_id=event.asset_id)
    for tag in dict.fromkeys(event.tags):
        model.add(asset_tag, {"asset_id": event.asset_id, "tag": tag})


def _use(model: ReadModel, told: Told, unit_id: UUID, more: int) -> None:
    known = model.find(unit_usage, unit_id=unit_id) or {"bytes": 0, "position": 0}
    if told.position > known["position"]:
        row = {"unit_id": unit_id, "bytes": known["bytes"] + more, "position": told.position}
        model.upsert(unit_usage, row)


def _bytes_of(model: ReadModel, asset_id: UUID) -> int:
    known = model.find(asset, asset_id=asset_id)
    return int(known["bytes"]) if known else 0


def _project_shoot(model: ReadModel, told: Told) -> None:
    match told.event:
        case ShootPlanned() as planned:
            row = {
                "shoot_id": planned.shoot_id, "version": told.version, "unit_id": planned.unit_id,
                "status": "planned", "title": planned.title, "kind": planned.kind, "place": planned.place,
                "starts_at": planned.starts_at, "completed_at": None,
            }  # fmt: skip
            model.upsert(shoot, row)
        case ShootCompleted(at=at):
            _change(model, shoot, told, status="completed", completed_at=at)
        case PhotosDelivered(shoot_id=shoot_id, asset_ids=asset_ids, at=at):
            for asset_id in asset_ids:
                row = {"shoot_id": shoot_id, "asset_id": asset_id, "delivered_at": at}
                model.add(shoot_photograph, row)
            _change(model, shoot, told)


def _project_live_stream(model: ReadModel, told: Told) -> None:
    match told.event:
        case LiveStreamPlanned() as planned:
            row = {
                "stream_id": planned.stream_id, "version": told.version, "unit_id": planned.unit_id,
                "status": "planned", "title": planned.title, "channel_id": planned.channel_id,
                "starts_at": planned.starts_at, "play_url": planned.play_url, "started_at": None, "ended_at": None,
                "method": None,
            }  # fmt: skip
            model.upsert(live_stream, row)
        case LiveStreamStarted(at=at):
            _change(model, live_stream, told, status="live", started_at=at)
        case ViewersSampled(stream_id=stream_id, viewers=viewers, method=method, at=at):
            model.upsert(viewer_sample, {"stream_id": stream_id, "at": at, "viewers": viewers})
            _change(model, live_stream, told, method=method)
        case LiveStreamEnded(at=at):
            _change(model, live_stream, told, status="ended", ended_at=at)


def _change(model: ReadModel, table: Table, told: Told, **values: Any) -> None:
    key = next(iter(table.primary_key))
    this = getattr(told.event, key.name)
    model.change(table, {key.name: this, "version": told.version, **values})


VIEWS = Projection("media", metadata, project)
