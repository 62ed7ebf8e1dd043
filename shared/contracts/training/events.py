"""Facts about sessions and who attended. Streams ``session-<id>``."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events import Event
from shared.sealed import Sealed

SessionKind = Literal["training", "study_session", "talk", "lecture"]
Skill = Literal["writing", "photo", "video", "layout", "new_media"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScheduled(Event):
    """``unit_id`` is the unit that holds the session."""

    type: ClassVar[str] = "training.session.scheduled.v1"
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
class AttendanceRecorded(Event):
    """One person at one session, once (签到). ``name`` is sealed under ``person_id``."""

    type: ClassVar[str] = "training.attendance.recorded.v1"
    happened: ClassVar[str] = "at"
    session_id: UUID
    unit_id: UUID
    session_kind: SessionKind
    title: str
    person_id: UUID
    name: Sealed | None
    person_unit_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHeld(Event):
    type: ClassVar[str] = "training.session.held.v1"
    happened: ClassVar[str] = "at"
    session_id: UUID
    unit_id: UUID
    kind: SessionKind
    title: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCancelled(Event):
    type: ClassVar[str] = "training.session.cancelled.v1"
    session_id: UUID
    unit_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """The person's key in this service is gone; attendances still count, nameless."""

    type: ClassVar[str] = "training.person.erased.v1"
    person_id: UUID


EVENTS: tuple[type[Event], ...] = (
    SessionScheduled, AttendanceRecorded, SessionHeld, SessionCancelled, PersonErased,
)  # fmt: skip
