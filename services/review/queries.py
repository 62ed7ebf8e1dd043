"""Rows and streams to answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, or_, select

from services.review.case import CLAIM_LASTS, DECIDED, Case
from services.review.checker import TermList
from services.review.projections import review_case, scheme, term_list
from services.review.scheme import Scheme
from services.review.text import plain_text
from shared.codec import instant, structure, unstructure
from shared.contracts.review.events import (
    CaseApproved,
    CaseChangesRequested,
    CaseRejected,
    Finding,
    Term,
    TermListPublished,
)
from shared.errors import NotFound
from shared.events import Recorded
from shared.places import id_in, moment_and_id, page, place, whole


def schemes_in_force(db: Connection) -> list[Scheme]:
    """Return every scheme that was not retired."""
    rows = db.execute(select(scheme).where(scheme.c.retired.is_(False)))
    return [
        Scheme(
            scheme_id=row.scheme_id,
            version=row.version,
            name=row.name,
            article_kinds=tuple(row.article_kinds),
            unit_ids=tuple(UUID(unit) for unit in row.unit_ids),
            adopted=row.adopted,
        )
        for row in rows
    ]


def lists_in_force(db: Connection, known: dict[UUID, TermList]) -> list[TermList]:
    """Return the newest version of every term list; ``known`` holds those read before and is brought up to date."""
    for list_id, version in db.execute(select(term_list.c.list_id, term_list.c.version)).all():
        if list_id not in known or known[list_id].version != version:
            row = db.execute(select(term_list).where(term_list.c.list_id == list_id)).one()
            terms = tuple(structure(term, Term) for term in row.terms)
            known[list_id] = TermList(list_id, row.version, terms, tuple(row.allow))
    return [known[list_id] for list_id in sorted(known)]


def list_schemes(db: Connection, body: dict[str, Any]) -> dict[str, Any]:
    """Return schemes in order of adoption."""
    statement = select(scheme).order_by(scheme.c.adopted)
    if after := body.get("after"):
        statement = statement.where(scheme.c.adopted > whole(after))
    return page(db, statement, body["limit"], _scheme, lambda row: str(row.adopted))


def list_term_lists(db: Connection, body: dict[str, Any]) -> dict[str, Any]:
    """Return the newest version of each term list, without its terms."""
    statement = select(term_list).order_by(term_list.c.list_id)
    if after := body.get("after"):
        statement = statement.where(term_list.c.list_id > id_in(after))
    return page(db, statement, body["limit"], _term_list, lambda row: str(row.list_id))


def get_term_list(history: Sequence[Recorded], list_id: UUID, version: int | None) -> dict[str, Any]:
    """Return a version of a term list (None: the newest) with its terms.

    Raises:
        NotFound: there is no such list, or not in that version.
    """
    published = {each.event.version: each for each in history if isinstance(each.event, TermListPublished)}
    found = published.get(version or len(published))
    if found is None:
        raise NotFound("review.term_list_not_found", f"no term list {list_id}, or no version {version} of it")
    event: Any = found.event
    return {
        "id": str(list_id), "version": event.version, "newest": len(published), "name": event.name,
        "size": len(event.terms), "terms": unstructure(event.terms), "allow": list(event.allow),
        "published_at": instant(found.recorded_at),
    }  # fmt: skip


def findings(found: Sequence[Finding]) -> dict[str, Any]:
    """Return what a check found."""
    return {"findings": unstructure(found)}


def list_cases(db: Connection, seen: frozenset[UUID] | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return cases, the longest waiting first."""
    statement = select(review_case).order_by(review_case.c.submitted_at, review_case.c.case_id)
    if seen is not None:
        statement = statement.where(review_case.c.unit_id.in_(seen))
    for name in ("unit_id", "article_id", "status"):
        if value := body.get(name):
            statement = statement.where(review_case.c[name] == value)
    if after := body.get("after"):
        submitted, case_id = moment_and_id(after)
        later = and_(review_case.c.submitted_at == submitted, review_case.c.case_id > case_id)
        statement = statement.where(or_(review_case.c.submitted_at > submitted, later))
    return page(db, statement, body["limit"], _case_row, lambda row: place(row.submitted_at, row.case_id))


def get_case(state: Case, history: Sequence[Recorded], now: datetime) -> dict[str, Any]:
    """Return a case with the plain text that was checked, its findings, and the decision."""
    opened = state.opened
    assert opened is not None
    decision = next(
        (
            recorded.event
            for recorded in reversed(history)
            if isinstance(recorded.event, CaseApproved | CaseChangesRequested | CaseRejected)
        ),
        None,
    )
    holder = state.claimer(now)
    return {
        "id": str(opened.case_id),
        "article_id": str(opened.article_id),
        "unit_id": str(opened.unit_id),
        "kind": opened.kind,
        "revision": opened.revision,
        "status": state.status,
        "author_ids": [str(author) for author in opened.author_ids],
        "title": opened.title,
        "text": plain_text(opened.body),
        "findings": unstructure(opened.findings),
        "checked_with": unstructure(opened.checked_with),
        "char_count": opened.char_count,
        "char_rule": opened.char_rule,
        "submitted_at": instant(opened.submitted_at),
        "claimed_by": str(holder) if holder else None,
        "decision": unstructure(decision) if decision and state.status in DECIDED else None,
        "version": len(history),
    }


def _scheme(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.scheme_id),
        "version": row.version,
        "name": row.name,
        "retired": row.retired,
        "article_kinds": row.article_kinds,
        "unit_ids": row.unit_ids,
    }


def _case_row(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.case_id),
        "article_id": str(row.article_id),
        "unit_id": str(row.unit_id),
        "kind": row.kind,
        "title": row.title,
        "revision": row.revision,
        "status": row.status,
        "findings": row.findings,
        "blocking": row.blocking,
        "claimed_by": str(row.claimed_by) if row.claimed_by else None,
        "claimed_until": instant(row.claimed_at + CLAIM_LASTS) if row.claimed_at else None,
        "submitted_at": instant(row.submitted_at),
        "version": row.version,
    }


def _term_list(row: Row[Any]) -> dict[str, Any]:
    return {"id": str(row.list_id), "version": row.version, "name": row.name, "size": len(row.terms)}
