"""Many commands in one request, and their answers."""

from marshmallow import Schema, fields, validate

from gateway.services import MAX_KEY
from shared.schema import WireSchema

MAX_REQUESTS = 100
MAX_PATH, MAX_TAG = 1000, 100
METHODS = ("POST", "PUT", "PATCH", "DELETE")
PRINTABLE = validate.Regexp(r"[\x20-\x7e]+\Z", error="Only printable ASCII characters.")


class One(WireSchema):
    """A command as it would be sent alone; ``key`` and ``if_match`` stand for the headers of that meaning."""

    method = fields.Str(required=True, validate=validate.OneOf(METHODS))
    path = fields.Str(
        required=True,
        validate=[validate.Length(max=MAX_PATH), validate.Regexp(r"/v1/[\x21-\x7e]+\Z", error="Not a path of ours.")],
    )
    key = fields.Str(validate=[validate.Length(min=1, max=MAX_KEY), PRINTABLE])
    if_match = fields.Str(validate=[validate.Length(min=1, max=MAX_TAG), PRINTABLE])
    body = fields.Dict(keys=fields.Str())


class Batch(WireSchema):
    requests = fields.List(fields.Nested(One), required=True, validate=validate.Length(min=1, max=MAX_REQUESTS))


class Answered(Schema):
    """What the command alone would have been answered with; of the headers those that say something about it."""

    status = fields.Int(required=True)
    headers = fields.Dict(keys=fields.Str(), values=fields.Str(), required=True)
    body = fields.Dict(required=True)


class Answers(Schema):
    answers = fields.List(fields.Nested(Answered), required=True)
