"""The keys of persons, wrapped by the platform's secret, in the service's own database."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, select, update

from shared.database import insert_new, reading, writing
from shared.log.tables import person_key
from shared.sealed import NONCE_BYTES

KEY_BYTES = 32
PAGE = 500  # keys wrapped anew in one transaction
UNREADABLE = -1


class Wrapped(NamedTuple):
    """A person's key at rest."""

    person: UUID
    wrapped: bytes


class Unwrapped(NamedTuple):
    """A person's key, and which of the listed secrets wraps it (0: the first)."""

    key: bytes
    under: int


class SqlKeyRing:
    """``shared.sealed.KeyRing`` on table ``person_key``. A row without a key is an erased person.

    The first secret wraps; each unwraps, so that keys can be read while the secret changes.
    """

    def __init__(self, engine: Engine, secrets: tuple[str, ...]) -> None:
        self._engine = engine
        self._wrappers = [AESGCM(sha256(b"matrix.person-keys/" + secret.encode()).digest()) for secret in secrets]

    def key(self, person: UUID) -> bytes | None:
        """Return the person's key, or None where there is none (never sealed, or erased)."""
        with reading(self._engine) as db:
            wrapped = db.execute(select(person_key.c.wrapped).where(person_key.c.person_id == person)).scalar()
        return None if wrapped is None else self._unwrap(person, wrapped).key

    def make_key(self, person: UUID) -> bytes | None:
        """Return the person's key, made now if there was none; None when the person was erased."""
        if key := self.key(person):
            return key
        wrapped = self._wrap(person, os.urandom(KEY_BYTES))
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

    def under(self) -> Counter[int]:
        """Return how many keys each listed secret wraps (0: the first), and none of them (``UNREADABLE``)."""
        return Counter(self._where(row) for page in self._pages() for row in page)

    def wrap_anew(self) -> int:
        """Wrap every key that an older secret wraps with the first; return how many. What none opens stays."""
        return sum(self._wrap_page([row for row in page if self._where(row) > 0]) for page in self._pages())

    def _wrap_page(self, rows: Sequence[Wrapped]) -> int:
        done, now = 0, datetime.now(UTC)
        with writing(self._engine) as db:
            for person, old in rows:
                fresh = self._wrap(person, self._unwrap(person, old).key)
                # Only while it is what was read: a person erased since then must stay erased.
                same = (person_key.c.person_id == person) & (person_key.c.wrapped == old)
                done += db.execute(update(person_key).where(same).values(wrapped=fresh, changed_at=now)).rowcount
        return done

    def _pages(self) -> Iterator[Sequence[Wrapped]]:
        """Yield all keys, in pages."""
        wanted = select(person_key.c.person_id, person_key.c.wrapped).where(person_key.c.wrapped.is_not(None))
        following = wanted = wanted.order_by(person_key.c.person_id).limit(PAGE)
        while True:
            with reading(self._engine) as db:
                page = [Wrapped(*row) for row in db.execute(following)]
            if not page:
                return
            yield page
            following = wanted.where(person_key.c.person_id > page[-1].person)

    def _where(self, row: Wrapped) -> int:
        try:
            return self._unwrap(row.person, row.wrapped).under
        except InvalidTag:
            return UNREADABLE

    def _wrap(self, person: UUID, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrappers[0].encrypt(nonce, key, person.bytes)

    def _unwrap(self, person: UUID, wrapped: bytes) -> Unwrapped:
        """Return the key. Raises: InvalidTag: no listed secret opens it."""
        for under, wrapper in enumerate(self._wrappers):
            try:
                return Unwrapped(wrapper.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person.bytes), under)
            except InvalidTag:
                continue
        raise InvalidTag
