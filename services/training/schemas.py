"""Messages to commands."""

from collections.abc import Set
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.training.session import Attendee, CancelSession, HoldSession, RecordAttendances, ScheduleSession
from shared.context import Call
from shared.contracts.training import requests
from shared.runtime import Runtime
from shared.sealed import KeyRing, seal


def schedule_session(call: Call, runtime: Runtime) -> ScheduleSession:
    """Return the command in the call."""
    body = requests.ScheduleSession.read(call.body)
    skills = tuple(dict.fromkeys(body.pop("skills")))
    return ScheduleSession(session_id=runtime.new_id(call), skills=skills, **body)


def record_attendances(body: dict[str, Any], known: Set[UUID], keys: KeyRing) -> RecordAttendances:
    """Return the command in a loaded body, names sealed under their persons' keys.

    ``known`` are recorded already and left out: telling a list again needs no key, not even of who was erased since.

    Raises:
        RuleBroken: ``person.erased``, a name was given of somebody erased.
    """
    attendees = tuple(
        Attendee(
            person_id=one["person_id"],
            name=seal(keys, one["person_id"], "name", one["name"]) if one["name"] else None,
            unit_id=one["unit_id"],
            at=one["at"],
        )
        for one in body["attendees"]
        if one["person_id"] not in known
    )
    return RecordAttendances(session_id=body["session_id"], attendees=attendees, now=datetime.now(UTC))


def hold_session(call: Call) -> HoldSession:
    """Return the command in the call."""
    body = requests.HoldSession.read(call.body)
    return HoldSession(session_id=body["session_id"], at=body["held_at"], now=datetime.now(UTC))


def cancel_session(call: Call) -> CancelSession:
    """Return the command in the call."""
    return CancelSession(**requests.CancelSession.read(call.body))
