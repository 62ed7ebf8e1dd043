"""Rows to answers: JSON-ready, ids as text, times as ISO 8601 in UTC."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, or_, select

from services.metrics.projections import definition, judgement, policy
from shared.codec import unstructure
from shared.places import moment_and_id, page, place


def list_figures(db: Connection, body: dict[str, Any]) -> dict[str, Any]:
    """Return the newest definition of each figure, by name."""
    statement = select(definition).order_by(definition.c.name)
    if after := body["after"]:
        statement = statement.where(definition.c.name > after)
    return page(db, statement, body["limit"], _item, lambda row: str(row.name))


def get_policy(db: Connection) -> dict[str, Any]:
    """Return every version of the timeliness policy, the first first."""
    rows = db.execute(select(policy).order_by(policy.c.version)).all()
    return {"items": [_item(row) for row in rows], "next": None}


def list_judgements(db: Connection, seen: frozenset[UUID] | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return judged publications of the units seen (None: all), the last published first."""
    newest_first = (judgement.c.published_at.desc(), judgement.c.publication_id.desc())
    statement = select(judgement).order_by(*newest_first)
    if seen is not None:
        statement = statement.where(judgement.c.unit_id.in_(seen))
    for name in body.keys() & {"unit_id", "tier", "on_time"}:
        statement = statement.where(judgement.c[name] == body[name])
    if after := body["after"]:
        published_at, publication_id = moment_and_id(after)
        same = and_(judgement.c.published_at == published_at, judgement.c.publication_id < publication_id)
        statement = statement.where(or_(judgement.c.published_at < published_at, same))
    return page(db, statement, body["limit"], _item, lambda row: place(row.published_at, row.publication_id))


def _item(row: Row[Any]) -> dict[str, Any]:
    plain: dict[str, Any] = unstructure(dict(row._mapping))
    return plain
