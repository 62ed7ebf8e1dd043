"""Recorded events as AMQP messages: CloudEvents 1.0 in binary mode (headers ``ce-*``), signed by the relay.

The signature (``ce-signature``, HMAC-SHA-256 under a key derived from the platform's secret) covers every other
``ce-*`` header and the data, so that a consumer takes nothing that the relay did not take from a log. Messages may wait
in queues while the secret changes: the first one listed signs, each one listed is accepted.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.codec import uuid_of
from shared.contracts import REGISTRY
from shared.database import from_microseconds
from shared.errors import Invalid
from shared.events import Recorded, Registry, Stored

CONTENT_TYPE = "application/json"
SIGNATURE = "ce-signature"
SPECVERSION = "1.0"
MAX_BODY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes on the wire: persistent, JSON, headers as text."""

    message_id: str
    type: str
    headers: dict[str, Any]
    body: bytes


class Envelope:
    """Seals messages with the first of the platform's secrets, and opens them with any."""

    def __init__(self, secrets: tuple[str, ...], registry: Registry = REGISTRY) -> None:
        # Copied for each message: half of a short message's time would go into setting it up.
        keys = (sha256(b"matrix.envelope/" + secret.encode()).digest() for secret in secrets)
        self._keyed = [hmac.new(key, digestmod=sha256) for key in keys]
        self._registry = registry

    def seal(self, service: str, stored: Stored) -> Message:
        """Return the message that carries an event of the service's log."""
        headers, body = _headers(service, stored), stored.data.encode()
        headers[SIGNATURE] = self._sign(headers, body)
        return Message(message_id=stored.event_id, type=stored.type, headers=headers, body=body)

    def open(self, headers: Mapping[str, Any], content_type: str | None, body: bytes) -> Recorded:
        """Return the event in a message; a type this platform does not know yet comes as ``Unknown``.

        Raises:
            Invalid: ``message.too_large``, ``message.content_type``, ``message.bad_signature``, ``message.malformed``
                or ``event.malformed``; nothing of the message may be used.
        """
        if len(body) > MAX_BODY_BYTES:
            raise Invalid("message.too_large", f"{len(body)} bytes; at most {MAX_BODY_BYTES}")
        if content_type != CONTENT_TYPE:
            raise Invalid("message.content_type", f"{content_type!r}; only {CONTENT_TYPE} is read")
        attributes = {name: value for name, value in headers.items() if name.startswith("ce-")}
        signature = attributes.pop(SIGNATURE, None)
        if not all(isinstance(value, str) for value in (signature, *attributes.values())):
            raise Invalid("message.bad_signature", "the message is not signed")
        text = _signed_text(attributes, body)
        if not any(hmac.compare_digest(_signature(keyed, text), str(signature)) for keyed in self._keyed):
            raise Invalid("message.bad_signature", "the message is not what a relay sent")
        try:
            return self._recorded(attributes, body.decode())
        except (KeyError, ValueError) as error:
            raise Invalid("message.malformed", f"{type(error).__name__}: {error}") from error

    def _sign(self, attributes: Mapping[str, str], body: bytes) -> str:
        return _signature(self._keyed[0], _signed_text(attributes, body))

    def _recorded(self, told: Mapping[str, Any], data: str) -> Recorded:
        if told["ce-specversion"] != SPECVERSION:
            raise ValueError(f"CloudEvents {told['ce-specversion']!r}")
        name, unit, causation = told["ce-type"], told.get("ce-unit"), told.get("ce-causationid")
        return Recorded(
            position=int(told["ce-position"]),
            event_id=UUID(told["ce-id"]),
            stream=told["ce-stream"],
            version=int(told["ce-version"]),
            type=name,
            event=self._registry.decode(name, data),
            data=data,
            occurred_at=datetime.fromisoformat(told["ce-time"]),
            recorded_at=datetime.fromisoformat(told["ce-recordedtime"]),
            actor=told["ce-actor"],
            unit=uuid_of(unit) if unit else None,
            correlation_id=uuid_of(told["ce-correlationid"]),
            causation_id=uuid_of(causation) if causation else None,
            hash=bytes.fromhex(told["ce-hash"]),
        )


def _signed_text(attributes: Mapping[str, str], body: bytes) -> bytes:
    # Lengths are part of what is signed: no byte can move from one field into the next.
    lines = "".join([f"{name}={len(value)}:{value}\n" for name, value in sorted(attributes.items())])
    return lines.encode() + b"\n" + body


def _signature(keyed: hmac.HMAC, text: bytes) -> str:
    signed = keyed.copy()
    signed.update(text)
    return signed.hexdigest()


def _headers(service: str, stored: Stored) -> dict[str, str]:
    """Return the CloudEvents attributes as headers. A test holds them equal to what the standard's library writes."""
    headers = {
        "ce-specversion": SPECVERSION,
        "ce-id": stored.event_id,
        "ce-source": f"/matrix/{service}",
        "ce-type": stored.type,
        "ce-time": _iso(stored.occurred_us).replace("+00:00", "Z"),
        "ce-subject": stored.stream,
        "ce-stream": stored.stream,
        "ce-version": str(stored.version),
        "ce-position": str(stored.position),
        "ce-correlationid": stored.correlation_id,
        "ce-actor": stored.actor,
        "ce-recordedtime": _iso(stored.recorded_us),
        "ce-hash": stored.hash,
    }
    if stored.causation_id is not None:
        headers["ce-causationid"] = stored.causation_id
    if stored.unit is not None:
        headers["ce-unit"] = stored.unit
    return headers


@lru_cache(maxsize=16)  # most events happened when they were recorded
def _iso(microseconds: int) -> str:
    return from_microseconds(microseconds).isoformat()
