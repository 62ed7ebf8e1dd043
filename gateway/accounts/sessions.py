"""Browser sessions, kept on the server: a cookie is worth nothing once its row is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from gateway.accounts.keys import holding
from gateway.accounts.state import changed
from gateway.accounts.tables import account, api_key, session
from gateway.accounts.tokens import Proof, new_session
from shared.database import writing
from shared.ids import new_id

LIFETIME = timedelta(hours=12)


class Sessions:
    """The sessions in the gateway's database. Every method raises ``Unavailable`` when that does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, key: Proof) -> str | None:
        """Return the token of a new session of the key's account, or None when the key does not hold."""
        token, proof = new_session()
        now = datetime.now(UTC)
        with writing(self._engine) as db:
            row = holding(db, key)
            if row is None or row.expires_at <= now:
                return None
            db.execute(delete(session).where(session.c.expires_at < now))
            made = {"digest": proof.digest, "session_id": new_id(), "key_id": row.key_id, "created_at": now}
            db.execute(insert(session).values(**made, expires_at=min(now + LIFETIME, row.expires_at)))
        return token

    def close(self, proof: Proof) -> None:
        """End the session at once; where there is none nothing happens."""
        with writing(self._engine) as db:
            changed(db)
            db.execute(delete(session).where(session.c.digest == proof.digest))


def open_session(db: Connection, proof: Proof) -> Any:
    """Return the row of the session that the proof shows, with its account and key; None when it does not hold."""
    joined = (
        select(session.c.session_id, session.c.expires_at, api_key.c.key_id, account)
        .join(api_key, api_key.c.key_id == session.c.key_id)
        .join(account, account.c.account_id == api_key.c.account_id)
    )
    holds = (session.c.digest == proof.digest, api_key.c.revoked_at.is_(None), account.c.disabled.is_(False))
    return db.execute(joined.where(*holds)).first()
