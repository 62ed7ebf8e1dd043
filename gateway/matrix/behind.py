"""The facts behind a figure: what a number is made of, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Row, select, tuple_

from gateway.matrix.facts import KINDS
from gateway.matrix.frame import definitions
from gateway.matrix.query import Query
from gateway.matrix.read import snapshot
from gateway.matrix.tables import NO_CHANNEL, channel, fact, unit
from shared.codec import instant
from shared.database import UtcDateTime, from_microseconds, to_microseconds
from shared.errors import Invalid, NotFound
from shared.row_security import show_only


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of facts ended."""

    occurred_at: datetime
    event_id: UUID
    n: int

    def to_text(self) -> str:
        """Return the place as a keyset value."""
        return f"{to_microseconds(self.occurred_at)}|{self.event_id}|{self.n}"


def place_of(text: str) -> Place:
    """Return the place in a keyset value.

    Raises:
        Invalid: ``request.bad_cursor``.
    """
    try:
        microseconds, event_id, n = text.split("|")
        return Place(from_microseconds(int(microseconds)), UUID(event_id), int(n))
    except (ValueError, OverflowError) as error:
        raise Invalid("request.bad_cursor", "the cursor is none of ours") from error


def facts_behind(engine: Engine, name: str, query: Query, limit: int, after: str | None) -> dict[str, Any]:
    """Return a page of the facts that the figure is the sum of, and the keyset value of the next page.

    Raises:
        NotFound: there is no such figure.
        Invalid: ``after`` is no keyset value.
        Unavailable: the read model does not answer.
    """
    with snapshot(engine) as db:
        show_only(db, query.scope)
        figures = definitions(db, query.as_of)
        if name not in figures and name not in KINDS:
            raise NotFound("figure.not_found", "no such figure")
        defined = figures.get(name)
        first = max(query.period.first, (defined and defined.covered_from) or date.min)
        where = [fact.c.figure == name, fact.c.day.between(first, query.period.last), *_restricted(query)]
        if query.as_of is not None:
            where.append(fact.c.recorded_at <= query.as_of)
        if after is not None:
            where.append(_older(place_of(after)))
        order = (fact.c.occurred_at.desc(), fact.c.event_id.desc(), fact.c.n.desc())
        rows = db.execute(select(fact).where(*where).order_by(*order).limit(limit + 1)).all()
    return {"items": [_item(row) for row in rows[:limit]], "next": _next(rows, limit)}


def _restricted(query: Query) -> list[ColumnElement[bool]]:
    """Return the conditions that keep facts to the query's units and channels."""
    conditions: list[ColumnElement[bool]] = [] if query.scope is None else [fact.c.unit_id.in_(query.scope)]
    if query.unit is not None:
        conditions.append(fact.c.unit_id == query.unit)
    if query.unit_kind is not None:
        conditions.append(fact.c.unit_id.in_(select(unit.c.unit_id).where(unit.c.kind == query.unit_kind)))
    if query.channel_kind is not None:
        conditions.append(
            fact.c.channel_id.in_(select(channel.c.channel_id).where(channel.c.kind == query.channel_kind))
        )
    if query.channel is not None:
        conditions.append(fact.c.channel_id == query.channel)
    return conditions


def _older(place: Place) -> ColumnElement[bool]:
    key = tuple_(fact.c.occurred_at, fact.c.event_id, fact.c.n)
    at = tuple_(place.occurred_at, place.event_id, place.n, types=[UtcDateTime, fact.c.event_id.type, fact.c.n.type])
    return key < at


def _next(rows: Sequence[Row[Any]], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return Place(last.occurred_at, last.event_id, last.n).to_text()


def _item(row: Row[Any]) -> dict[str, Any]:
    """Return a fact; ``correction`` where a late count changed what an earlier recorded one had told."""
    return {
        "event_id": str(row.event_id),
        "source": row.source,
        "unit_id": str(row.unit_id),
        "channel_id": None if row.channel_id == NO_CHANNEL else str(row.channel_id),
        "occurred_at": instant(row.occurred_at),
        "recorded_at": instant(row.recorded_at),
        "value": row.value,
        "weight": row.weight,
        "baseline": row.flagged > 0,
        "correction": row.n > 0,
        "label": row.label,
        "href": f"/v1/{row.ref}",
    }
