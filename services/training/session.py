"""A session: scheduled, attended, held or cancelled. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.training.events import (
    AttendanceRecorded,
    SessionCancelled,
    SessionHeld,
    SessionKind,
    SessionScheduled,
    Skill,
)
from shared.errors import NotFound, RuleBroken
from shared.events import Event
from shared.sealed import Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSession:
    session_id: UUID
    unit_id: UUID
    kind: SessionKind
    title: str
    place: str | None
    speaker: str | None
    skills: tuple[Skill, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """A person who came; ``name`` is sealed under ``person_id``. ``at`` None: when the session began, or now."""

    person_id: UUID
    name: Sealed | None
    unit_id: UUID | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAttendances:
    session_id: UUID
    attendees: tuple[Attendee, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSession:
    """``at`` None: when the session began, or now where that is still to come."""

    session_id: UUID
    at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSession:
    session_id: UUID
    reason: str


Command = ScheduleSession | RecordAttendances | HoldSession | CancelSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    unit_id: UUID | None = None
    status: Literal["absent", "scheduled", "held", "cancelled"] = "absent"
    scheduled: SessionScheduled | None = None
    people: frozenset[UUID] = frozenset()


def initial() -> Session:
    """Return a session nobody scheduled."""
    return Session()


def evolve(session: Session, event: Event) -> Session:
    """Return the session after the event."""
    match event:
        case SessionScheduled():
            return Session(unit_id=event.unit_id, status="scheduled", scheduled=event)
        case AttendanceRecorded():
            return replace(session, people=session.people | {event.person_id})
        case SessionHeld():
            return replace(session, status="held")
        case SessionCancelled():
            return replace(session, status="cancelled")
    return session


def decide(session: Session, command: Command) -> Sequence[Event]:
    """Return what follows from the command; a person counts once a session.

    Raises:
        NotFound: the session was never scheduled.
        RuleBroken: it was already, it ends before it begins, it was cancelled, held or attended, or the time told is
            still to come.
    """
    if isinstance(command, ScheduleSession):
        return _schedule(session, command)
    scheduled = session.scheduled
    if scheduled is None:
        raise NotFound("training.session_not_found", f"no session {command.session_id}")
    if session.status == "cancelled":
        if isinstance(command, CancelSession):
            return []
        raise RuleBroken("training.session_cancelled", "the session was cancelled")
    match command:
        case RecordAttendances():
            return _record(session, scheduled, command)
        case HoldSession():
            return [] if session.status == "held" else [_held(scheduled, command)]
        case CancelSession():
            return [_cancelled(session, scheduled, command)]


def _schedule(session: Session, command: ScheduleSession) -> Sequence[Event]:
    if session.scheduled is not None:
        raise RuleBroken("training.session_exists", f"session {command.session_id} was scheduled before")
    if command.ends_at <= command.starts_at:
        raise RuleBroken("training.session_ends_first", "ends_at is not after starts_at")
    return [
        SessionScheduled(
            session_id=command.session_id,
            unit_id=command.unit_id,
            kind=command.kind,
            title=command.title,
            place=command.place,
            speaker=command.speaker,
            skills=command.skills,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
        )
    ]


def _record(session: Session, scheduled: SessionScheduled, command: RecordAttendances) -> Sequence[Event]:
    new = {one.person_id: one for one in command.attendees if one.person_id not in session.people}
    return [
        AttendanceRecorded(
            session_id=command.session_id,
            unit_id=scheduled.unit_id,
            session_kind=scheduled.kind,
            title=scheduled.title,
            person_id=one.person_id,
            name=one.name,
            person_unit_id=one.unit_id,
            at=_moment(one.at, scheduled, command.now),
        )
        for one in new.values()
    ]


def _held(scheduled: SessionScheduled, command: HoldSession) -> SessionHeld:
    return SessionHeld(
        session_id=command.session_id,
        unit_id=scheduled.unit_id,
        kind=scheduled.kind,
        title=scheduled.title,
        at=_moment(command.at, scheduled, command.now),
    )


def _cancelled(session: Session, scheduled: SessionScheduled, command: CancelSession) -> SessionCancelled:
    if session.status == "held":
        raise RuleBroken("training.session_held", "the session was held")
    if session.people:  # their attendances stay counted, so the session took place
        raise RuleBroken("training.session_attended", f"{len(session.people)} people attended the session")
    return SessionCancelled(session_id=command.session_id, unit_id=scheduled.unit_id, reason=command.reason)


def _moment(told: datetime | None, scheduled: SessionScheduled, now: datetime) -> datetime:
    """Return when it happened: untold, in the session's own time, so that a late report counts where it belongs."""
    if told is not None and told > now:
        raise RuleBroken("training.still_to_come", f"{told.isoformat()} is still to come")
    return told or min(scheduled.starts_at, now)
