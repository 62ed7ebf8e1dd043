"""Places in a list: where a page ended, written as the sort value and id of its last item."""

import re
from datetime import datetime
from uuid import UUID

from shared.database import from_microseconds, to_microseconds
from shared.errors import Invalid

_WHOLE = re.compile(r"-?[0-9]{1,17}")  # fits a BIGINT


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
