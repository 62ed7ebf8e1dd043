"""What a camera wrote about a photograph: when it was taken and with what. Positions are never read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

MAKE, MODEL, DATE_TIME, DATE_TIME_ORIGINAL, OFFSET_ORIGINAL = 0x010F, 0x0110, 0x0132, 0x9003, 0x9011
CAMERA_LENGTH = 100
CHINA = timezone(timedelta(hours=8))  # cameras write local time; few say of which zone


def taken_at(tags: Mapping[int, Any]) -> datetime | None:
    """Return when the photograph was taken (UTC), or None where no usable time is written.

    A time without a zone is China Standard Time.
    """
    for tag in (DATE_TIME_ORIGINAL, DATE_TIME):
        written = _text(tags.get(tag))
        try:
            moment = datetime.strptime(written[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=_zone(tags))
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def camera(tags: Mapping[int, Any]) -> str | None:
    """Return maker and model in one short text, or None."""
    make, model = _text(tags.get(MAKE)), _text(tags.get(MODEL))
    name = model if model.casefold().startswith(make.casefold()) else f"{make} {model}"
    return name.strip()[:CAMERA_LENGTH] or None


def _zone(tags: Mapping[int, Any]) -> timezone:
    try:
        return timezone(datetime.strptime(_text(tags.get(OFFSET_ORIGINAL)), "%z").utcoffset() or timedelta())
    except ValueError:
        return CHINA


def _text(value: Any) -> str:
    """Return a tag as one line of plain text; cameras pad with NULs, and damaged files hold anything."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value.split("\0")[0]).split())
