"""Signed cursors: where a list goes on, for the same list and the same filters only."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from shared import codec
from shared.errors import Invalid

MAX_CURSOR = 1000


class Cursors:
    """Wraps a service's ``next`` for clients. Nobody can make one, or use one of another list."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._serializer = URLSafeSerializer(secrets[::-1], salt="matrix.cursor")  # the last of its list signs

    def wrap(self, after: str, path: str, filters: Mapping[str, Any]) -> str:
        """Return the cursor after which the list at ``path`` under these filters goes on."""
        return str(self._serializer.dumps([after, _list_name(path, filters)]))

    def unwrap(self, cursor: str, path: str, filters: Mapping[str, Any]) -> str:
        """Return what ``wrap`` was given.

        Raises:
            Invalid: ``cursor.invalid``, the cursor is none of ours or another list's.
        """
        try:
            after, name = self._serializer.loads(cursor[:MAX_CURSOR])
        except (BadData, ValueError, TypeError) as error:
            raise _refusal() from error
        if name != _list_name(path, filters):
            raise _refusal()
        return str(after)


def _list_name(path: str, filters: Mapping[str, Any]) -> str:
    return sha256(codec.dumps([path, dict(sorted(filters.items()))]).encode()).hexdigest()[:16]


def _refusal() -> Invalid:
    reason = "not a cursor of this list with these filters; begin without one"
    return Invalid("cursor.invalid", reason, {"cursor": [reason]})
