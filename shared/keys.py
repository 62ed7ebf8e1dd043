"""The keys of persons, wrapped by the platform's secret, in the service's own database."""

import os
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, select, update

from shared.database import insert_new, reading, writing
from shared.log.tables import person_key
from shared.sealed import NONCE_BYTES

KEY_BYTES = 32


class SqlKeyRing:
    """``shared.sealed.KeyRing`` on table ``person_key``. A row without a key is an erased person."""

    def __init__(self, engine: Engine, secret: str) -> None:
        self._engine = engine
        self._wrapper = AESGCM(sha256(b"matrix.person-keys/" + secret.encode()).digest())

    def key(self, person: UUID) -> bytes | None:
        """Return the person's key, or None where there is none (never sealed, or erased)."""
        with reading(self._engine) as db:
            wrapped = db.execute(select(person_key.c.wrapped).where(person_key.c.person_id == person)).scalar()
        if wrapped is None:
            return None
        return self._wrapper.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person.bytes)

    def make_key(self, person: UUID) -> bytes | None:
        """Return the person's key, made now if there was none; None when the person was erased."""
        if key := self.key(person):
            return key
        nonce, key = os.urandom(NONCE_BYTES), os.urandom(KEY_BYTES)
        wrapped = nonce + self._wrapper.encrypt(nonce, key, person.bytes)
        row = {"person_id": person, "wrapped": wrapped, "changed_at": datetime.now(UTC)}
        with writing(self._engine) as db:
            insert_new(db, person_key, ["person_id"], row)
        return self.key(person)  # another process may have been first

    def erase(self, person: UUID) -> bool:
        """Delete the person's key for good; return whether there was one."""
        now = datetime.now(UTC)
        with writing(self._engine) as db:
            this = person_key.c.person_id == person
            had = db.execute(select(person_key.c.wrapped).where(this)).scalar() is not None
            insert_new(db, person_key, ["person_id"], {"person_id": person, "wrapped": None, "changed_at": now})
            db.execute(update(person_key).where(this).values(wrapped=None, changed_at=now))
        return had
