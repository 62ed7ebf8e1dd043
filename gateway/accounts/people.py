"""Accounts: who they are, their role, and the units they are bound to."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.accounts.once import Answer, Once, once
from gateway.accounts.passwords import forget_password, login_of
from gateway.accounts.state import changed
from gateway.accounts.tables import account
from shared.context import Caller
from shared.database import reading, writing
from shared.errors import Conflict, NotFound, RuleBroken
from shared.ids import new_id
from shared.places import id_in, page
from shared.roles import EVERY_UNIT, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person (the account's id is the person's), or a program. ``units`` are ids, or ``*`` alone for every unit."""

    id: UUID
    name: str
    role: Role
    units: frozenset[str]
    disabled: bool
    version: int
    created_at: datetime
    login: str | None

    def caller(self) -> Caller:
        """Return the account as the caller of a request."""
        return Caller(account_id=self.id, role=self.role, units=self.units)


class People:
    """The accounts in the gateway's database. Every method raises ``Unavailable`` when that does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self, name: str, role: Role, units: Iterable[str], key: Once | None = None, login: str | None = None
    ) -> Answer:
        """Make an account; answer its id and version.

        Raises:
            RuleBroken: the idempotency key was used otherwise, or ``accounts.login_taken``.
        """

        def work() -> dict[str, Any]:
            made, now = new_id(), datetime.now(UTC)
            row = {"account_id": made, "name": name, "role": role, "units": _text(units), "disabled": False}
            with _own_login():
                db.execute(insert(account).values(**row, login=login and login_of(login), version=1, created_at=now))
            return {"id": str(made), "version": 1}

        with writing(self._engine) as db:
            return once(db, key, work)

    def change(self, account_id: UUID, changes: dict[str, Any], expected_version: int | None = None) -> int:
        """Set ``name``, ``role``, ``units``, ``login`` or ``disabled``; return the new version. It acts at once.

        Raises:
            NotFound: ``accounts.not_found``.
            Conflict: ``stream.changed``, the account is not at ``expected_version``.
            RuleBroken: ``accounts.last_admin``, nobody would be left to administer; ``accounts.login_taken``.
        """
        values = {**changes, **({"units": _text(changes["units"])} if "units" in changes else {})}
        if values.get("login") is not None:
            values["login"] = login_of(values["login"])
        with writing(self._engine) as db:
            changed(db)
            version = _get(db, account_id).version
            if expected_version not in (None, version):
                raise Conflict("stream.changed", f"the account is at version {version}, not {expected_version}")
            with _own_login():
                mine = update(account).where(account.c.account_id == account_id)
                db.execute(mine.values(**values, version=version + 1))
            if values.get("disabled") or ("login" in values and values["login"] is None):
                forget_password(db, account_id)
            if not _admins(db):
                raise RuleBroken("accounts.last_admin", "this is the last account that administers every unit")
            return version + 1

    def erase(self, person_id: UUID) -> bool:
        """Forget a person's name and close the account for good; return whether there was one.

        Raises:
            RuleBroken: ``accounts.last_admin``, nobody would be left to administer.
        """
        try:
            self.change(person_id, {"name": "", "disabled": True, "login": None})
        except NotFound:
            return False
        return True

    def get(self, account_id: UUID) -> Account:
        """Return the account. Raises: NotFound: ``accounts.not_found``."""
        with reading(self._engine) as db:
            return _get(db, account_id)

    def all(self) -> list[Account]:
        """Return accounts in the order they were made."""
        with reading(self._engine) as db:
            return [of_row(row) for row in db.execute(select(account).order_by(account.c.account_id))]

    def page(self, after: str | None, limit: int) -> dict[str, Any]:
        """Return a page of accounts in the order they were made, after the one with the id ``after``."""
        wanted = select(account).order_by(account.c.account_id)
        if after is not None:
            wanted = wanted.where(account.c.account_id > id_in(after))
        with reading(self._engine) as db:
            return page(db, wanted, limit, of_row, lambda row: str(row.account_id))

    def names(self, account_ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the names of those of the accounts that there are."""
        wanted = select(account.c.account_id, account.c.name).where(account.c.account_id.in_(account_ids))
        with reading(self._engine) as db:
            return {row.account_id: row.name for row in db.execute(wanted)}

    def any(self) -> bool:
        """Return whether there is an account yet."""
        with reading(self._engine) as db:
            return db.execute(select(account.c.account_id).limit(1)).first() is not None


def of_row(row: Any) -> Account:
    """Return the account in a row that has the account's columns."""
    return Account(
        id=row.account_id, name=row.name, role=row.role, units=frozenset(row.units.split()),
        disabled=row.disabled, version=row.version, created_at=row.created_at, login=row.login,
    )  # fmt: skip


def _get(db: Connection, account_id: UUID) -> Account:
    row = db.execute(select(account).where(account.c.account_id == account_id)).first()
    if row is None:
        raise NotFound("accounts.not_found", "no such account")
    return of_row(row)


@contextmanager
def _own_login() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:  # of the statements inside only the index of logins can be hurt
        raise RuleBroken("accounts.login_taken", "another account signs in with this login") from error


def _admins(db: Connection) -> int:
    counted = select(func.count()).select_from(account)
    able = (account.c.role == "admin", account.c.units == EVERY_UNIT, account.c.disabled.is_(False))
    return int(db.execute(counted.where(*able)).scalar_one())


def _text(units: Iterable[str]) -> str:
    given = set(units)
    return EVERY_UNIT if EVERY_UNIT in given else " ".join(sorted(given))
