"""What the fields of a request refuse, in the words of JSON Schema: read off the very validators that refuse it."""

from typing import Any

from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import fields, validate

from shared.schema import CONTROLS, FIRST_YEAR, LAST_YEAR, Day, Moment, WireSchema

WRITABLE = f"[^{CONTROLS}]*$"
CENTURIES = "|".join(str(century) for century in range(FIRST_YEAR // 100, LAST_YEAR // 100 + 1))
IN_OUR_TIME = f"^({CENTURIES})[0-9][0-9]-"

TOLD_OTHERWISE = {"pattern", "format", "enum"}


def of_text(_: OpenAPIConverter, field: fields.Field[Any], **__: Any) -> dict[str, Any]:
    """Return format and pattern of a request's field of text or time; nothing for other fields, and for answers."""
    if not isinstance(field.root, WireSchema):
        return {}
    match field:
        case Moment() | Day():
            return {"pattern": IN_OUR_TIME}
        case fields.UUID():
            return {}
        case fields.String():
            return _of_string(field)
    return {}


def _of_string(field: fields.String) -> dict[str, Any]:
    if TOLD_OTHERWISE & field.metadata.keys() or any(isinstance(rule, validate.OneOf) for rule in field.validators):
        return {}
    address = any(isinstance(rule, validate.URL) for rule in field.validators)
    wanted = [str(rule.regex.pattern) for rule in field.validators if isinstance(rule, validate.Regexp)]
    return {"pattern": _pattern(wanted)} | ({"format": "uri"} if address else {})


def _pattern(wanted: list[str]) -> str:
    """Return one pattern for all. Ours match from the start on; JSON Schema's look everywhere, and have no ``\\Z``."""
    for each in wanted:
        if each.endswith(r"\Z"):
            return "^(?:" + each.removesuffix(r"\Z") + ")$"
    return "^" + "".join(f"(?={each})" for each in wanted) + WRITABLE
