"""API keys ``mm_<prefix>_<secret>`` and session tokens: drawn from the system's generator, stored as SHA-256."""

import re
import secrets
import string
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

PREFIX_LENGTH = 8
SECRET_BYTES = 32  # 256 bits: 43 characters
_ALPHABET = string.ascii_lowercase + string.digits
_KEY = re.compile(r"mm_([a-z0-9]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a caller shows: ``key`` with its prefix or ``session``, and the SHA-256 of all of it."""

    kind: str
    prefix: str
    digest: str


def new_key() -> tuple[str, Proof]:
    """Return a new API key and what is stored of it."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_LENGTH))
    text = f"mm_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return text, Proof("key", prefix, _digest(text))


def new_session() -> tuple[str, Proof]:
    """Return a new session token and what is stored of it."""
    text = secrets.token_urlsafe(SECRET_BYTES)
    return text, Proof("session", "", _digest(text))


def read_key(text: str) -> Proof | None:
    """Return the proof in an API key, or None when it is none."""
    found = _KEY.fullmatch(text)
    return Proof("key", found[1], _digest(text)) if found else None


def read_session(text: str) -> Proof | None:
    """Return the proof in a session token, or None when it is none."""
    return Proof("session", "", _digest(text)) if _TOKEN.fullmatch(text) else None


def same(stored: str, shown: str) -> bool:
    """Return whether two digests are the same, in a time that tells nothing."""
    return compare_digest(stored, shown)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
