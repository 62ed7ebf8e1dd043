"""The per-stream hash chain: each event's hash covers what is stored of it and the hash before it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

GENESIS = b""


class Link(NamedTuple):
    """What of an event the chain covers, in this order. Times in microseconds since the epoch."""

    event_id: UUID | str
    stream: str
    version: int
    type: str
    occurred_us: int
    recorded_us: int
    actor: str
    unit: UUID | str | None
    correlation_id: UUID | str
    causation_id: UUID | str | None
    data: str


def link_hash(previous: bytes, link: Link) -> bytes:
    """Return the SHA-256 of the previous hash and the link's fields, separated by a byte no field can hold."""
    text = "\x1f".join(["" if field is None else str(field) for field in link])
    return hashlib.sha256(previous + text.encode()).digest()


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
