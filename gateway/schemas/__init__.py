"""What crosses the gateway: requests as services define them, less what the path says; and the shapes of answers."""

from typing import Any

from marshmallow import Schema, fields, validate

from gateway.cursors import MAX_CURSOR


def without(schema: type[Schema], *names: str) -> Schema:
    """Return a service's request without the fields that the path (or the gateway itself) gives."""
    return schema(exclude=names)


def listing(schema: type[Schema], *names: str) -> Schema:
    """Return a service's list request as query parameters: with a signed ``cursor`` in the place of ``after``."""
    cursor = fields.Str(validate=validate.Length(min=1, max=MAX_CURSOR))
    paged: type[Schema] = type(schema.__name__, (schema,), {"cursor": cursor})
    return paged(exclude=("after", *names))


def page(items: type[Schema]) -> Schema:
    """Return the shape of a page of a list."""
    shape: dict[str, Any] = {
        "items": fields.List(fields.Nested(items), required=True),
        "next": fields.Str(required=True, allow_none=True),
    }
    paged: type[Schema] = type(f"{items.__name__}Page", (Schema,), shape)
    return paged()


class Done(Schema):
    """What a command did: the thing's version after it, and the position in the service's log."""

    id = fields.UUID(required=True)
    version = fields.Int(required=True)
    position = fields.Str(required=True)


class FieldReason(Schema):
    field = fields.Str(required=True)
    reason = fields.Str(required=True)


class Problem(Schema):
    """RFC 9457. ``code`` is stable; ``detail`` is for people."""

    type = fields.Str(required=True)
    title = fields.Str(required=True)
    status = fields.Int(required=True)
    detail = fields.Str(required=True)
    code = fields.Str(required=True)
    errors = fields.List(fields.Nested(FieldReason), required=True)
    request_id = fields.Str(required=True, allow_none=True)
