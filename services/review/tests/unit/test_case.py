"""A case: opened once, decided once, by somebody else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.review import case
from services.review.case import ClaimCase, CloseCase, DecideCase, OpenCase, ReleaseCase, Submission
from services.review.scheme import Scheme, matching
from shared.contracts.review.events import (
    CaseApproved,
    CaseChangesRequested,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CaseRejected,
    Finding,
    SubmissionRefused,
)
from shared.errors import NotFound, RuleBroken, Unavailable
from shared.testing import Scenario

CASE, ARTICLE, UNIT, AUTHOR, REVIEWER, OTHER, SCHEME = (UUID(int=n) for n in range(1, 8))
NOON = datetime(2021, 3, 5, 12, tzinfo=UTC)
BLOCKING = Finding(
    part="body", start=0, end=2, found="最佳", term="最佳", category="ad_law", severity="blocking", suggestion=None,
    list_id=UUID(int=9), list_version=1,
)  # fmt: skip
SUBMISSION = Submission(
    article_id=ARTICLE, unit_id=UNIT, kind="news", revision=1, digest="d", author_ids=(AUTHOR,), title="t", body="b",
    submitted_at=NOON,
)  # fmt: skip
OPEN = OpenCase(
    case_id=CASE, submission=SUBMISSION, scheme_id=SCHEME, scheme_version=1, findings=(), checked_with=(),
    char_count=2, char_rule="r",
)  # fmt: skip
OPENED = CaseOpened(
    case_id=CASE, article_id=ARTICLE, unit_id=UNIT, kind="news", revision=1, digest="d", author_ids=(AUTHOR,),
    title="t", body="b", scheme_id=SCHEME, scheme_version=1, findings=(), checked_with=(), char_count=2,
    char_rule="r", submitted_at=NOON,
)  # fmt: skip
APPROVE = DecideCase(
    case_id=CASE, by=REVIEWER, decision="approve", reason=None, override_reason=None, may_override=False, at=NOON,
    now=NOON,
)  # fmt: skip
APPROVED = CaseApproved(
    case_id=CASE, article_id=ARTICLE, unit_id=UNIT, kind="news", revision=1, digest="d", title="t", char_count=2,
    char_rule="r", by=REVIEWER, at=NOON, override_reason=None,
)  # fmt: skip
review = Scenario(case)


def test_a_submission_opens_a_case() -> None:
    review.when(OPEN).then(OPENED)


def test_the_same_submission_told_again_opens_nothing() -> None:
    review.given(OPENED).when(OPEN).then()


def test_a_submission_no_scheme_covers_is_refused_and_never_waved_through() -> None:
    refused = SubmissionRefused(
        case_id=CASE, article_id=ARTICLE, unit_id=UNIT, revision=1,
        reason="no review scheme covers this kind of article in this unit",
    )  # fmt: skip
    review.when(replace(OPEN, scheme_id=None)).then(refused)
    review.given(refused).when(APPROVE).then_refused(NotFound, "review.case_not_found")


def test_another_person_approves() -> None:
    review.given(OPENED).when(APPROVE).then(APPROVED)


def test_nobody_decides_on_a_text_they_wrote_in() -> None:
    """S13."""
    for decision in ("approve", "reject", "request_changes"):
        own = replace(APPROVE, by=AUTHOR, decision=decision, reason="x")
        review.given(OPENED).when(own).then_refused(RuleBroken, "review.own_text")


def test_a_case_is_decided_once() -> None:
    review.given(OPENED, APPROVED).when(replace(APPROVE, decision="reject", reason="x")).then_refused(
        RuleBroken, "review.case_decided"
    )


def test_a_rejection_and_a_request_for_changes_need_a_reason() -> None:
    for decision in ("reject", "request_changes"):
        review.given(OPENED).when(replace(APPROVE, decision=decision)).then_refused(RuleBroken, "review.reason_missing")


def test_a_rejection_and_a_request_for_changes_carry_their_reason() -> None:
    about: dict[str, Any] = {
        "case_id": CASE,
        "article_id": ARTICLE,
        "unit_id": UNIT,
        "revision": 1,
        "by": REVIEWER,
        "at": NOON,
    }
    asked = replace(APPROVE, decision="request_changes", reason="标题")
    review.given(OPENED).when(asked).then(CaseChangesRequested(**about, reason="标题"))
    review.given(OPENED).when(replace(asked, decision="reject")).then(CaseRejected(**about, reason="标题"))


def test_a_blocking_finding_needs_the_right_and_a_reason() -> None:
    blocked = replace(OPENED, findings=(BLOCKING,))
    review.given(blocked).when(APPROVE).then_refused(RuleBroken, "review.blocked")
    may = replace(APPROVE, may_override=True)
    review.given(blocked).when(may).then_refused(RuleBroken, "review.override_reason_missing")
    review.given(blocked).when(replace(may, override_reason="专名")).then(replace(APPROVED, override_reason="专名"))


def test_a_claimed_case_is_with_its_claimer_for_half_an_hour() -> None:
    claimed = CaseClaimed(case_id=CASE, unit_id=UNIT, by=OTHER, at=NOON)
    review.given(OPENED, claimed).when(APPROVE).then_refused(RuleBroken, "review.case_claimed")
    late = replace(APPROVE, now=NOON + timedelta(minutes=30))
    review.given(OPENED, claimed).when(late).then(APPROVED)


def test_claiming_twice_claims_once_and_releasing_frees() -> None:
    claimed = CaseClaimed(case_id=CASE, unit_id=UNIT, by=REVIEWER, at=NOON)
    review.given(OPENED).when(ClaimCase(case_id=CASE, by=REVIEWER, now=NOON)).then(claimed)
    review.given(OPENED, claimed).when(ClaimCase(case_id=CASE, by=REVIEWER, now=NOON)).then()
    review.given(OPENED).when(ReleaseCase(case_id=CASE, by=REVIEWER, now=NOON)).then()


def test_a_submission_taken_back_closes_its_case_and_may_come_again() -> None:
    closed = CaseClosed(case_id=CASE, unit_id=UNIT, reason="x")
    review.given(OPENED).when(CloseCase(case_id=CASE, reason="x")).then(closed)
    review.given(OPENED, closed).when(OPEN).then(OPENED)
    review.given(OPENED, APPROVED).when(CloseCase(case_id=CASE, reason="x")).then()


def test_a_decided_revision_opens_again_only_for_another_submission() -> None:
    again = replace(OPEN, submission=replace(SUBMISSION, submitted_at=NOON + timedelta(hours=1)))
    review.given(OPENED, APPROVED).when(OPEN).then()
    review.given(OPENED, APPROVED).when(again).then(replace(OPENED, submitted_at=NOON + timedelta(hours=1)))


def test_a_decision_is_not_made_before_its_submission() -> None:
    early = replace(APPROVE, at=NOON - timedelta(hours=1), now=NOON + timedelta(hours=1))
    review.given(OPENED).when(early).then_refused(RuleBroken, "review.decided_too_early")
    slow_clock = replace(APPROVE, at=NOON - timedelta(seconds=1), now=NOON - timedelta(seconds=1))
    review.given(OPENED).when(slow_clock).then(replace(APPROVED, at=slow_clock.at))


def test_a_reason_of_spaces_is_none() -> None:
    review.given(OPENED).when(replace(APPROVE, decision="reject", reason=" ")).then_refused(
        RuleBroken, "review.reason_missing"
    )


def test_a_retraction_before_its_submission_is_tried_again() -> None:
    review.when(CloseCase(case_id=CASE, reason="x")).then_refused(Unavailable, "review.case_not_here_yet")


def test_a_scheme_that_names_the_unit_beats_one_for_all() -> None:
    for_all = Scheme(scheme_id=UUID(int=9), version=1, article_kinds=("news",))
    for_unit = Scheme(scheme_id=UUID(int=1), version=1, article_kinds=("news",), unit_ids=(UNIT,))
    assert matching([for_all, for_unit], "news", UNIT) == for_unit
    assert matching([for_all, for_unit], "news", OTHER) == for_all
    assert matching([for_all, for_unit], "wechat_post", UNIT) is None
    assert matching([replace(for_all, retired=True)], "news", UNIT) is None
