"""The base of every wire schema: a message that does not fit is ``Invalid``, and unknown fields do not fit."""

from collections.abc import Mapping
from typing import Any, NoReturn

from marshmallow import RAISE, Schema, ValidationError

from shared.errors import Invalid


class WireSchema(Schema):
    """What a caller may send. ``load`` returns a dict of Python values."""

    class Meta:
        unknown = RAISE

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> NoReturn:
        """Raise ``Invalid`` with a reason per field path (``text.title``)."""
        fields = dict(_flatten(error.normalized_messages()))
        first = next(iter(fields))
        raise Invalid("request.invalid", f"{first}: {fields[first][0]}", fields) from error


def _flatten(messages: Mapping[Any, Any], path: str = "") -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for key, value in messages.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            found += _flatten(value, here)
        else:
            found.append((here, [str(reason) for reason in value]))
    return found
