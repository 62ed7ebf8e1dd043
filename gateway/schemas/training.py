"""Shapes of what training answers. Person-times and distinct people are different figures."""

from marshmallow import Schema, fields


class Session(Schema):
    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    title = fields.Str(required=True)
    place = fields.Str(required=True, allow_none=True)
    speaker = fields.Str(required=True, allow_none=True)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    status = fields.Str(required=True)
    person_times = fields.Int(required=True)
    version = fields.Int(required=True)


class Attendance(Schema):
    person_id = fields.UUID(required=True)
    name = fields.Str(required=True, allow_none=True)
    unit_id = fields.UUID(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)


class OneSession(Session):
    skills = fields.List(fields.Str(), required=True)
    distinct_people = fields.Int(required=True)
    attendances = fields.List(fields.Nested(Attendance), required=True)


class SessionPage(Schema):
    """``person_times`` and ``distinct_people`` are those of all sessions that fit, not of this page."""

    items = fields.List(fields.Nested(Session), required=True)
    next = fields.Str(required=True, allow_none=True)
    person_times = fields.Int(required=True)
    distinct_people = fields.Int(required=True)
