"""What may be asked about accounts, keys and sessions, and what is answered: never a hash, a secret only once."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from gateway.accounts.keys import LIFETIME_DAYS
from gateway.accounts.passwords import MAX_LENGTH, login_of
from shared.roles import EVERY_UNIT, ROLES
from shared.schema import Listing, WireSchema

MAX_UNITS = 500
MAX_DAYS = 3650
MAX_LOGIN = 64
MAX_NAMES = 100
NAME = validate.Length(min=1, max=100)
PASSWORD = validate.Length(min=1, max=MAX_LENGTH)
ROLE = validate.OneOf(ROLES)
ID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
IDS = validate.Regexp(rf"{ID}(?:,{ID}){{0,{MAX_NAMES - 1}}}\Z", error="Not a list of ids.")
UNIT = validate.Regexp(rf"(?:[{EVERY_UNIT}]|{ID})\Z", error="Not an id.")


def _login(login: str) -> None:
    """Refuse what cannot be typed twice the same."""
    if not 2 <= len(login_of(login)) <= MAX_LOGIN or any(not (char.isalnum() or char in "._-@") for char in login):
        raise ValidationError(f"From 2 to {MAX_LOGIN} letters and digits, with . _ - @ among them.")


def _alone(units: list[str]) -> None:
    """Refuse ``*`` beside others."""
    if EVERY_UNIT in units and len(units) > 1:
        raise ValidationError("* stands alone: it means every unit.")


def _unit_list(**more: Any) -> fields.List[Any]:
    limits = [validate.Length(max=MAX_UNITS), _alone]
    return fields.List(fields.Str(validate=UNIT), validate=limits, **more)  # type: ignore[arg-type]


class AddAccount(WireSchema):
    name = fields.Str(required=True, validate=NAME)
    role = fields.Str(required=True, validate=ROLE)
    units = _unit_list(required=True)
    login = fields.Str(validate=[validate.Length(max=MAX_LOGIN), _login])


class ChangeAccount(WireSchema):
    name = fields.Str(validate=NAME)
    role = fields.Str(validate=ROLE)
    units = _unit_list()
    login = fields.Str(allow_none=True, validate=[validate.Length(max=MAX_LOGIN), _login])
    disabled = fields.Bool()


class ListAccounts(Listing):
    pass


class NamesQuery(WireSchema):
    ids = fields.Str(validate=IDS, metadata={"description": "Up to 100 ids, with commas between them."})


class Person(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)


class IssueKey(WireSchema):
    label = fields.Str(required=True, validate=NAME)
    days = fields.Int(load_default=LIFETIME_DAYS, strict=True, validate=validate.Range(min=1, max=MAX_DAYS))


class SignIn(WireSchema):
    """Either a ``key``, or ``login`` and ``password``; ``new_password`` where the password is a one-time one."""

    key = fields.Str(validate=validate.Length(min=1, max=100))
    login = fields.Str(validate=validate.Length(min=1, max=MAX_LOGIN))
    password = fields.Str(validate=PASSWORD)
    new_password = fields.Str(validate=PASSWORD)

    @validates_schema
    def one_way(self, given: dict[str, Any], **_: Any) -> None:
        """Refuse half of a way in, and two at once."""
        if set(given) - {"new_password"} not in ({"key"}, {"login", "password"}):
            raise ValidationError("Give login and password, or a key.", "login")


class GivePassword(WireSchema):
    pass


class ChoosePassword(WireSchema):
    password = fields.Str(required=True, validate=PASSWORD)
    new_password = fields.Str(required=True, validate=PASSWORD)


class Account(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    role = fields.Str(required=True)
    units = fields.List(fields.Str(), required=True)
    disabled = fields.Bool(required=True)
    created_at = fields.AwareDateTime(required=True)
    version = fields.Int(required=True)
    login = fields.Str(required=True, allow_none=True)


class Key(Schema):
    id = fields.UUID(required=True)
    prefix = fields.Str(required=True)
    label = fields.Str(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class Standing(Schema):
    """Since when there is a password; when it ends if it is a one-time one, null if the person chose it."""

    set_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)


class OneTimePassword(Schema):
    """Shown this once; it holds for one sign-in, at which the person chooses another."""

    login = fields.Str(required=True)
    one_time_password = fields.Str(required=True)
    expires_at = fields.AwareDateTime(required=True)


class OneAccount(Account):
    sign_in = fields.Nested(Standing, required=True, allow_none=True)
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
    login = fields.Str(required=True, allow_none=True)
    role = fields.Str(required=True)
    units = fields.List(fields.Str(), required=True)
    actions = fields.List(fields.Str(), required=True)
    expires_at = fields.AwareDateTime(required=True)
