"""Shapes of what review answers."""

from marshmallow import Schema, fields


class Case(Schema):
    id = fields.UUID(required=True)
    article_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    title = fields.Str(required=True)
    revision = fields.Int(required=True)
    status = fields.Str(required=True)
    findings = fields.Int(required=True)
    blocking = fields.Int(required=True)
    claimed_by = fields.UUID(required=True, allow_none=True)
    claimed_until = fields.AwareDateTime(required=True, allow_none=True)
    submitted_at = fields.AwareDateTime(required=True)
    version = fields.Int(required=True)


class Finding(Schema):
    """``start`` and ``end`` are character offsets into ``part`` (``title``, or ``body``: the case's ``text``)."""

    part = fields.Str(required=True)
    start = fields.Int(required=True)
    end = fields.Int(required=True)
    found = fields.Str(required=True)
    term = fields.Str(required=True)
    category = fields.Str(required=True)
    severity = fields.Str(required=True)
    suggestion = fields.Str(required=True, allow_none=True)
    list_id = fields.UUID(required=True)
    list_version = fields.Int(required=True)


class Tried(Schema):
    """What a check found in a text. Nothing is kept."""

    findings = fields.List(fields.Nested(Finding), required=True)


class ListVersion(Schema):
    list_id = fields.UUID(required=True)
    version = fields.Int(required=True)


class Decision(Schema):
    by = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    reason = fields.Str()
    override_reason = fields.Str(allow_none=True)


class OneCase(Schema):
    id = fields.UUID(required=True)
    article_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.Str(required=True)
    revision = fields.Int(required=True)
    status = fields.Str(required=True)
    author_ids = fields.List(fields.UUID(), required=True)
    title = fields.Str(required=True)
    text = fields.Str(required=True, metadata={"description": "The plain text that was checked."})
    findings = fields.List(fields.Nested(Finding), required=True)
    checked_with = fields.List(fields.Nested(ListVersion), required=True)
    char_count = fields.Int(required=True)
    char_rule = fields.Str(required=True)
    submitted_at = fields.AwareDateTime(required=True)
    claimed_by = fields.UUID(required=True, allow_none=True)
    decision = fields.Nested(Decision, required=True, allow_none=True)
    version = fields.Int(required=True)


class Scheme(Schema):
    id = fields.UUID(required=True)
    version = fields.Int(required=True)
    name = fields.Str(required=True)
    retired = fields.Bool(required=True)
    article_kinds = fields.List(fields.Str(), required=True)
    unit_ids = fields.List(fields.UUID(), required=True)


class TermList(Schema):
    id = fields.UUID(required=True)
    version = fields.Int(required=True)
    name = fields.Str(required=True)
    size = fields.Int(required=True, metadata={"description": "Number of terms."})


class Term(Schema):
    term = fields.Str(required=True)
    category = fields.Str(required=True)
    severity = fields.Str(required=True)
    suggestion = fields.Str(required=True, allow_none=True)
    match = fields.Str(required=True)


class OneTermList(TermList):
    """One version; ``newest`` is the last there is."""

    newest = fields.Int(required=True)
    published_at = fields.AwareDateTime(required=True)
    terms = fields.List(fields.Nested(Term), required=True)
    allow = fields.List(fields.Str(), required=True)
