"""What training may be asked: one schema an operation."""

from typing import get_args

from marshmallow import fields, validate

from shared.contracts.training.events import SessionKind, Skill
from shared.schema import Listing, Moment, WireSchema

NAME = validate.Length(min=1, max=100)
REASON = validate.Length(min=1, max=500)
MAX_ATTENDEES = 1000


class ScheduleSession(WireSchema):
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True, validate=validate.OneOf(get_args(SessionKind)))
    title = fields.Str(required=True, validate=validate.Length(min=1, max=200))
    place = fields.Str(load_default=None, allow_none=True, validate=NAME)
    speaker = fields.Str(load_default=None, allow_none=True, validate=NAME)
    skills = fields.List(fields.Str(validate=validate.OneOf(get_args(Skill))), load_default=list,
                         validate=validate.Length(max=5))  # fmt: skip
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class Attendee(WireSchema):
    person_id = fields.UUID(required=True)
    name = fields.Str(load_default=None, allow_none=True, validate=NAME)
    unit_id = fields.UUID(load_default=None, allow_none=True)
    at = Moment(load_default=None, allow_none=True)


class RecordAttendances(WireSchema):
    session_id = fields.UUID(required=True)
    attendees = fields.List(fields.Nested(Attendee), required=True, validate=validate.Length(min=1, max=MAX_ATTENDEES))


class HoldSession(WireSchema):
    session_id = fields.UUID(required=True)
    held_at = Moment(load_default=None, allow_none=True)


class CancelSession(WireSchema):
    session_id = fields.UUID(required=True)
    reason = fields.Str(required=True, validate=REASON)


class GetSession(WireSchema):
    session_id = fields.UUID(required=True)


class ListSessions(Listing):
    unit_id = fields.UUID()
    kind = fields.Str(validate=validate.OneOf(get_args(SessionKind)))
    status = fields.Str(validate=validate.OneOf(["scheduled", "held", "cancelled"]))


class ErasePerson(WireSchema):
    person_id = fields.UUID(required=True)
