"""What metrics may be asked: one schema an operation."""

from typing import get_args

from marshmallow import fields, validate

from shared.contracts.content.events import Tier
from shared.contracts.metrics.events import FigureKind, PolicyStatus, ReadUnit
from shared.schema import Day, Listing, Moment, WireSchema

MEANING = validate.Length(min=1, max=500)
SOURCE = validate.Length(min=1, max=50)
COUNT = validate.Range(min=0, max=10**12)
HOURS = validate.Range(min=1, max=24 * 366)


class DefineFigure(WireSchema):
    name = fields.Str(required=True, validate=validate.Regexp(r"[a-z][a-z_]{1,49}\Z"))
    unit = fields.Str(required=True, validate=validate.Length(min=1, max=30))
    kind = fields.Str(required=True, validate=validate.OneOf(get_args(FigureKind)))
    meaning_zh = fields.Str(required=True, validate=MEANING)
    meaning_en = fields.Str(required=True, validate=MEANING)
    covered_from = Day(load_default=None, allow_none=True)


class ListFigures(Listing):
    pass


class AdoptTimelinessPolicy(WireSchema):
    status = fields.Str(required=True, validate=validate.OneOf(get_args(PolicyStatus)))
    effective_from = Day(required=True)
    school_home_hours = fields.Int(required=True, strict=True, validate=HOURS)
    college_site_hours = fields.Int(required=True, strict=True, validate=HOURS)


class GetPolicy(WireSchema):
    pass


class ListJudgements(Listing):
    unit_id = fields.UUID()
    tier = fields.Str(validate=validate.OneOf(get_args(Tier)))
    on_time = fields.Bool()


class CountFollowers(WireSchema):
    channel_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    followers = fields.Int(required=True, strict=True, validate=COUNT)
    source = fields.Str(load_default="by hand", validate=SOURCE)
    taken_at = Moment(required=True)


class CountReads(WireSchema):
    article_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    channel_id = fields.UUID(load_default=None, allow_none=True)
    value = fields.Int(required=True, strict=True, validate=COUNT)
    unit = fields.Str(required=True, validate=validate.OneOf(get_args(ReadUnit)))
    source = fields.Str(load_default="by hand", validate=SOURCE)
    taken_at = Moment(required=True)
