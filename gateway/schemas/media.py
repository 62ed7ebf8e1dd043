"""Shapes of what media answers. Sizes in bytes and pixels."""

from marshmallow import Schema, fields


class Asset(Schema):
    id = fields.UUID(required=True)
    version = fields.Int(required=True)
    unit_id = fields.UUID(required=True)
    status = fields.Str(required=True)
    files_removed = fields.Bool(required=True)
    reason = fields.Str(required=True, allow_none=True)
    media_type = fields.Str(required=True)
    filename = fields.Str(required=True)
    title = fields.Str(required=True)
    tags = fields.List(fields.Str(), required=True)
    bytes = fields.Int(required=True)
    sha256 = fields.Str(required=True)
    width = fields.Int(required=True)
    height = fields.Int(required=True)
    taken_at = fields.AwareDateTime(required=True, allow_none=True)
    camera = fields.Str(required=True, allow_none=True)
    photographer_id = fields.UUID(required=True, allow_none=True)
    added_by = fields.UUID(required=True)
    added_at = fields.AwareDateTime(required=True)


class OneAsset(Asset):
    photographer = fields.Str(required=True, allow_none=True)


class Shoot(Schema):
    id = fields.UUID(required=True)
    version = fields.Int(required=True)
    unit_id = fields.UUID(required=True)
    status = fields.Str(required=True)
    title = fields.Str(required=True)
    kind = fields.Str(required=True)
    place = fields.Str(required=True, allow_none=True)
    starts_at = fields.AwareDateTime(required=True)
    completed_at = fields.AwareDateTime(required=True, allow_none=True)
    photographs = fields.Int(required=True)


class ShootPage(Schema):
    """``shoots`` and ``photographs`` are those of all that fit, not of this page."""

    items = fields.List(fields.Nested(Shoot), required=True)
    next = fields.Str(required=True, allow_none=True)
    shoots = fields.Int(required=True)
    photographs = fields.Int(required=True)


class LiveStream(Schema):
    """``peak`` and ``average`` are people, counted by ``method``."""

    id = fields.UUID(required=True)
    version = fields.Int(required=True)
    unit_id = fields.UUID(required=True)
    status = fields.Str(required=True)
    title = fields.Str(required=True)
    channel_id = fields.UUID(required=True, allow_none=True)
    starts_at = fields.AwareDateTime(required=True)
    play_url = fields.Str(required=True, allow_none=True)
    started_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    method = fields.Str(required=True, allow_none=True)
    peak = fields.Int(required=True, allow_none=True)
    average = fields.Float(required=True, allow_none=True)


class Sample(Schema):
    at = fields.AwareDateTime(required=True)
    viewers = fields.Int(required=True)


class OneLiveStream(LiveStream):
    samples = fields.List(fields.Nested(Sample), required=True)
