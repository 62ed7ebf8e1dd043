"""What comes in: JSON of limited size and depth, and query parameters; both must fit the operation's schema."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from falcon import MEDIA_JSON
from falcon.asgi import Request
from marshmallow import fields

from gateway.operations import Operation
from shared.errors import Invalid
from shared.schema import WireSchema

MAX_DEPTH = 20
MAX_INT_DIGITS = 18
NOTHING = WireSchema()


async def read_body(req: Request) -> dict[str, Any]:
    """Return the request's JSON object as it came, after it was found to fit the operation's schema.

    No body is an empty object.

    Raises:
        Invalid: ``request.too_large``, ``request.not_json``, ``request.invalid`` with the fields to blame.
    """
    if (known := req.context.get("body")) is not None:
        return known  # type: ignore[no-any-return]
    req.context.body = body = await _read_body(req, req.context.operation)
    return body


async def _read_body(req: Request, operation: Operation) -> dict[str, Any]:
    raw = await _bytes(req, operation.max_bytes)
    if operation.body is None:
        if raw:
            raise Invalid("request.invalid", "this request takes no body")
        return {}
    content_type = (req.content_type or (MEDIA_JSON if not raw else "")).partition(";")[0].strip().lower()
    if content_type != MEDIA_JSON:
        raise Invalid("request.not_json", f"send Content-Type: {MEDIA_JSON}")
    body = parse(raw) if raw else {}
    if not isinstance(body, dict):
        raise Invalid("request.invalid", "the body is not a JSON object")
    operation.body.load(body)
    return body


def read_query(req: Request) -> dict[str, Any]:
    """Return the query parameters, fit for JSON, after they were found to fit the operation's schema.

    Raises:
        Invalid: ``request.invalid``: a parameter is unknown, given twice or does not fit.
    """
    operation: Operation = req.context.operation
    schema = operation.query or NOTHING
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    given = {name: _value(known.get(name), name, value) for name, value in req.params.items()}
    schema.load(given)
    return given


def parse(raw: bytes) -> Any:
    """Return the JSON value: strict UTF-8, no deeper than 20, each name once, numbers and text that can be stored.

    Raises:
        Invalid: ``request.not_valid_json`` or ``request.too_deep``.
    """
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise Invalid("request.not_valid_json", f"the body is not JSON: {str(error)[:200]}") from error
    for each, depth in _walk(value):
        if depth > MAX_DEPTH:
            raise Invalid("request.too_deep", f"the body is nested deeper than {MAX_DEPTH}")
        if isinstance(each, str) and not _can_be_stored(each):
            raise Invalid("request.not_valid_json", "text holds a character that cannot be stored")
    return value


async def _bytes(req: Request, limit: int) -> bytes:
    """Return the body, reading no more than the limit whatever the client says its length is."""
    raw: bytes = b"" if (req.content_length or 0) > limit else await req.stream.read(limit + 1)
    if len(raw) > limit or (req.content_length or 0) > limit:
        raise Invalid("request.too_large", f"the body has more than {limit} bytes")
    return raw


def _value(field: fields.Field[Any] | None, name: str, value: str | list[str]) -> Any:
    if isinstance(value, list):
        raise Invalid("request.invalid", f"{name}: given more than once", {name: ["Given more than once."]})
    if not _can_be_stored(value):
        raise Invalid("request.invalid", f"{name}: not text", {name: ["Not text."]})
    # A number in a query is text; the schemas take numbers only.
    numeric = isinstance(field, fields.Integer) and value.isascii() and value.isdigit()
    return int(value) if numeric and len(value) <= MAX_INT_DIGITS else value


def _walk(value: Any) -> Iterator[tuple[Any, int]]:
    """Give every value in a value, names of objects included, with its depth; no recursion: depth is the attack."""
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        yield each, depth
        if depth > MAX_DEPTH:
            return
        if isinstance(each, dict):
            waiting += [(name, depth) for name in each]
            waiting += [(inner, depth + 1) for inner in each.values()]
        elif isinstance(each, list):
            waiting += [(inner, depth + 1) for inner in each]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object names a member twice")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _can_be_stored(text: str) -> bool:
    """Return whether text has neither NUL (PostgreSQL) nor half a surrogate pair (UTF-8)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
