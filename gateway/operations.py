"""What a route is: a path, the class that answers there, and for each method who may use it and what crosses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from marshmallow import Schema

PUBLIC = "public"
SIGNED_IN = "signed_in"
JSON = "application/json"
MAX_BODY_BYTES = 1024 * 1024
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CONVERTER = re.compile(r":[a-z]+(?=})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path.

    ``action`` is what the caller's role must hold, or ``PUBLIC``, or ``SIGNED_IN`` for any account. ``body`` and
    ``query`` say what may come in (nothing where they are None), ``answer`` what goes out with ``status``.
    ``needs_version`` makes ``If-Match`` compulsory.
    """

    action: str
    summary: str
    body: Schema | None = None
    query: Schema | None = None
    answer: Schema | None = None
    status: int = 200
    needs_version: bool = False
    answers_with: str = JSON
    takes: str = JSON
    max_bytes: int = MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class Route:
    """A path in Falcon's notation. ``resource`` is None where a part of the gateway adds its own resource."""

    path: str
    resource: type | None
    suffix: str | None = None
    operations: Mapping[str, Operation] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The path in OpenAPI's notation."""
        return _CONVERTER.sub("", self.path)


def route(path: str, resource: type | None, suffix: str | None = None, **operations: Operation) -> Route:
    """Return a route; ``GET=...``, ``POST=...`` name its operations."""
    return Route(path, resource, suffix, operations)
