"""What goes out: only the fields an operation promises, with a tag by which the client asks again or insists."""

import json
import re
from functools import cache
from hashlib import sha256
from typing import Any

from falcon.asgi import Request, Response
from marshmallow import Schema, fields

from gateway.operations import Operation
from shared.errors import Invalid

KEEP_ASKING = "private, no-cache"
_TAG = re.compile(r'(?:W/)?"v(\d{1,18})(?:-[0-9a-f]+)?"', re.ASCII)
_OPAQUE = re.compile(r'(?:W/)?("[^"]*")')


def answer(req: Request, resp: Response, body: dict[str, Any]) -> None:
    """Answer with what the operation promises of ``body``: 200 (or as the operation says), or 304 where it is known.

    The tag is ``"v<version>"`` after a command. After a read it also tells what the text of the answer is: a name
    that was erased changes no version.
    """
    operation: Operation = req.context.operation
    promised = pick(operation.answer, body)
    data = json.dumps(promised, ensure_ascii=False, separators=(",", ":")).encode()
    version = promised.get("version")
    if req.method == "GET":
        tag = sha256(data).hexdigest()[:16]
        resp.set_header("ETag", f'"{tag}"' if version is None else f'"v{version}-{tag}"')
        if knows(req, str(resp.get_header("ETag"))):
            resp.status = 304
            return
    elif version is not None:
        resp.set_header("ETag", f'"v{version}"')
    resp.status = operation.status
    resp.data = data


def pick(schema: Schema | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return of ``body`` only what the schema names, at every level."""
    return {} if schema is None else _picked(_tree(type(schema)), body)


def knows(req: Request, tag: str) -> bool:
    """Return whether the client has what bears the tag already (``If-None-Match``)."""
    header = req.get_header("If-None-Match")
    return header is not None and tagged(header, tag)


def tagged(header: str, tag: str) -> bool:
    """Return whether an ``If-None-Match`` names the tag. Source: RFC 9110 §13.1.2, weak comparison."""
    return header == tag or header.strip() == "*" or tag.removeprefix("W/") in _OPAQUE.findall(header)


def expected_version(req: Request) -> int | None:
    """Return the version the client insists on (``If-Match``), or None when it insists on none.

    Raises:
        Invalid: ``request.needs_version`` where the operation demands one, ``request.invalid`` for a tag of others.
    """
    operation: Operation = req.context.operation
    header = req.get_header("If-Match")
    if header is None:
        if operation.needs_version:
            raise Invalid("request.needs_version", "send If-Match with the ETag you last saw")
        return None
    if header.strip() == "*":
        return None
    found = _TAG.fullmatch(header.strip())
    if not found:
        raise Invalid("request.invalid", 'If-Match is one tag of ours, such as "v3"', {"If-Match": ["Not our tag."]})
    return int(found[1])


@cache
def _tree(schema: type[Schema]) -> dict[str, Any]:
    """Return the names a schema promises, each with the tree below it, or None where everything may pass."""
    return {name: _below(each) for name, each in schema().fields.items()}


def _below(each: fields.Field[Any]) -> dict[str, Any] | None:
    if isinstance(each, fields.List):
        return _below(each.inner)
    return _tree(type(each.schema)) if isinstance(each, fields.Nested) else None


def _picked(tree: dict[str, Any] | None, value: Any) -> Any:
    if tree is None:
        return value
    if isinstance(value, list):
        return [_picked(tree, each) for each in value]
    if isinstance(value, dict):
        return {name: _picked(tree[name], each) for name, each in value.items() if name in tree}
    return value
