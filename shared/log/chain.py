"""The per-stream hash chain: each event's hash covers what is stored of it and the hash before it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

GENESIS = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What of an event the chain covers. Times in microseconds since the epoch."""

    event_id: UUID
    stream: str
    version: int
    type: str
    occurred_us: int
    recorded_us: int
    actor: str
    unit: UUID | None
    correlation_id: UUID
    causation_id: UUID | None
    data: str


def link_hash(previous: bytes, link: Link) -> bytes:
    """Return the SHA-256 of the previous hash and the link's fields, separated by a byte no field can hold."""
    fields = (
        link.event_id, link.stream, link.version, link.type, link.occurred_us, link.recorded_us, link.actor,
        link.unit or "", link.correlation_id, link.causation_id or "", link.data,
    )  # fmt: skip
    return hashlib.sha256(previous + "\x1f".join(str(field) for field in fields).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a stream's chain does not hold, and why."""

    stream: str
    version: int
    reason: str


def broken(stream: str, links: Iterable[tuple[Link, bytes]]) -> Break | None:
    """Return the first place where the stream's chain does not hold, or None when it holds."""
    previous, expected = GENESIS, 1
    for link, stored in links:
        if link.version != expected:
            return Break(stream=stream, version=expected, reason="an event is missing")
        if link_hash(previous, link) != stored:
            return Break(stream=stream, version=link.version, reason="an event was changed, inserted or moved")
        previous, expected = stored, expected + 1
    return None
