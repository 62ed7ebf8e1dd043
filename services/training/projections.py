"""Read models of training: sessions and attendances."""

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, Uuid

from shared.contracts.training.events import AttendanceRecorded, SessionCancelled, SessionHeld, SessionScheduled
from shared.database import UtcDateTime
from shared.events import Told
from shared.projector import Projection
from shared.read_model import ReadModel

metadata = MetaData()

session = Table(
    "session",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("place", Text),
    Column("speaker", Text),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("session_by_start", "starts_at", "session_id"),
)

# ``name`` is the sealed token, never the name.
attendance = Table(
    "attendance",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("name", Text),
    Column("person_unit_id", Uuid),
    Column("at", UtcDateTime, nullable=False),
    Index("attendance_by_person", "person_id"),
)


def project(model: ReadModel, told: Told) -> None:
    """Fold one event into the tables; the same event twice leaves the same rows."""
    event = told.event
    match event:
        case SessionScheduled():
            row = {
                "session_id": event.session_id, "unit_id": event.unit_id, "kind": event.kind, "title": event.title,
                "place": event.place, "speaker": event.speaker, "starts_at": event.starts_at,
                "ends_at": event.ends_at, "status": "scheduled", "version": told.version,
            }  # fmt: skip
            model.upsert(session, row)
        case AttendanceRecorded():
            row = {
                "session_id": event.session_id, "person_id": event.person_id, "name": event.name,
                "person_unit_id": event.person_unit_id, "at": event.at,
            }  # fmt: skip
            model.upsert(attendance, row)
            _change(model, told)
        case SessionHeld():
            _change(model, told, status="held")
        case SessionCancelled():
            _change(model, told, status="cancelled")


def _change(model: ReadModel, told: Told, **columns: object) -> None:
    session_id = told.event.session_id  # type: ignore[attr-defined]
    model.change(session, {"session_id": session_id, "version": told.version, **columns})


VIEWS = Projection("training", metadata, project)
