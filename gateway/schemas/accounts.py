"""What may be asked about accounts, keys and sessions, and what is answered: never a hash, a secret only once."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from gateway.accounts.keys import LIFETIME_DAYS
from shared.roles import EVERY_UNIT, ROLES
from shared.schema import Listing, WireSchema

MAX_UNITS = 500
MAX_DAYS = 3650
MAX_NAMES = 100
NAME = validate.Length(min=1, max=100)
ROLE = validate.OneOf(ROLES)


def _units(units: list[str]) -> None:
    """Refuse what is neither a list of ids nor ``*`` alone."""
    for unit in units:
        if unit != EVERY_UNIT:
            fields.UUID().deserialize(unit)
        elif len(units) > 1:
            raise ValidationError("* stands alone: it means every unit.")


def _unit_list(**more: Any) -> fields.List[Any]:
    limits = [validate.Length(max=MAX_UNITS), _units]
    return fields.List(fields.Str(validate=validate.Length(max=36)), validate=limits, **more)  # type: ignore[arg-type]


class AddAccount(WireSchema):
    name = fields.Str(required=True, validate=NAME)
    role = fields.Str(required=True, validate=ROLE)
    units = _unit_list(required=True)


class ChangeAccount(WireSchema):
    name = fields.Str(validate=NAME)
    role = fields.Str(validate=ROLE)
    units = _unit_list()
    disabled = fields.Bool()


class ListAccounts(Listing):
    pass


def _ids(text: str) -> None:
    """Refuse what is not a list of ids."""
    for each in text.split(","):
        fields.UUID().deserialize(each)


class NamesQuery(WireSchema):
    ids = fields.Str(validate=[validate.Length(min=1, max=37 * MAX_NAMES), _ids],
                     metadata={"description": "Up to 100 ids, with commas between them."})  # fmt: skip


class Person(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)


class IssueKey(WireSchema):
    label = fields.Str(required=True, validate=NAME)
    days = fields.Int(load_default=LIFETIME_DAYS, strict=True, validate=validate.Range(min=1, max=MAX_DAYS))


class SignIn(WireSchema):
    key = fields.Str(required=True, validate=validate.Length(min=1, max=100))


class Account(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    role = fields.Str(required=True)
    units = fields.List(fields.Str(), required=True)
    disabled = fields.Bool(required=True)
    created_at = fields.AwareDateTime(required=True)
    version = fields.Int(required=True)


class Key(Schema):
    id = fields.UUID(required=True)
    prefix = fields.Str(required=True)
    label = fields.Str(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class OneAccount(Account):
    keys = fields.List(fields.Nested(Key), required=True)


class Changed(Schema):
    id = fields.UUID(required=True)
    version = fields.Int(required=True)


class Issued(Schema):
    """``key`` is shown this once."""

    id = fields.UUID(required=True)
    prefix = fields.Str(required=True)
    expires_at = fields.AwareDateTime(required=True)
    key = fields.Str()


class Me(Schema):
    """Who is signed in, and what the role may do."""

    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    role = fields.Str(required=True)
    units = fields.List(fields.Str(), required=True)
    actions = fields.List(fields.Str(), required=True)
    expires_at = fields.AwareDateTime(required=True)
