"""What the media service answers: one schema a request, each limited in length and range."""

from typing import Any, get_args

from marshmallow import fields, validate

from shared.contracts.media.events import CountingMethod, ShootKind
from shared.schema import Listing, Moment, WireSchema

MAX_UPLOAD_BYTES = 200 * 1024 * 1024
MAX_TITLE, MAX_NAME, MAX_REASON, MAX_TAGS, MAX_TAG, MAX_QUERY = 200, 100, 500, 30, 50, 100
MAX_DELIVERED, MAX_VIEWERS = 500, 1_000_000_000
RENDITION_NAMES = ("thumbnail", "web", "original")


def _text(longest: int, *, required: bool = False) -> fields.String:
    return fields.String(required=required, allow_none=not required, validate=validate.Length(min=1, max=longest))


def _title() -> fields.String:
    """Return a required title that is not only spaces."""
    return fields.String(
        required=True, validate=[validate.Length(max=MAX_TITLE), validate.Regexp(r"\s*\S", error="A title is needed.")]
    )


def _tags(**more: Any) -> fields.List[Any]:
    tag = fields.String(validate=validate.Length(min=1, max=MAX_TAG))
    return fields.List(tag, validate=validate.Length(max=MAX_TAGS), **more)


def _one_of(names: object, *, required: bool = True) -> fields.String:
    return fields.String(required=required, validate=validate.OneOf(get_args(names)))


class CreateUpload(WireSchema):
    """A file that is to come; ``length`` in bytes. ``depicts_id`` is the person whom a portrait shows."""

    unit_id = fields.UUID(required=True)
    length = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MAX_UPLOAD_BYTES))
    filename = fields.String(required=True, validate=validate.Length(min=1, max=1000))
    title = _text(MAX_TITLE)
    tags = _tags(load_default=list)
    photographer_id = fields.UUID(load_default=None, allow_none=True)
    photographer = _text(MAX_NAME)
    depicts_id = fields.UUID(load_default=None, allow_none=True)


class GetUpload(WireSchema):
    upload_id = fields.UUID(required=True)


class AdvanceUpload(WireSchema):
    """``bytes`` from ``offset`` on were stored under the key ``blob``, which ``staging_key`` made."""

    upload_id = fields.UUID(required=True)
    offset = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=MAX_UPLOAD_BYTES))
    bytes = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MAX_UPLOAD_BYTES))
    blob = fields.String(required=True, validate=validate.Length(max=200))


class CompleteUpload(AdvanceUpload):
    """The last part. ``sha256`` (hex) of the whole file, where it is known from receiving it."""

    sha256 = fields.String(load_default=None, allow_none=True, validate=validate.Regexp("^[0-9a-f]{64}$"))


class FinishUpload(WireSchema):
    upload_id = fields.UUID(required=True)


class CancelUpload(WireSchema):
    upload_id = fields.UUID(required=True)


class GetAsset(WireSchema):
    asset_id = fields.UUID(required=True)


class ListAssets(Listing):
    """``q`` is looked for in titles and file names."""

    unit_id = fields.UUID()
    status = fields.String(validate=validate.OneOf(("available", "withdrawn")))
    kind = fields.String(validate=validate.OneOf(("image", "video")))
    tag = fields.String(validate=validate.Length(min=1, max=MAX_TAG))
    shoot_id = fields.UUID()
    q = fields.String(validate=validate.Length(min=1, max=MAX_QUERY))


class DescribeAsset(WireSchema):
    asset_id = fields.UUID(required=True)
    title = _title()
    tags = _tags(required=True)


class WithdrawAsset(WireSchema):
    asset_id = fields.UUID(required=True)
    reason = _text(MAX_REASON, required=True)


class GetRendition(WireSchema):
    asset_id = fields.UUID(required=True)
    name = fields.String(required=True, validate=validate.OneOf(RENDITION_NAMES))


class PlanShoot(WireSchema):
    unit_id = fields.UUID(required=True)
    title = _title()
    kind = _one_of(ShootKind)
    place = _text(MAX_TITLE)
    starts_at = Moment(required=True)


class CompleteShoot(WireSchema):
    """``at`` is now when it is left out."""

    shoot_id = fields.UUID(required=True)
    at = Moment()


class DeliverPhotos(WireSchema):
    shoot_id = fields.UUID(required=True)
    asset_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=MAX_DELIVERED))
    at = Moment()


class GetShoot(WireSchema):
    shoot_id = fields.UUID(required=True)


class ListShoots(Listing):
    """Those that begin from ``starts_from`` on and before ``starts_before``."""

    unit_id = fields.UUID()
    starts_from = Moment()
    starts_before = Moment()
    status = fields.String(validate=validate.OneOf(("planned", "completed")))
    kind = _one_of(ShootKind, required=False)


class PlanStream(WireSchema):
    unit_id = fields.UUID(required=True)
    title = _title()
    channel_id = fields.UUID(load_default=None, allow_none=True)
    starts_at = Moment(required=True)
    play_url = fields.Url(
        load_default=None, allow_none=True, schemes={"http", "https"}, validate=validate.Length(max=1000)
    )


class StartStream(WireSchema):
    stream_id = fields.UUID(required=True)
    at = Moment()


class SampleViewers(WireSchema):
    stream_id = fields.UUID(required=True)
    viewers = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=MAX_VIEWERS))
    method = _one_of(CountingMethod)
    at = Moment()


class EndStream(WireSchema):
    stream_id = fields.UUID(required=True)
    at = Moment()


class GetStream(WireSchema):
    stream_id = fields.UUID(required=True)


class ListStreams(Listing):
    unit_id = fields.UUID()
    status = fields.String(validate=validate.OneOf(("planned", "live", "ended")))


class ErasePerson(WireSchema):
    person_id = fields.UUID(required=True)
