"""Rows to answers. Person-times (rows of attendance) and distinct people are different figures."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from services.training.projections import attendance, session
from shared.codec import instant
from shared.contracts.training.events import SessionScheduled
from shared.errors import NotFound
from shared.events import Recorded
from shared.places import moment_and_id, page, place
from shared.sealed import KeyRing, unseal

Seen = frozenset[UUID] | None  # the units a caller sees; None: all


def get_session(db: Connection, seen: Seen, session_id: UUID) -> dict[str, Any]:
    """Return a session with its attendances in order of arrival, names sealed.

    Raises:
        NotFound: there is no such session among the units seen.
    """
    this = select(session).where(session.c.session_id == session_id, *_among(seen))
    row = db.execute(this).one_or_none()
    if row is None:
        raise NotFound("training.session_not_found", f"no session {session_id}")
    here = select(attendance).where(attendance.c.session_id == session_id)
    people = db.execute(here.order_by(attendance.c.at, attendance.c.person_id)).all()
    attendances = [
        {
            "person_id": str(one.person_id),
            "name": one.name,
            "unit_id": str(one.person_unit_id) if one.person_unit_id else None,
            "at": instant(one.at),
        }
        for one in people
    ]
    return _session(row, len(people)) | {"distinct_people": len(people), "attendances": attendances}


def with_names(found: dict[str, Any], keys: KeyRing) -> dict[str, Any]:
    """Return the session with names that can be read. Each key takes a connection: hold none meanwhile."""
    named = [one | {"name": unseal(keys, one["name"], "name")} for one in found["attendances"]]
    return found | {"attendances": named}


def skills(history: Sequence[Recorded]) -> list[str]:
    """Return what is taught in a session, as its stream says."""
    return [skill for each in history if isinstance(each.event, SessionScheduled) for skill in each.event.skills]


def list_sessions(db: Connection, seen: Seen, body: dict[str, Any]) -> dict[str, Any]:
    """Return sessions, the latest first, and person-times and distinct people of all that fit."""
    fitting = _among(seen)
    fitting += [session.c[name] == body[name] for name in ("unit_id", "kind", "status") if name in body]
    came = select(func.count()).where(attendance.c.session_id == session.c.session_id).scalar_subquery()
    statement = select(session, came.label("came")).where(*fitting)
    if after := body.get("after"):
        starts, session_id = moment_and_id(after)
        earlier = and_(session.c.starts_at == starts, session.c.session_id < session_id)
        statement = statement.where(or_(session.c.starts_at < starts, earlier))
    ordered = statement.order_by(session.c.starts_at.desc(), session.c.session_id.desc())
    found = page(
        db,
        ordered,
        body["limit"],
        lambda row: _session(row, row.came),
        lambda row: place(row.starts_at, row.session_id),
    )
    totals = select(func.count(), func.count(attendance.c.person_id.distinct()))
    times, people = db.execute(totals.select_from(attendance.join(session, _same())).where(*fitting)).one()
    return found | {"person_times": times, "distinct_people": people}


def _among(seen: Seen) -> list[ColumnElement[bool]]:
    return [] if seen is None else [session.c.unit_id.in_(seen)]


def _same() -> ColumnElement[bool]:
    return attendance.c.session_id == session.c.session_id


def _session(row: Row[Any], came: int) -> dict[str, Any]:
    return {
        "id": str(row.session_id),
        "unit_id": str(row.unit_id),
        "kind": row.kind,
        "title": row.title,
        "place": row.place,
        "speaker": row.speaker,
        "starts_at": instant(row.starts_at),
        "ends_at": instant(row.ends_at),
        "status": row.status,
        "person_times": came,
        "version": row.version,
    }
