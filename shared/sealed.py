"""Personal fields: sealed at the door with a key per person, so that erasing a person is deleting a key.

The token, and never the plain text, is what log, wire, projections and dead letters hold. The hash chain covers the
token, so it stays valid after the key is gone (PIPL art. 47, GDPR art. 17).
"""

import base64
import os
from typing import Any, NewType, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import RuleBroken

Sealed = NewType("Sealed", str)
PREFIX = "sealed.v1."
ERASED = "[erased]"
NONCE_BYTES = 12


class KeyRing(Protocol):
    """One 256-bit key a person; a person once erased never gets another."""

    def key(self, person: UUID) -> bytes | None:
        """Return the person's key, or None where there is none (never sealed, or erased)."""

    def make_key(self, person: UUID) -> bytes | None:
        """Return the person's key, made now if there was none; None when the person was erased."""

    def erase(self, person: UUID) -> bool:
        """Delete the person's key for good; return whether there was one."""


def is_sealed(value: Any) -> bool:
    """Return whether ``value`` is a token made by ``seal``."""
    return isinstance(value, str) and value.startswith(PREFIX)


def seal(keys: KeyRing, person: UUID, field: str, plain: str) -> Sealed:
    """Return ``plain`` encrypted under the person's key (AES-256-GCM, bound to person and field).

    Raises:
        RuleBroken: the person was erased; nothing more about them is stored.
    """
    key = keys.make_key(person)
    if key is None:
        raise RuleBroken("person.erased", f"person {person} was erased; no personal data about them is stored")
    nonce = os.urandom(NONCE_BYTES)
    secret = AESGCM(key).encrypt(nonce, plain.encode(), _bound_to(person, field))
    return Sealed(f"{PREFIX}{person}.{base64.urlsafe_b64encode(nonce + secret).decode()}")


def unseal(keys: KeyRing, token: str | None, field: str) -> str | None:
    """Return the plain text, ``[erased]`` when the person's key is gone, or None for None."""
    if token is None:
        return None
    person_text, _, secret_text = token.removeprefix(PREFIX).partition(".")
    person = UUID(person_text)
    key = keys.key(person)
    if key is None:
        return ERASED
    secret = base64.urlsafe_b64decode(secret_text)
    try:
        return AESGCM(key).decrypt(secret[:NONCE_BYTES], secret[NONCE_BYTES:], _bound_to(person, field)).decode()
    except InvalidTag:
        return ERASED


def subject(token: str) -> UUID:
    """Return the person a token is about."""
    return UUID(token.removeprefix(PREFIX).partition(".")[0])


def _bound_to(person: UUID, field: str) -> bytes:
    return f"{person}/{field}".encode()
