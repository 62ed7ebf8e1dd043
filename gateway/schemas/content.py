"""Shapes of what content answers, and the requests that the gateway shapes itself."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from shared.contracts.content import requests
from shared.schema import Moment, WireSchema


class Unit(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    kind = fields.Str(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    since = fields.Date(required=True)
    merged_into = fields.UUID(required=True, allow_none=True)
    version = fields.Int(required=True)


class UnitChange(Schema):
    """Name and parent from a day on."""

    since = fields.Date(required=True)
    name = fields.Str(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)


class OneUnit(Unit):
    history = fields.List(fields.Nested(UnitChange), required=True)


class Channel(Schema):
    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    name = fields.Str(required=True)
    handle = fields.Str(required=True, allow_none=True)
    official = fields.Bool(required=True)
    tier = fields.Str(required=True)
    status = fields.Str(required=True)
    opened_at = fields.AwareDateTime(required=True)
    version = fields.Int(required=True)


class Article(Schema):
    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    title = fields.Str(required=True)
    status = fields.Str(required=True)
    revision = fields.Int(required=True)
    author_id = fields.UUID(required=True)
    changed_at = fields.AwareDateTime(required=True)
    version = fields.Int(required=True)


class Text(Schema):
    title = fields.Str(required=True)
    body = fields.Str(required=True, metadata={"description": "Sanitised HTML."})
    originality = fields.Str(required=True)
    source_url = fields.Str(required=True, allow_none=True)
    tags = fields.List(fields.Str(), required=True)
    topic = fields.Str(required=True, allow_none=True)
    series = fields.Str(required=True, allow_none=True)
    event_ended_at = fields.AwareDateTime(required=True, allow_none=True)
    asset_ids = fields.List(fields.UUID(), required=True)


class Publication(Schema):
    """``revision`` is the one that stands there (0: none yet)."""

    id = fields.UUID(required=True)
    channel_id = fields.UUID(required=True)
    status = fields.Str(required=True)
    revision = fields.Int(required=True)
    at = fields.AwareDateTime(required=True)
    url = fields.Str(required=True, allow_none=True)
    by = fields.UUID(required=True)


class OneArticle(Text):
    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    status = fields.Str(required=True)
    revision = fields.Int(required=True)
    author_ids = fields.List(fields.UUID(), required=True)
    byline = fields.Str(required=True, allow_none=True)
    reason = fields.Str(required=True, allow_none=True)
    publications = fields.List(fields.Nested(Publication), required=True)
    drafted_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    version = fields.Int(required=True)


class Revision(Text):
    revision = fields.Int(required=True)
    editor_id = fields.UUID(required=True)
    recorded_at = fields.AwareDateTime(required=True)


class Compared(WireSchema):
    """Two revisions to compare; without them all are listed."""

    old = fields.Int(data_key="from", strict=True, validate=validate.Range(min=1, max=requests.MAX_REVISION))
    new = fields.Int(data_key="to", strict=True, validate=validate.Range(min=1, max=requests.MAX_REVISION))

    @validates_schema
    def both_or_none(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse one without the other."""
        if len(data) == 1:
            raise ValidationError("Name both revisions, or none.", "to" if "old" in data else "from")


RevisionsOrDifference = Schema.from_dict(
    {
        "items": fields.List(fields.Nested(Revision)),
        "next": fields.Str(allow_none=True),
        "from": fields.Int(),
        "to": fields.Int(),
        "title": fields.List(fields.Str(), metadata={"description": "Lines of a unified difference."}),
        "body": fields.List(fields.Str(), metadata={"description": "Lines of a unified difference."}),
        "fields": fields.Dict(),
    },
    name="RevisionsOrDifference",
)


class Publish(requests.PublishArticle):
    """Where an article appeared (``published_at``, now when left out), or when it is to appear (``due_at``)."""

    due_at = Moment()

    @validates_schema
    def one_moment(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a publication that is both past and planned."""
        if "due_at" in data and ("published_at" in data or data.get("url") is not None):
            raise ValidationError("A planned publication has neither published_at nor url yet.", "due_at")
