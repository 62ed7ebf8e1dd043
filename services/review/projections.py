"""Read models of review: schemes and term lists in force, and cases."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)

from shared.codec import unstructure
from shared.contracts.review.events import (
    CaseApproved,
    CaseChangesRequested,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CaseRejected,
    CaseReleased,
    SchemeAdopted,
    SchemeRetired,
    TermListPublished,
)
from shared.database import UtcDateTime
from shared.events import Told
from shared.projector import Projection
from shared.read_model import ReadModel

metadata = MetaData()

scheme = Table(
    "scheme",
    metadata,
    Column("scheme_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("article_kinds", JSON, nullable=False),
    Column("unit_ids", JSON, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("adopted", BigInteger, nullable=False),
    Index("scheme_by_adoption", "adopted"),
)

term_list = Table(
    "term_list",
    metadata,
    Column("list_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("allow", JSON, nullable=False),
)

review_case = Table(
    "review_case",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("article_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("blocking", Integer, nullable=False),
    Column("claimed_by", Uuid),
    Column("claimed_at", UtcDateTime),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("review_case_by_status", "status", "submitted_at", "case_id"),
    Index("review_case_by_article", "article_id"),
)


def project(model: ReadModel, told: Told) -> None:
    """Fold one event into the tables; the same event twice leaves the same rows."""
    event = told.event
    match event:
        case SchemeAdopted():
            row = {
                "scheme_id": event.scheme_id, "version": event.version, "name": event.name,
                "article_kinds": list(event.article_kinds), "unit_ids": [str(unit) for unit in event.unit_ids],
                "retired": False, "adopted": told.position,
            }  # fmt: skip
            model.upsert(scheme, row)
        case SchemeRetired():
            model.change(scheme, {"scheme_id": event.scheme_id, "retired": True})
        case TermListPublished():
            row = {
                "list_id": event.list_id, "version": event.version, "name": event.name,
                "terms": unstructure(event.terms), "allow": list(event.allow),
            }  # fmt: skip
            model.upsert(term_list, row)
    _project_case(model, told)


def _project_case(model: ReadModel, told: Told) -> None:
    event = told.event
    match event:
        case CaseOpened():
            row = {
                "case_id": event.case_id, "article_id": event.article_id, "unit_id": event.unit_id,
                "kind": event.kind, "title": event.title, "revision": event.revision, "status": "open",
                "findings": len(event.findings),
                "blocking": sum(finding.severity == "blocking" for finding in event.findings),
                "claimed_by": None, "claimed_at": None, "submitted_at": event.submitted_at,
                "version": told.version,
            }  # fmt: skip
            model.upsert(review_case, row)
        case CaseClaimed():
            _change(model, told, claimed_by=event.by, claimed_at=event.at)
        case CaseReleased():
            _change(model, told, claimed_by=None, claimed_at=None)
        case CaseApproved():
            _change(model, told, status="approved")
        case CaseChangesRequested():
            _change(model, told, status="changes_requested")
        case CaseRejected():
            _change(model, told, status="rejected")
        case CaseClosed():
            _change(model, told, status="closed")


def _change(model: ReadModel, told: Told, **columns: object) -> None:
    case_id = told.event.case_id  # type: ignore[attr-defined]
    model.change(review_case, {"case_id": case_id, "version": told.version, **columns})


VIEWS = Projection("review", metadata, project)
