"""Facts about assets, shoots and live streams. Streams ``asset-<id>``, ``shoot-<id>``, ``live-<id>``."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events import Event
from shared.sealed import Sealed

ShootKind = Literal["photo", "video"]
CountingMethod = Literal["concurrent", "unique", "platform_reported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetAdded(Event):
    """A file entered the library. Sizes in bytes and pixels; ``blob`` is the original's key in file storage.

    ``photographer`` is a name sealed under ``photographer_id``. ``depicts_id`` names the person a portrait shows:
    erasing that person removes the files.
    """

    type: ClassVar[str] = "media.asset.added.v1"
    asset_id: UUID
    unit_id: UUID
    media_type: str
    filename: str
    title: str
    tags: tuple[str, ...]
    bytes: int
    sha256: str
    width: int
    height: int
    taken_at: datetime | None
    camera: str | None
    photographer_id: UUID | None
    photographer: Sealed | None
    depicts_id: UUID | None
    blob: str
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDescribed(Event):
    type: ClassVar[str] = "media.asset.described.v1"
    asset_id: UUID
    unit_id: UUID
    title: str
    tags: tuple[str, ...]
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetWithdrawn(Event):
    """No longer to be used; ``files_removed`` when original and renditions were deleted (a person was erased)."""

    type: ClassVar[str] = "media.asset.withdrawn.v1"
    asset_id: UUID
    unit_id: UUID
    reason: str
    files_removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShootPlanned(Event):
    type: ClassVar[str] = "media.shoot.planned.v1"
    shoot_id: UUID
    unit_id: UUID
    title: str
    kind: ShootKind
    place: str | None
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShootCompleted(Event):
    type: ClassVar[str] = "media.shoot.completed.v1"
    happened: ClassVar[str] = "at"
    shoot_id: UUID
    unit_id: UUID
    title: str
    kind: ShootKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotosDelivered(Event):
    """Photographs handed over from a shoot: each asset counts once a shoot, however often it is handed over."""

    type: ClassVar[str] = "media.shoot.photos_delivered.v1"
    happened: ClassVar[str] = "at"
    shoot_id: UUID
    unit_id: UUID
    title: str
    asset_ids: tuple[UUID, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStreamPlanned(Event):
    type: ClassVar[str] = "media.live_stream.planned.v1"
    stream_id: UUID
    unit_id: UUID
    title: str
    channel_id: UUID | None
    starts_at: datetime
    play_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStreamStarted(Event):
    type: ClassVar[str] = "media.live_stream.started.v1"
    happened: ClassVar[str] = "at"
    stream_id: UUID
    unit_id: UUID
    title: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewersSampled(Event):
    """``viewers`` people at one moment, counted by ``method``; samples of different methods are never mixed."""

    type: ClassVar[str] = "media.live_stream.viewers_sampled.v1"
    happened: ClassVar[str] = "at"
    stream_id: UUID
    unit_id: UUID
    viewers: int
    method: CountingMethod
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStreamEnded(Event):
    """A stream counts once it was started and ended; a reconnect does not make another."""

    type: ClassVar[str] = "media.live_stream.ended.v1"
    happened: ClassVar[str] = "at"
    stream_id: UUID
    unit_id: UUID
    title: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """The person's key in this service is gone, and files that show the person are removed."""

    type: ClassVar[str] = "media.person.erased.v1"
    person_id: UUID


EVENTS: tuple[type[Event], ...] = (
    AssetAdded, AssetDescribed, AssetWithdrawn, ShootPlanned, ShootCompleted, PhotosDelivered,
    LiveStreamPlanned, LiveStreamStarted, ViewersSampled, LiveStreamEnded, PersonErased,
)  # fmt: skip
