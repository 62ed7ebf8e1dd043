"""Browser sessions, kept on the server: a cookie is worth nothing once its row is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select

from gateway.accounts.sign_in import Proven
from gateway.accounts.state import changed
from gateway.accounts.tables import account, api_key, password, session
from gateway.accounts.tokens import Proof, new_session
from shared.database import writing
from shared.ids import new_id

LIFETIME = timedelta(hours=12)
_OPEN = (
    select(session.c.session_id, session.c.expires_at, session.c.key_id, account)
    .join(api_key, api_key.c.key_id == session.c.key_id, isouter=True)
    .join(account, account.c.account_id == func.coalesce(session.c.account_id, api_key.c.account_id))
    .where(session.c.digest == bindparam("shown"), api_key.c.revoked_at.is_(None), account.c.disabled.is_(False))
)


class Sessions:
    """The sessions in the gateway's database. Every method raises ``Unavailable`` when that does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, proven: Proven) -> str | None:
        """Return the token of a new session of the account; None where what proved it was replaced meanwhile."""
        token, proof = new_session()
        now = datetime.now(UTC)
        ends = now + LIFETIME
        row = {"digest": proof.digest, "session_id": new_id(), "account_id": proven.account_id, "key_id": proven.key_id}
        with writing(self._engine) as db:
            if not still_holds(db, proven):
                return None
            db.execute(delete(session).where(session.c.expires_at < now))
            until = min(ends, proven.until or ends)
            db.execute(insert(session).values(**row, created_at=now, expires_at=until))
        return token

    def close(self, proof: Proof) -> None:
        """End the session at once; where there is none nothing happens."""
        with writing(self._engine) as db:
            changed(db)
            db.execute(delete(session).where(session.c.digest == proof.digest))

    def close_all(self, account_id: UUID) -> None:
        """End every session of the account at once."""
        with writing(self._engine) as db:
            end_sessions(db, account_id)


def still_holds(db: Connection, proven: Proven) -> bool:
    """Return whether the password that proved somebody is still theirs; it stays so in this transaction."""
    if proven.set_at is None:
        return True
    hold(db, proven.account_id)
    stands = select(password.c.set_at).where(password.c.account_id == proven.account_id)
    return db.execute(stands).scalar() == proven.set_at


def hold(db: Connection, account_id: UUID) -> None:
    """Let nobody replace the account's password or open a session with it until the transaction ends."""
    db.execute(select(account.c.account_id).where(account.c.account_id == account_id).with_for_update())


def end_sessions(db: Connection, account_id: UUID) -> None:
    """End every session of the account, in the transaction that takes away what they were opened with."""
    changed(db)
    db.execute(delete(session).where(session.c.account_id == account_id))


def open_session(db: Connection, proof: Proof) -> Any:
    """Return the row of the session that the proof shows, with its account and key; None when it does not hold."""
    return db.execute(_OPEN, {"shown": proof.digest}).first()
