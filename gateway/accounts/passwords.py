"""Passwords of people: argon2id, one's own or a one-time one from an administrator. Checking one takes a while."""

import secrets
import string
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, delete, select, update

from gateway.accounts.sessions import end_sessions, hold, still_holds
from gateway.accounts.sign_in import Proven
from gateway.accounts.state import changed
from gateway.accounts.tables import account, password
from shared.database import reading, upsert, writing
from shared.errors import Conflict, Invalid, NotFound, RuleBroken

MIN_LENGTH, MAX_LENGTH = 10, 128  # characters
MIN_DIFFERENT = 5
ONE_TIME = timedelta(days=3)
GROUPS, GROUP = 4, 4
READABLE = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("01lio")))  # none is taken for another
COMMON = ("password", "passw0rd", "12345678", "23456789", "qwertyui", "asdfghjk", "1q2w3e4r", "iloveyou", "woaini")
HASHER = PasswordHasher()  # RFC 9106, second recommendation: 64 MiB, 3 passes; some 80 ms of one processor


@dataclass(frozen=True, slots=True)
class Login:
    """What a person types: the name they sign in with, and a password."""

    name: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether somebody has a password, since when, and until when where it is a one-time one."""

    set_at: datetime
    expires_at: datetime | None


class Passwords:
    """The passwords in the gateway's database. Every method raises ``Unavailable`` when that does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def prove(self, evidence: Login) -> Proven | None:
        """Return whose name and password these are. Who is not there takes as long as who is."""
        named = select(password, account.c.disabled).join(account, account.c.account_id == password.c.account_id)
        with reading(self._engine) as db:
            row = db.execute(named.where(account.c.login == login_of(evidence.name))).first()
        fits = _fits(row.hash if row else _nobodys(), evidence.password)
        if row is None or not fits or row.disabled:
            return None
        if row.expires_at is not None and row.expires_at <= datetime.now(UTC):
            return None
        if HASHER.check_needs_rehash(row.hash):
            with writing(self._engine) as db:
                renewed = update(password).where(password.c.account_id == row.account_id, password.c.hash == row.hash)
                db.execute(renewed.values(hash=_hash(evidence.password)))
        return Proven(account_id=row.account_id, set_at=row.set_at, must_change=row.expires_at is not None)

    def give(self, account_id: UUID) -> tuple[str, datetime]:
        """Return a new one-time password and when it ends; the former password and every session end now.

        Raises:
            NotFound: ``accounts.not_found``.
            RuleBroken: ``password.no_login``, the account has no name to sign in with.
        """
        text = one_time_text()
        ends = datetime.now(UTC) + ONE_TIME
        self._set(account_id, text, ends)
        return text, ends

    def choose(self, account_id: UUID, text: str, proven: Proven | None = None) -> Proven:
        """Set the person's own password and return what it proves; every session of theirs ends.

        ``proven`` is the former password where one was asked for: of two who show it at once, one chooses.

        Raises:
            Conflict: ``password.changed``, there is another since.
            Invalid: ``request.invalid``, it is too easy to guess.
            NotFound: ``accounts.not_found``.
            RuleBroken: ``password.no_login``, the account has no name to sign in with.
        """
        with reading(self._engine) as db:
            named = _named(db, account_id)
        if weak := why_weak(text, named):
            raise Invalid("request.invalid", f"new_password: {weak}", {"new_password": [weak]})
        return Proven(account_id=account_id, set_at=self._set(account_id, text, None, proven))

    def take(self, account_id: UUID) -> None:
        """Take the password away and end every session; where there is none nothing happens."""
        with writing(self._engine) as db:
            forget_password(db, account_id)

    def standing(self, account_id: UUID) -> Standing | None:
        """Return how it stands with the account's password, or None where there is none."""
        with reading(self._engine) as db:
            row = db.execute(select(password).where(password.c.account_id == account_id)).first()
        return None if row is None else Standing(set_at=row.set_at, expires_at=row.expires_at)

    def _set(self, account_id: UUID, text: str, ends: datetime | None, former: Proven | None = None) -> datetime:
        now = datetime.now(UTC)
        row = {"account_id": account_id, "hash": _hash(text), "set_at": now, "expires_at": ends}
        with writing(self._engine) as db:
            changed(db)  # before the account's lock, as everybody who changes access does
            hold(db, account_id)
            end_sessions(db, account_id)
            _named(db, account_id)
            if former is not None and not still_holds(db, former):
                raise Conflict("password.changed", "the password was changed meanwhile")
            upsert(db, password, ["account_id"], row)
        return now


def one_time_text() -> str:
    """Return a password of 78 bits that can be read aloud: ``k7fm-2xqd-9hwp-4stb``."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(GROUP)) for _ in range(GROUPS))


def login_of(name: str) -> str:
    """Return the one form of a login: whoever writes it in capitals or full width means the same."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def why_weak(text: str, login: str) -> str | None:
    """Return why a password is too easy to guess, or None. Length counts; composition rules do not help."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH:
        return f"From {MIN_LENGTH} to {MAX_LENGTH} characters."
    if len(set(plain)) < MIN_DIFFERENT:
        return f"At least {MIN_DIFFERENT} different characters."
    if login in plain or any(common in plain for common in COMMON):
        return "It holds the login or one of the most common passwords."
    return None


def forget_password(db: Connection, account_id: UUID) -> None:
    """Take the password away and end every session, in somebody's transaction."""
    end_sessions(db, account_id)
    db.execute(delete(password).where(password.c.account_id == account_id))


def _named(db: Connection, account_id: UUID) -> str:
    row = db.execute(select(account.c.login).where(account.c.account_id == account_id)).first()
    if row is None:
        raise NotFound("accounts.not_found", "no such account")
    if row.login is None:
        raise RuleBroken("password.no_login", "give the account a login first: the name it signs in with")
    return str(row.login)


def _hash(text: str) -> str:
    return HASHER.hash(unicodedata.normalize("NFKC", text))


def _fits(stored: str, text: str) -> bool:
    try:
        return HASHER.verify(stored, unicodedata.normalize("NFKC", text))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hash(secrets.token_urlsafe())
