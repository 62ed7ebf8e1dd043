"""What review may be asked: one schema an operation."""

from typing import get_args

from marshmallow import fields, validate

from shared.contracts.content.events import ArticleKind
from shared.contracts.review.events import Match, Severity
from shared.schema import Listing, Moment, WireSchema

NAME = validate.Length(min=1, max=100)
REASON = validate.Length(min=1, max=500)
WORD = validate.Length(min=1, max=100)


class AdoptScheme(WireSchema):
    scheme_id = fields.UUID(load_default=None, allow_none=True)
    name = fields.Str(required=True, validate=NAME)
    article_kinds = fields.List(fields.Str(validate=validate.OneOf(get_args(ArticleKind))), required=True,
                                validate=validate.Length(min=1, max=10))  # fmt: skip
    unit_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=500))


class RetireScheme(WireSchema):
    scheme_id = fields.UUID(required=True)
    reason = fields.Str(load_default="retired", validate=REASON)


class ListSchemes(Listing):
    pass


class Term(WireSchema):
    term = fields.Str(required=True, validate=WORD)
    category = fields.Str(required=True, validate=NAME)
    severity = fields.Str(required=True, validate=validate.OneOf(get_args(Severity)))
    suggestion = fields.Str(load_default=None, allow_none=True, validate=WORD)
    match = fields.Str(load_default="normalised", validate=validate.OneOf(get_args(Match)))


class PublishTermList(WireSchema):
    list_id = fields.UUID(load_default=None, allow_none=True)
    name = fields.Str(required=True, validate=NAME)
    terms = fields.List(fields.Nested(Term), required=True, validate=validate.Length(max=20_000))
    allow = fields.List(fields.Str(validate=WORD), load_default=list, validate=validate.Length(max=5_000))


class GetTermList(WireSchema):
    """``version`` asks for an earlier one (default: the newest)."""

    list_id = fields.UUID(required=True)
    version = fields.Int(strict=True, validate=validate.Range(min=1, max=1_000_000))


class TryTerms(WireSchema):
    """A text to be checked: with these terms, or with the lists in force where none are given."""

    text = fields.Str(required=True, validate=validate.Length(min=1, max=20_000))
    terms = fields.List(fields.Nested(Term), load_default=None, allow_none=True, validate=validate.Length(max=20_000))
    allow = fields.List(fields.Str(validate=WORD), load_default=list, validate=validate.Length(max=5_000))


class ListTermLists(Listing):
    pass


class GetCase(WireSchema):
    case_id = fields.UUID(required=True)


class ListCases(Listing):
    unit_id = fields.UUID()
    article_id = fields.UUID()
    status = fields.Str(validate=validate.Length(max=30))


class ClaimCase(WireSchema):
    case_id = fields.UUID(required=True)


class ReleaseCase(WireSchema):
    case_id = fields.UUID(required=True)


class DecideCase(WireSchema):
    case_id = fields.UUID(required=True)
    decision = fields.Str(required=True, validate=validate.OneOf(["approve", "request_changes", "reject"]))
    reason = fields.Str(load_default=None, allow_none=True, validate=REASON)
    override_reason = fields.Str(load_default=None, allow_none=True, validate=REASON)
    decided_at = Moment()
