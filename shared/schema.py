"""The base of every wire schema: a message that does not fit is ``Invalid``, and unknown fields do not fit."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from shared.errors import Invalid

# PostgreSQL stores no NUL, UTF-8 no half of a surrogate pair, and the others only hide things.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f"
UNWRITABLE = re.compile(rf"[{CONTROLS}\ud800-\udfff]")
FIRST_YEAR, LAST_YEAR = 1900, 2199


class WireSchema(Schema):
    """What a caller may send. ``load`` returns a dict of Python values."""

    class Meta:
        unknown = RAISE

    @classmethod
    def read(cls, message: Any) -> dict[str, Any]:
        """Return the Python values in a message, by one instance: it takes as long to make as to load with.

        Raises:
            Invalid: ``request.invalid``, the message does not fit.
        """
        values: dict[str, Any] = _instance(cls).load(message)
        return values

    part = False  # of another schema, which then names the whole path of what is wrong

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Tell the schemas inside this one that they are parts."""
        inner = field_obj.inner if isinstance(field_obj, fields.List) else field_obj
        if isinstance(inner, fields.Nested) and isinstance(inner.schema, WireSchema):
            inner.schema.part = True

    @pre_load
    def refuse_unwritable(self, data: Any, **_: Any) -> Any:
        """Refuse text with control characters, in whatever field."""
        if isinstance(data, Mapping):
            found = {name: ["Control characters are not allowed."] for name in data if _unwritable(data[name])}
            if found:
                raise ValidationError(found)
        return data

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Raise ``Invalid`` with a reason per field path (``text.title``)."""
        if self.part:
            return
        fields = dict(_flatten(error.normalized_messages()))
        first = next(iter(fields))
        raise Invalid("request.invalid", f"{first}: {fields[first][0]}", fields) from error


@cache
def _instance(schema: type[WireSchema]) -> WireSchema:
    return schema()


class Moment(fields.AwareDateTime):
    """A moment with its time zone, from 1900 to 2199; ``load`` returns it in UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **more)
        _refuse_other_times(moment)
        return moment.astimezone(UTC)


class Day(fields.Date):
    """A day, from 1900 to 2199: what is reckoned from it is still a day."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> date:
        day = super()._deserialize(value, attr, data, **more)
        _refuse_other_times(day)
        return day


def _refuse_other_times(at: date) -> None:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValidationError(f"Not from {FIRST_YEAR} to {LAST_YEAR}.")


def _unwritable(value: Any) -> bool:
    if isinstance(value, str):
        return bool(UNWRITABLE.search(value))
    return isinstance(value, list) and any(_unwritable(item) for item in value)


def _flatten(messages: Mapping[Any, Any], path: str = "") -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for key, value in messages.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            found += _flatten(value, here)
        else:
            found.append((here, [str(reason) for reason in value]))
    return found


MAX_PAGE = 200


class Listing(WireSchema):
    """A page of a list: how many items, and the item (as the former page's ``next`` said) to go on after."""

    limit = fields.Int(load_default=50, strict=True, validate=validate.Range(min=1, max=MAX_PAGE))
    after = fields.Str(load_default=None, allow_none=True, validate=validate.Length(max=300))
