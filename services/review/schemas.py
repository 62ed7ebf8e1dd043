"""Messages to commands."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.review import chars
from services.review.case import ClaimCase, DecideCase, OpenCase, ReleaseCase, Submission
from services.review.checker import TermList, check
from services.review.personal_data import DETECTORS
from services.review.scheme import AdoptScheme, RetireScheme, Scheme
from services.review.term_list import PublishTermList
from services.review.text import plain_text
from shared.context import Call
from shared.contracts.content.events import ArticleSubmitted
from shared.contracts.review import requests
from shared.contracts.review.events import ListVersion, Term
from shared.errors import Invalid
from shared.ids import named_id
from shared.runtime import Runtime


def case_id_of(article_id: UUID, revision: int) -> UUID:
    """Return the id of the case of a revision: one case a revision, however often it is told."""
    return named_id("case", article_id, revision)


def adopt_scheme(call: Call, runtime: Runtime) -> AdoptScheme:
    """Return the command in the call."""
    body = requests.AdoptScheme.read(call.body)
    return AdoptScheme(
        scheme_id=body["scheme_id"] or runtime.new_id(call),
        name=body["name"],
        article_kinds=tuple(dict.fromkeys(body["article_kinds"])),
        unit_ids=tuple(dict.fromkeys(body["unit_ids"])),
    )


def retire_scheme(call: Call) -> RetireScheme:
    """Return the command in the call."""
    return RetireScheme(**requests.RetireScheme.read(call.body))


def publish_term_list(call: Call, runtime: Runtime) -> PublishTermList:
    """Return the command in the call."""
    body = requests.PublishTermList.read(call.body)
    return PublishTermList(
        list_id=body["list_id"] or runtime.new_id(call),
        name=body["name"],
        terms=tuple(Term(**term) for term in body["terms"]),
        allow=tuple(dict.fromkeys(body["allow"])),
    )


def try_terms(call: Call) -> tuple[str, TermList | None]:
    """Return the text in the call, and the terms to look for; None for those of the lists in force."""
    body = requests.TryTerms.read(call.body)
    if body["terms"] is None:
        return body["text"], None
    terms = tuple(Term(**term) for term in body["terms"])
    return body["text"], TermList(UUID(int=0), 0, terms, tuple(dict.fromkeys(body["allow"])))


def claim_case(call: Call) -> ClaimCase:
    """Return the command in the call."""
    body = requests.ClaimCase.read(call.body)
    return ClaimCase(case_id=body["case_id"], by=call.caller.account_id, now=datetime.now(UTC))


def release_case(call: Call) -> ReleaseCase:
    """Return the command in the call."""
    body = requests.ReleaseCase.read(call.body)
    return ReleaseCase(case_id=body["case_id"], by=call.caller.account_id, now=datetime.now(UTC))


def decide_case(call: Call) -> DecideCase:
    """Return the command in the call; a decision made on paper may lie in the past."""
    body = requests.DecideCase.read(call.body)
    now = datetime.now(UTC)
    at = body.get("decided_at") or now
    if at > now:
        reason = "Lies in the future."
        raise Invalid("request.invalid", f"decided_at: {reason}", {"decided_at": [reason]})
    return DecideCase(
        case_id=body["case_id"],
        by=call.caller.account_id,
        decision=body["decision"],
        reason=body["reason"],
        override_reason=body["override_reason"],
        may_override=call.caller.may("review.override"),
        at=at,
        now=now,
    )


def open_case(event: ArticleSubmitted, scheme: Scheme | None, lists: Sequence[TermList]) -> OpenCase:
    """Return the command for a submission: the text checked with the lists in force, and counted."""
    text = plain_text(event.body)
    return OpenCase(
        case_id=case_id_of(event.article_id, event.revision),
        submission=Submission(
            article_id=event.article_id,
            unit_id=event.unit_id,
            kind=event.kind,
            revision=event.revision,
            digest=event.digest,
            author_ids=event.author_ids,
            title=event.title,
            body=event.body,
            submitted_at=event.submitted_at,
        ),
        scheme_id=scheme.scheme_id if scheme else None,
        scheme_version=scheme.version if scheme else 0,
        findings=check(event.title, text, lists),
        checked_with=(DETECTORS, *(ListVersion(list_id=one.list_id, version=one.version) for one in lists)),
        char_count=chars.char_count(event.title, text),
        char_rule=chars.COUNT_RULE,
    )
