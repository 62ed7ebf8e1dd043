"""Accounts, API keys and sessions in the gateway's own database. All of it blocks: call it on a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, Engine

from gateway.accounts.keys import Keys, holding, holding_id
from gateway.accounts.passwords import Passwords
from gateway.accounts.people import Account, People, of_row
from gateway.accounts.sessions import Sessions, open_session
from gateway.accounts.state import revision
from gateway.accounts.tokens import Proof
from shared.database import reading
from shared.roles import EVERY_UNIT

__all__ = ["FIRST_LOGIN", "Account", "Accounts", "Identity", "Proof", "ensure_admin"]

FIRST_ADMIN, FIRST_LOGIN = "Administrator", "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a proof stands for, with which key (None after a password), and until when.

    ``name`` tells one key or session from another.
    """

    name: str
    key_id: UUID | None
    account: Account
    expires_at: datetime


class Accounts:
    """The four books of access."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.people, self.keys = People(engine), Keys(engine)
        self.passwords, self.sessions = Passwords(engine), Sessions(engine)

    def identify(self, proof: Proof) -> Identity | None:
        """Return whom the proof stands for, or None when it holds no more, or never did.

        Raises:
            Unavailable: the database did not answer.
        """
        return self.identify_all([proof])[0]

    def identify_all(self, proofs: Sequence[Proof]) -> list[Identity | None]:
        """Return for each proof whom it stands for, in one reading; see ``identify``."""
        with reading(self._engine) as db:
            return [_identity(db, proof) for proof in proofs]

    def behind(self, account_id: UUID, key_id: UUID | None) -> Account | None:
        """Return the account while it, and the key where there is one, holds: for work that outlasts its request.

        Raises:
            Unavailable: the database did not answer.
        """
        if key_id is None:
            account = self.people.get(account_id)
            return None if account.disabled else account
        with reading(self._engine) as db:
            row = holding_id(db, key_id)
        return None if row is None or row.expires_at <= datetime.now(UTC) else of_row(row)

    def revision(self) -> int:
        """Return how often access changed. Raises: Unavailable: the database did not answer."""
        return revision(self._engine)


def _identity(db: Connection, proof: Proof) -> Identity | None:
    row = holding(db, proof) if proof.kind == "key" else open_session(db, proof)
    if row is None or row.expires_at <= datetime.now(UTC):
        return None
    name = f"key-{row.key_id}" if proof.kind == "key" else f"session-{row.session_id}"
    return Identity(name=name, key_id=row.key_id, account=of_row(row), expires_at=row.expires_at)


def ensure_admin(accounts: Accounts) -> str | None:
    """Make the first account, an administrator of every unit, and return its key; None where there are accounts."""
    if accounts.people.any():
        return None
    made = accounts.people.add(FIRST_ADMIN, "admin", [EVERY_UNIT], login=FIRST_LOGIN)
    issued = accounts.keys.issue(UUID(made.body["id"]), "first start")
    return str(issued.body["key"])
