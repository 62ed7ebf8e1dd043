"""Places in a list: where a page ended, written as the sort value and id of its last item."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select

from shared.database import from_microseconds, to_microseconds
from shared.errors import Invalid

_WHOLE = re.compile(r"-?[0-9]{1,17}")  # fits a BIGINT


def page(
    db: Connection, wanted: Select[Any], limit: int, item: Callable[[Row[Any]], Any], ends: Callable[[Row[Any]], str]
) -> dict[str, Any]:
    """Return the first ``limit`` items of a list and, as ``next``, where the last one stands if more follow.

    One row more is asked for than is shown: a page that is just full promises no further one.
    """
    rows = db.execute(wanted.limit(limit + 1)).all()
    shown = rows[:limit]
    return {"items": [item(row) for row in shown], "next": ends(shown[-1]) if len(rows) > limit else None}


def place(moment: datetime, thing_id: UUID) -> str:
    """Return the place of an item in a list ordered by moment and id: ``<microseconds>|<id>``."""
    return f"{to_microseconds(moment)}|{thing_id}"


def moment_and_id(after: str) -> tuple[datetime, UUID]:
    """Return the moment (UTC) and id in a place. Raises: Invalid: it is no place."""
    microseconds, _, thing_id = after.partition("|")
    try:
        return from_microseconds(whole(microseconds)), id_in(thing_id)
    except OverflowError as error:
        raise _no_place() from error


def id_in(after: str) -> UUID:
    """Return the id in the place of a list ordered by id. Raises: Invalid: it is no place."""
    try:
        return UUID(after)
    except ValueError as error:
        raise _no_place() from error


def whole(after: str) -> int:
    """Return the number in the place of a list ordered by a number. Raises: Invalid: it is no place."""
    if not _WHOLE.fullmatch(after):
        raise _no_place()
    return int(after)


def _no_place() -> Invalid:
    return Invalid("request.invalid", "after: not a place in this list", {"after": ["Not a place."]})
