"""A review case: one submitted revision, what the check found, and a person's decision. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.contracts.content.events import ArticleKind
from shared.contracts.review.events import (
    CaseApproved,
    CaseChangesRequested,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CaseRejected,
    CaseReleased,
    Finding,
    ListVersion,
    SubmissionRefused,
)
from shared.errors import NotFound, RuleBroken, Unavailable
from shared.events import Event

CLAIM_LASTS = timedelta(minutes=30)
Status = Literal["absent", "open", "approved", "changes_requested", "rejected", "closed", "refused"]
DECIDED: frozenset[Status] = frozenset({"approved", "changes_requested", "rejected"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submitted revision as review took it in."""

    article_id: UUID
    unit_id: UUID
    kind: ArticleKind
    revision: int
    digest: str
    author_ids: tuple[UUID, ...]
    title: str
    body: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """``scheme_id`` None: no scheme covers the article, so no case can be opened."""

    case_id: UUID
    submission: Submission
    scheme_id: UUID | None
    scheme_version: int
    findings: tuple[Finding, ...]
    checked_with: tuple[ListVersion, ...]
    char_count: int
    char_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCase:
    case_id: UUID
    by: UUID
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCase:
    case_id: UUID
    by: UUID
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCase:
    """``at`` is when it was decided (one made on paper may be filed later); ``may_override`` is the caller's right."""

    case_id: UUID
    by: UUID
    decision: Literal["approve", "request_changes", "reject"]
    reason: str | None
    override_reason: str | None
    may_override: bool
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase:
    case_id: UUID
    reason: str


Command = OpenCase | ClaimCase | ReleaseCase | DecideCase | CloseCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    unit_id: UUID | None = None
    status: Status = "absent"
    opened: CaseOpened | None = None
    claimed_by: UUID | None = None
    claimed_at: datetime | None = None

    def claimer(self, now: datetime) -> UUID | None:
        """Return who holds the case at ``now``; a claim lasts 30 minutes."""
        if self.claimed_at is None or now - self.claimed_at >= CLAIM_LASTS:
            return None
        return self.claimed_by


def initial() -> Case:
    """Return a case nobody opened."""
    return Case()


def evolve(case: Case, event: Event) -> Case:
    """Return the case after the event."""
    match event:
        case CaseOpened():
            return Case(unit_id=event.unit_id, status="open", opened=event)
        case SubmissionRefused():
            return Case(unit_id=event.unit_id, status="refused")
        case CaseClaimed():
            return replace(case, claimed_by=event.by, claimed_at=event.at)
        case CaseReleased():
            return replace(case, claimed_by=None, claimed_at=None)
        case CaseApproved():
            return replace(case, status="approved")
        case CaseChangesRequested():
            return replace(case, status="changes_requested")
        case CaseRejected():
            return replace(case, status="rejected")
        case CaseClosed():
            return replace(case, status="closed")
    return case


def decide(case: Case, command: Command) -> Sequence[Event]:
    """Return what follows from the command.

    Raises:
        NotFound: the case was never opened.
        RuleBroken: it was decided, another holds it, its author wants to decide it, or a reason is missing.
        Unavailable: the case to be closed is not here yet.
    """
    if isinstance(command, OpenCase):
        return _open(case, command)
    if isinstance(command, CloseCase):
        return _close(case, command)
    if case.opened is None:
        raise NotFound("review.case_not_found", f"no case {command.case_id}")
    if case.status != "open":
        raise RuleBroken("review.case_decided", f"the case is {case.status}")
    if command.by in case.opened.author_ids:
        raise RuleBroken("review.own_text", "nobody decides on a text they wrote in")
    holder = case.claimer(command.now)
    if holder is not None and holder != command.by:
        raise RuleBroken("review.case_claimed", f"the case is with {holder}")
    match command:
        case ClaimCase():
            return _claim(case.opened, holder, command)
        case ReleaseCase():
            return _release(case.opened, holder, command)
        case DecideCase():
            return _decide(case.opened, command)


def _open(case: Case, command: OpenCase) -> Sequence[Event]:
    told = command.submission
    # Taken back while it was being decided, a revision may be submitted again: that is another submission.
    told_before = case.opened is not None and case.opened.submitted_at == told.submitted_at
    if case.status == "open" or (case.status in DECIDED and told_before):
        return []
    if command.scheme_id is None:
        reason = "no review scheme covers this kind of article in this unit"
        return [
            SubmissionRefused(
                case_id=command.case_id,
                article_id=told.article_id,
                unit_id=told.unit_id,
                revision=told.revision,
                reason=reason,
            )
        ]
    return [
        CaseOpened(
            case_id=command.case_id,
            article_id=told.article_id,
            unit_id=told.unit_id,
            kind=told.kind,
            revision=told.revision,
            digest=told.digest,
            author_ids=told.author_ids,
            title=told.title,
            body=told.body,
            scheme_id=command.scheme_id,
            scheme_version=command.scheme_version,
            findings=command.findings,
            checked_with=command.checked_with,
            char_count=command.char_count,
            char_rule=command.char_rule,
            submitted_at=told.submitted_at,
        )
    ]


def _close(case: Case, command: CloseCase) -> Sequence[Event]:
    if case.status == "absent":
        raise Unavailable("review.case_not_here_yet", f"case {command.case_id} is not here yet")
    if case.status != "open" or case.unit_id is None:
        return []
    return [CaseClosed(case_id=command.case_id, unit_id=case.unit_id, reason=command.reason)]


def _claim(opened: CaseOpened, holder: UUID | None, command: ClaimCase) -> Sequence[Event]:
    if holder == command.by:
        return []
    return [CaseClaimed(case_id=command.case_id, unit_id=opened.unit_id, by=command.by, at=command.now)]


def _release(opened: CaseOpened, holder: UUID | None, command: ReleaseCase) -> Sequence[Event]:
    if holder is None:
        return []
    return [CaseReleased(case_id=command.case_id, unit_id=opened.unit_id, by=command.by, at=command.now)]


def _decide(opened: CaseOpened, command: DecideCase) -> Sequence[Event]:
    if command.at < min(opened.submitted_at, command.now):  # the clocks of two machines may differ: now always passes
        raise RuleBroken("review.decided_too_early", "the decision lies before the submission")
    if command.decision == "approve":
        return [_approved(opened, command)]
    if not (command.reason and command.reason.strip()):
        raise RuleBroken("review.reason_missing", "say why, so that the author can act on it")
    kind = CaseRejected if command.decision == "reject" else CaseChangesRequested
    return [
        kind(
            case_id=command.case_id,
            article_id=opened.article_id,
            unit_id=opened.unit_id,
            revision=opened.revision,
            by=command.by,
            at=command.at,
            reason=command.reason,
        )
    ]


def _approved(opened: CaseOpened, command: DecideCase) -> CaseApproved:
    blocking = [finding.found for finding in opened.findings if finding.severity == "blocking"]
    if blocking and not command.may_override:
        raise RuleBroken("review.blocked", f"a blocking finding stands: {blocking[0]}")
    if blocking and not (command.override_reason and command.override_reason.strip()):
        raise RuleBroken("review.override_reason_missing", f"say why {blocking[0]!r} may stand")
    return CaseApproved(
        case_id=command.case_id,
        article_id=opened.article_id,
        unit_id=opened.unit_id,
        kind=opened.kind,
        revision=opened.revision,
        digest=opened.digest,
        title=opened.title,
        char_count=opened.char_count,
        char_rule=opened.char_rule,
        by=command.by,
        at=command.at,
        override_reason=command.override_reason if blocking else None,
    )
