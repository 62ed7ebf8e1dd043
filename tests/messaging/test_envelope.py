"""What goes on the wire comes back as it was, or not at all."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pika
import pytest
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.content.events import UnitRenamed
from shared.envelope import MAX_BODY_BYTES, SIGNATURE, Envelope
from shared.errors import Invalid
from shared.events import Recorded, Unknown, encode
from shared.properties import TextProperties
from shared.testing import stored

ENVELOPE = Envelope(("a-secret-of-the-platform",))
JSON = "application/json"


def recorded(**changes: Any) -> Recorded:
    event = UnitRenamed(unit_id=uuid4(), name="物理学院", since=date(2021, 9, 1))
    told: dict[str, Any] = {
        "position": 2**53 + 1,
        "event_id": uuid4(),
        "stream": f"unit-{event.unit_id}",
        "version": 3,
        "type": UnitRenamed.type,
        "event": event,
        "data": encode(event),
        "occurred_at": datetime(2021, 9, 1, 4, 30, 0, 123456, tzinfo=UTC),
        "recorded_at": datetime(2026, 11, 25, tzinfo=UTC),
        "actor": "editor\nce-unit=1:x",
        "unit": event.unit_id,
        "correlation_id": uuid4(),
        "causation_id": uuid4(),
        "hash": b"\x00\xff" * 16,
    }
    return Recorded(**{**told, **changes})


@pytest.mark.parametrize("changes", [{}, {"unit": None, "causation_id": None}])
def test_an_event_comes_back_as_it_was(changes: dict[str, Any]):
    sent = recorded(**changes)
    message = ENVELOPE.seal("content", stored(sent))
    assert ENVELOPE.open(message.headers, JSON, message.body) == sent


def test_the_headers_are_those_of_cloudevents():
    sent = recorded()
    headers = ENVELOPE.seal("content", stored(sent)).headers
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-id"] == str(sent.event_id)
    assert headers["ce-source"] == "/matrix/content"
    assert headers["ce-subject"] == headers["ce-stream"] == sent.stream
    assert headers["ce-position"] == "9007199254740993"


@pytest.mark.parametrize("changes", [{}, {"unit": None, "causation_id": None}])
def test_the_message_is_what_the_standards_library_writes_and_reads(changes: dict[str, Any]):
    message = ENVELOPE.seal("content", stored(recorded(**changes)))
    headers = {name: value for name, value in message.headers.items() if name != SIGNATURE}
    wire = rabbitmq.RabbitMQMessage(headers=headers, content_type=JSON, body=message.body)
    event = rabbitmq.from_binary(wire, JSONFormat(), CloudEvent)
    again = rabbitmq.to_binary(event, JSONFormat())
    assert (again.headers, again.content_type) == (headers, JSON)
    assert json.loads(again.body) == json.loads(message.body)


@given(st.dictionaries(st.text(max_size=60), st.text(), max_size=20), st.text(max_size=60), st.text(max_size=60))
def test_the_properties_are_the_bytes_that_the_brokers_library_writes(
    headers: dict[str, str], message_id: str, name: str
):
    told: dict[str, Any] = {"content_type": JSON, "headers": headers, "message_id": message_id, "type": name}
    theirs = pika.BasicProperties(delivery_mode=2, **told)
    assert b"".join(TextProperties(**told).encode()) == b"".join(theirs.encode())
    assert TextProperties(**told).message_id == message_id


@pytest.mark.parametrize("what", ["message_id", "type"])
def test_a_property_too_long_for_the_wire_is_refused(what: str):
    told: dict[str, Any] = {"content_type": JSON, "headers": {}, "message_id": "", "type": ""}
    with pytest.raises(pika.exceptions.ShortStringTooLong):
        TextProperties(**{**told, what: "字" * 86})


def test_a_type_of_a_later_version_comes_as_unknown():
    message = ENVELOPE.seal("content", stored(recorded(type="content.unit.painted.v9", data='{"colour":"red"}')))
    opened = ENVELOPE.open(message.headers, JSON, message.body)
    assert opened.event == Unknown(name="content.unit.painted.v9", data={"colour": "red"})


@pytest.mark.parametrize("header", sorted(ENVELOPE.seal("content", stored(recorded())).headers))
def test_no_header_can_be_changed_or_left_out(header: str):
    """S47."""
    message = ENVELOPE.seal("content", stored(recorded()))
    changed = {**message.headers, header: "other"}
    missing = {name: value for name, value in message.headers.items() if name != header}
    for headers in (changed, missing):
        with pytest.raises(Invalid) as refusal:
            ENVELOPE.open(headers, JSON, message.body)
        assert refusal.value.code == "message.bad_signature"


def test_no_byte_of_the_data_can_be_flipped():
    """S47."""
    message = ENVELOPE.seal("content", stored(recorded()))
    for place in range(len(message.body)):
        body = bytearray(message.body)
        body[place] ^= 1
        with pytest.raises(Invalid, match="bad_signature"):
            ENVELOPE.open(message.headers, JSON, bytes(body))


def test_a_forged_producer_is_refused():
    """S47."""
    message = Envelope(("another-secret",)).seal("content", stored(recorded()))
    with pytest.raises(Invalid, match="bad_signature"):
        ENVELOPE.open(message.headers, JSON, message.body)


def test_a_message_signed_before_the_secret_changed_is_opened_as_long_as_that_secret_is_listed():
    """F60."""
    waiting = ENVELOPE.seal("content", stored(recorded()))
    changing, changed = Envelope(("the-next-secret", "a-secret-of-the-platform")), Envelope(("the-next-secret",))
    assert changing.open(waiting.headers, JSON, waiting.body) == ENVELOPE.open(waiting.headers, JSON, waiting.body)
    later = changing.seal("content", stored(recorded()))
    assert changed.open(later.headers, JSON, later.body).type == later.type
    for envelope, message in ((changed, waiting), (ENVELOPE, later)):
        with pytest.raises(Invalid, match="bad_signature"):
            envelope.open(message.headers, JSON, message.body)


def test_the_naive_signature_over_joined_values_lets_bytes_move_between_fields():
    """S47, mutant: without lengths two different messages have one text to sign."""

    def naive(attributes: dict[str, str]) -> str:
        return "".join(f"{name}={value}\n" for name, value in sorted(attributes.items()))

    honest = {"ce-actor": "a", "ce-unit": "b"}
    forged = {"ce-actor": "a\nce-unit=b"}
    assert naive(honest) == naive(forged)
    assert ENVELOPE._sign(honest, b"{}") != ENVELOPE._sign(forged, b"{}")


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/x-python-serialize", b"{}", "message.content_type"),
        (None, b"{}", "message.content_type"),
        (JSON, b"x" * (MAX_BODY_BYTES + 1), "message.too_large"),
        (JSON, b"{}", "message.bad_signature"),
    ],
)
def test_what_is_not_a_message_of_ours_is_refused(content_type: str | None, body: bytes, code: str):
    """F34."""
    with pytest.raises(Invalid) as refusal:
        ENVELOPE.open({SIGNATURE: "00"}, content_type, body)
    assert refusal.value.code == code


@pytest.mark.parametrize(("data", "code"), [("{not json", "message.malformed"), ('{"name": 5}', "event.malformed")])
def test_signed_data_that_makes_no_sense_are_refused(data: str, code: str):
    """F34."""
    message = ENVELOPE.seal("content", stored(recorded(data=data)))
    with pytest.raises(Invalid) as refusal:
        ENVELOPE.open(message.headers, JSON, message.body)
    assert refusal.value.code == code


def test_a_signed_message_without_a_position_is_refused():
    """F34."""
    message = ENVELOPE.seal("content", stored(recorded()))
    headers = {name: value for name, value in message.headers.items() if name not in ("ce-position", SIGNATURE)}
    with pytest.raises(Invalid, match=r"message\.malformed"):
        ENVELOPE.open({**headers, SIGNATURE: ENVELOPE._sign(headers, message.body)}, JSON, message.body)
