"""The usual kinds of operations, so that a row of the table is a line."""

from marshmallow import Schema

from gateway.operations import MAX_BODY_BYTES, Operation
from gateway.schemas import Done, listing, page


def lists(action: str, summary: str, query: type[Schema], items: type[Schema], *path: str) -> Operation:
    """A page of a list; ``path`` names the fields that the path gives."""
    return Operation(action=action, summary=summary, query=listing(query, *path), answer=page(items))


def reads(action: str, summary: str, shape: type[Schema], query: Schema | None = None) -> Operation:
    """One thing."""
    return Operation(action=action, summary=summary, query=query, answer=shape())


def makes(action: str, summary: str, body: Schema, max_bytes: int = MAX_BODY_BYTES) -> Operation:
    """A command that makes something."""
    return Operation(action=action, summary=summary, body=body, answer=Done(), status=201, max_bytes=max_bytes)


def does(
    action: str,
    summary: str,
    body: Schema | None = None,
    query: Schema | None = None,
    needs_version: bool = False,
    max_bytes: int = MAX_BODY_BYTES,
) -> Operation:
    """A command on something that is there."""
    return Operation(
        action=action, summary=summary, body=body, query=query, answer=Done(), needs_version=needs_version,
        max_bytes=max_bytes,
    )  # fmt: skip
