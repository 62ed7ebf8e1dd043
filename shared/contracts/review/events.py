"""Facts about review schemes, term lists and cases. Streams ``scheme-<id>``, ``terms-<id>``, ``case-<id>``."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.content.events import ArticleKind
from shared.events import Event

Severity = Literal["hint", "warning", "blocking"]
Match = Literal["literal", "normalised", "squeezed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One entry of a term list. ``match`` says how far a text may differ and still hit."""

    term: str
    category: str
    severity: Severity
    suggestion: str | None
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class ListVersion:
    """A term list as it stood when a text was checked with it."""

    list_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hit. ``start`` and ``end`` are character offsets into the original plain text of ``part``."""

    part: Literal["title", "body"]
    start: int
    end: int
    found: str
    term: str
    category: str
    severity: Severity
    suggestion: str | None
    list_id: UUID
    list_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeAdopted(Event):
    """Who must approve what: ``unit_ids`` empty means every unit. A new version replaces the former."""

    type: ClassVar[str] = "review.scheme.adopted.v1"
    scheme_id: UUID
    version: int
    name: str
    article_kinds: tuple[ArticleKind, ...]
    unit_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeRetired(Event):
    type: ClassVar[str] = "review.scheme.retired.v1"
    scheme_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermListPublished(Event):
    """A whole new version of a list. ``allow`` holds phrases that win over terms inside them."""

    type: ClassVar[str] = "review.term_list.published.v1"
    list_id: UUID
    version: int
    name: str
    terms: tuple[Term, ...]
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRefused(Event):
    """No case can be opened: the submission is refused, never waved through."""

    type: ClassVar[str] = "review.submission.refused.v1"
    case_id: UUID
    article_id: UUID
    unit_id: UUID
    revision: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened(Event):
    """One case a submitted revision, with what the automatic check found. ``char_count`` counts by ``char_rule``."""

    type: ClassVar[str] = "review.case.opened.v1"
    happened: ClassVar[str] = "submitted_at"
    case_id: UUID
    article_id: UUID
    unit_id: UUID
    kind: ArticleKind
    revision: int
    digest: str
    author_ids: tuple[UUID, ...]
    title: str
    body: str
    scheme_id: UUID
    scheme_version: int
    findings: tuple[Finding, ...]
    checked_with: tuple[ListVersion, ...]
    char_count: int
    char_rule: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClaimed(Event):
    type: ClassVar[str] = "review.case.claimed.v1"
    case_id: UUID
    unit_id: UUID
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReleased(Event):
    type: ClassVar[str] = "review.case.released.v1"
    case_id: UUID
    unit_id: UUID
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseApproved(Event):
    """``override_reason`` is given exactly when a blocking finding was overruled. ``char_count`` as in the opening."""

    type: ClassVar[str] = "review.case.approved.v1"
    happened: ClassVar[str] = "at"
    case_id: UUID
    article_id: UUID
    unit_id: UUID
    kind: ArticleKind
    revision: int
    digest: str
    title: str
    char_count: int
    char_rule: str
    by: UUID
    at: datetime
    override_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChangesRequested(Event):
    type: ClassVar[str] = "review.case.changes_requested.v1"
    happened: ClassVar[str] = "at"
    case_id: UUID
    article_id: UUID
    unit_id: UUID
    revision: int
    by: UUID
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRejected(Event):
    type: ClassVar[str] = "review.case.rejected.v1"
    happened: ClassVar[str] = "at"
    case_id: UUID
    article_id: UUID
    unit_id: UUID
    revision: int
    by: UUID
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Event):
    """The submission was taken back before a decision."""

    type: ClassVar[str] = "review.case.closed.v1"
    case_id: UUID
    unit_id: UUID
    reason: str


EVENTS: tuple[type[Event], ...] = (
    SchemeAdopted, SchemeRetired, TermListPublished, SubmissionRefused,
    CaseOpened, CaseClaimed, CaseReleased, CaseApproved, CaseChangesRequested, CaseRejected, CaseClosed,
)  # fmt: skip
