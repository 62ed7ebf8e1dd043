"""API keys: shown once, stored as SHA-256, found by their prefix, revoked at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from gateway.accounts.once import Answer, Once, once
from gateway.accounts.sign_in import Proven
from gateway.accounts.state import changed
from gateway.accounts.tables import account, api_key
from gateway.accounts.tokens import Proof, new_key, same
from shared.codec import instant
from shared.database import reading, writing
from shared.errors import NotFound
from shared.ids import new_id

LIFETIME_DAYS = 365
_HOLDING = (
    select(api_key, account)
    .join(account, account.c.account_id == api_key.c.account_id)
    .where(api_key.c.revoked_at.is_(None), account.c.disabled.is_(False))
)
_OF_PREFIX = _HOLDING.where(api_key.c.prefix == bindparam("shown"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is known of an API key: everything but its secret."""

    id: UUID
    account_id: UUID
    prefix: str
    label: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class Keys:
    """The keys in the gateway's database. Every method raises ``Unavailable`` when that does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue(self, account_id: UUID, label: str, days: int = LIFETIME_DAYS, key: Once | None = None) -> Answer:
        """Make a key that holds for so many days; answer its id, prefix and expiry, and once the ``key`` itself.

        Raises:
            NotFound: ``accounts.not_found``.
            RuleBroken: the idempotency key was used with another request.
        """
        text, proof = new_key()

        def work() -> dict[str, Any]:
            now = datetime.now(UTC)
            made, expires = new_id(), now + timedelta(days=days)
            row = {"key_id": made, "account_id": account_id, "prefix": proof.prefix, "digest": proof.digest}
            db.execute(insert(api_key).values(**row, label=label, created_at=now, expires_at=expires))
            return {"id": str(made), "prefix": proof.prefix, "expires_at": instant(expires)}

        with writing(self._engine) as db:
            if db.execute(select(account.c.account_id).where(account.c.account_id == account_id)).first() is None:
                raise NotFound("accounts.not_found", "no such account")
            done = once(db, key, work)
        return done if done.replayed else Answer({**done.body, "key": text})

    def all(self, account_id: UUID | None = None) -> list[Key]:
        """Return the keys of an account, or of all, in the order they were made."""
        wanted = select(api_key).order_by(api_key.c.key_id)
        if account_id is not None:
            wanted = wanted.where(api_key.c.account_id == account_id)
        with reading(self._engine) as db:
            return [_key(row) for row in db.execute(wanted)]

    def get(self, name: str) -> Key:
        """Return the key with that id or prefix. Raises: NotFound: ``keys.not_found``."""
        for key in self.all():
            if name in (str(key.id), key.prefix):
                return key
        raise NotFound("keys.not_found", "no such key")

    def revoke(self, key_id: UUID) -> None:
        """Make the key, and the sessions it opened, worthless at once; a second time changes nothing.

        Raises:
            NotFound: ``keys.not_found``.
        """
        with writing(self._engine) as db:
            changed(db)
            if not db.execute(select(api_key.c.key_id).where(api_key.c.key_id == key_id)).first():
                raise NotFound("keys.not_found", "no such key")
            unrevoked = (api_key.c.key_id == key_id, api_key.c.revoked_at.is_(None))
            db.execute(update(api_key).where(*unrevoked).values(revoked_at=datetime.now(UTC)))

    def prove(self, evidence: Proof) -> Proven | None:
        """Return whose key it is, or None when it does not hold."""
        with reading(self._engine) as db:
            row = holding(db, evidence)
        if row is None or row.expires_at <= datetime.now(UTC):
            return None
        return Proven(account_id=row.account_id, key_id=row.key_id, until=row.expires_at)

    def used(self, uses: Mapping[UUID, datetime]) -> None:
        """Note when keys were last used, in one transaction."""
        noted = update(api_key).where(api_key.c.key_id == bindparam("used_id")).values(last_used_at=bindparam("at"))
        with writing(self._engine) as db:
            db.execute(noted, [{"used_id": key_id, "at": at} for key_id, at in uses.items()])


def holding(db: Connection, proof: Proof) -> Any:
    """Return the row of the key that the proof shows, joined to its account; None when no key holds."""
    row = db.execute(_OF_PREFIX, {"shown": proof.prefix}).first()
    return row if row is not None and same(row.digest, proof.digest) else None


def holding_id(db: Connection, key_id: UUID) -> Any:
    """Return the row of the key with that id, joined to its account; None when it does not hold."""
    return db.execute(_HOLDING.where(api_key.c.key_id == key_id)).first()


def _key(row: Any) -> Key:
    return Key(
        id=row.key_id, account_id=row.account_id, prefix=row.prefix, label=row.label, created_at=row.created_at,
        expires_at=row.expires_at, last_used_at=row.last_used_at, revoked_at=row.revoked_at,
    )  # fmt: skip
