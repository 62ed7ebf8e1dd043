"""Recorded events as AMQP messages: CloudEvents 1.0 in binary mode (headers ``ce-*``), signed by the relay.

The signature (``ce-signature``, HMAC-SHA-256 under a key derived from the platform's secret) covers every other
``ce-*`` header and the data, so that a consumer takes nothing that the relay did not take from a log.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from cloudevents.core.bindings import rabbitmq
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.contracts import REGISTRY
from shared.errors import Invalid
from shared.events import Recorded, Registry

CONTENT_TYPE = "application/json"
SIGNATURE = "ce-signature"
MAX_BODY_BYTES = 4 * 1024 * 1024
_FORMAT = JSONFormat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes on the wire: persistent, JSON, headers as text."""

    message_id: str
    type: str
    headers: dict[str, Any]
    body: bytes


class Envelope:
    """Seals and opens messages with one key."""

    def __init__(self, secret: str, registry: Registry = REGISTRY) -> None:
        self._key = sha256(b"matrix.envelope/" + secret.encode()).digest()
        self._registry = registry

    def seal(self, service: str, recorded: Recorded) -> Message:
        """Return the message that carries an event of the service's log."""
        event = CloudEvent(_attributes(service, recorded), recorded.data.encode())
        wire = rabbitmq.to_binary(event, _FORMAT)
        headers = {**wire.headers, SIGNATURE: self._sign(wire.headers, wire.body)}
        return Message(message_id=str(recorded.event_id), type=recorded.type, headers=headers, body=wire.body)

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
        if not hmac.compare_digest(self._sign(attributes, body), str(signature)):
            raise Invalid("message.bad_signature", "the message is not what a relay sent")
        try:
            wire = rabbitmq.RabbitMQMessage(headers=attributes, content_type=content_type, body=body)
            return self._recorded(rabbitmq.from_binary(wire, _FORMAT, CloudEvent).get_attributes(), body.decode())
        except (BaseCloudEventException, KeyError, ValueError) as error:
            raise Invalid("message.malformed", f"{type(error).__name__}: {error}") from error

    def _sign(self, attributes: Mapping[str, str], body: bytes) -> str:
        # Lengths are part of what is signed: no byte can move from one field into the next.
        lines = "".join(f"{name}={len(value)}:{value}\n" for name, value in sorted(attributes.items()))
        return hmac.digest(self._key, lines.encode() + b"\n" + body, "sha256").hex()

    def _recorded(self, attributes: Mapping[str, Any], data: str) -> Recorded:
        name, unit, causation = attributes["type"], attributes.get("unit"), attributes.get("causationid")
        return Recorded(
            position=int(attributes["position"]),
            event_id=UUID(attributes["id"]),
            stream=attributes["stream"],
            version=int(attributes["version"]),
            type=name,
            event=self._registry.decode(name, data),
            data=data,
            occurred_at=attributes["time"],
            recorded_at=datetime.fromisoformat(attributes["recordedtime"]),
            actor=attributes["actor"],
            unit=UUID(unit) if unit else None,
            correlation_id=UUID(attributes["correlationid"]),
            causation_id=UUID(causation) if causation else None,
            hash=bytes.fromhex(attributes["hash"]),
        )


def _attributes(service: str, recorded: Recorded) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(recorded.event_id),
        "source": f"/matrix/{service}",
        "type": recorded.type,
        "time": recorded.occurred_at,
        "subject": recorded.stream,
        "datacontenttype": CONTENT_TYPE,
        "stream": recorded.stream,
        "version": str(recorded.version),
        "position": str(recorded.position),
        "correlationid": str(recorded.correlation_id),
        "causationid": str(recorded.causation_id) if recorded.causation_id else None,
        "actor": recorded.actor,
        "unit": str(recorded.unit) if recorded.unit else None,
        "recordedtime": recorded.recorded_at.isoformat(),
        "hash": recorded.hash.hex(),
    }
