"""Shapes of figures, policies and the matrix, and the query parameters of the last."""

from marshmallow import Schema, fields, validate

from gateway.cursors import MAX_CURSOR
from gateway.matrix.periods import FORMS, PATTERN
from gateway.matrix.query import CHANNEL_KINDS, UNIT_KINDS
from shared.schema import MAX_PAGE, WireSchema

SHORT = validate.Length(min=1, max=100)


class MatrixQuery(WireSchema):
    period = fields.Str(validate=SHORT, metadata={"description": f"{FORMS}.", "pattern": PATTERN})
    as_of = fields.Str(validate=SHORT, metadata={"description": "What was known then.", "format": "date-time"})
    unit = fields.Str(validate=SHORT, metadata={"format": "uuid"})
    kind = fields.Str(validate=SHORT, metadata={"enum": [*UNIT_KINDS, *CHANNEL_KINDS]})
    channel = fields.Str(validate=SHORT, metadata={"format": "uuid"})


class FactsQuery(MatrixQuery):
    limit = fields.Int(strict=True, validate=validate.Range(min=1, max=MAX_PAGE))
    cursor = fields.Str(validate=validate.Length(min=1, max=MAX_CURSOR))


class Coverage(Schema):
    """Days, both included."""

    first = fields.Date(data_key="from", required=True)
    last = fields.Date(data_key="to", required=True)


class FigureValue(Schema):
    """A ratio also has its two parts. ``href`` leads to the facts behind the number."""

    value = fields.Float(required=True, allow_none=True)
    numerator = fields.Int()
    denominator = fields.Int()
    unit = fields.Str(required=True, allow_none=True)
    precision = fields.Str(required=True)
    coverage = fields.Nested(Coverage, required=True)
    definition = fields.Int(required=True, allow_none=True)
    href = fields.Str(required=True)


def _figures() -> fields.Dict:
    return fields.Dict(keys=fields.Str(), values=fields.Nested(FigureValue), required=True)


class MatrixChannel(Schema):
    id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    name = fields.Str(required=True)
    status = fields.Str(required=True, allow_none=True)
    figures = _figures()


class MatrixUnit(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    kind = fields.Str(required=True)
    channels = fields.List(fields.Nested(MatrixChannel), required=True)
    figures = _figures()


class KindTotals(Schema):
    figures = _figures()


class Totals(Schema):
    figures = _figures()
    kinds = fields.Dict(keys=fields.Str(), values=fields.Nested(KindTotals), required=True)


class Matrix(Schema):
    """A figure nobody has a fact of is absent, never 0. ``missing`` names the parts that are down."""

    period = fields.Str(required=True)
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    position = fields.Str(required=True)
    age_s = fields.Float(required=True)
    units = fields.List(fields.Nested(MatrixUnit), required=True)
    totals = fields.Nested(Totals, required=True)
    missing = fields.List(fields.Str(), required=True)


class Figure(Schema):
    name = fields.Str(required=True)
    version = fields.Int(required=True)
    unit = fields.Str(required=True)
    kind = fields.Str(required=True)
    meaning_zh = fields.Str(required=True)
    meaning_en = fields.Str(required=True)
    covered_from = fields.Date(required=True, allow_none=True)
    href = fields.Str(required=True)


class Fact(Schema):
    event_id = fields.UUID(required=True)
    source = fields.Str(required=True)
    unit_id = fields.UUID(required=True)
    channel_id = fields.UUID(required=True, allow_none=True)
    occurred_at = fields.AwareDateTime(required=True)
    recorded_at = fields.AwareDateTime(required=True)
    value = fields.Int(required=True)
    weight = fields.Int(required=True)
    baseline = fields.Bool(required=True)
    correction = fields.Bool(required=True)
    label = fields.Str(required=True)
    href = fields.Str(required=True)


class Judgement(Schema):
    """One publication against the rule in force when it appeared. ``taken_s`` seconds from the event's end."""

    publication_id = fields.UUID(required=True)
    article_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    channel_id = fields.UUID(required=True)
    title = fields.Str(required=True)
    tier = fields.Str(required=True)
    event_ended_at = fields.AwareDateTime(required=True)
    published_at = fields.AwareDateTime(required=True)
    taken_s = fields.Int(required=True)
    limit_hours = fields.Int(required=True)
    on_time = fields.Bool(required=True)
    policy_version = fields.Int(required=True)


class TimelinessPolicy(Schema):
    version = fields.Int(required=True)
    status = fields.Str(required=True)
    effective_from = fields.Date(required=True)
    school_home_hours = fields.Int(required=True)
    college_site_hours = fields.Int(required=True)
