"""Frozen dataclasses to JSON and back, by their annotations."""

import json
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import cattrs
from cattrs.errors import ClassValidationError

from shared.sealed import Sealed, is_sealed

T = TypeVar("T")
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_DECODE = json.JSONDecoder().raw_decode


class Misfit(ValueError):
    """The data does not have the shape of the type."""


def _read_time(value: Any, _: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} names no time zone")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def instant(moment: datetime) -> str:
    """Return a moment as ISO 8601 text in UTC with Z. Raises: ValueError: it names no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# An identifier is seldom met once: those of a unit, a channel or a person stand in thousands of events.
uuid_of = lru_cache(maxsize=8192)(UUID)


def _seal(value: Any, _: Any = None) -> Sealed:
    if not is_sealed(value):
        raise ValueError("a personal field must be sealed before it is stored")
    return Sealed(value)


def _text(value: Any, _: Any = None) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _whole(value: Any, _: Any = None) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _yes_or_no(value: Any, _: Any = None) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _converter(detailed: bool) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=detailed)
    converter.register_structure_hook(datetime, _read_time)
    converter.register_unstructure_hook(datetime, instant)
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(UUID, lambda value, _: uuid_of(value))
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(Sealed, _seal)
    converter.register_unstructure_hook(Sealed, _seal)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _whole)
    converter.register_structure_hook(bool, _yes_or_no)
    return converter


_CONVERTER = _converter(detailed=False)
_EXPLAINING = _converter(detailed=True)  # twice as slow, and names the field to blame


def structure(fields: Any, into: type[T]) -> T:
    """Return ``fields`` as an instance of ``into``; unknown keys are ignored (a tolerant reader).

    Raises:
        Misfit: a field is missing or has the wrong shape.
    """
    try:
        return _CONVERTER.structure(fields, into)
    except Exception:
        return _explained(fields, into)


def _explained(fields: Any, into: type[T]) -> T:
    try:
        return _EXPLAINING.structure(fields, into)
    except ClassValidationError as error:
        raise Misfit("; ".join(cattrs.transform_error(error))) from error
    except (TypeError, ValueError, KeyError) as error:
        raise Misfit(str(error)) from error


def unstructure(value: Any) -> Any:
    """Return ``value`` as plain JSON data."""
    return _CONVERTER.unstructure(value)


def dumps(data: Any) -> str:
    """Return canonical JSON: the same data always gives the same bytes."""
    return _ENCODE(data)


def loads(text: str | bytes) -> Any:
    """Return the JSON data in ``text``."""
    return json.loads(text)


def read(text: str) -> Any:
    """Return the JSON data in what ``dumps`` wrote, in half the time of ``loads``: no space is looked for around it.

    Raises:
        JSONDecodeError: it is not JSON, or there is something around it.
    """
    data, end = _DECODE(text)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return data
