"""Articles: from the first draft to the withdrawal."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from services.content import article
from services.content.article import Status, digest
from services.content.tests.facts import (
    APPROVE,
    APPROVED,
    ARTICLE,
    AUTHOR,
    CASE,
    DRAFT,
    DRAFTED,
    EDITOR,
    EVENING,
    NOON,
    PLACE,
    PUBLISH,
    PUBLISHED,
    REVISE,
    SITE,
    SUBMIT,
    SUBMITTED,
    TEXT,
    UNIT,
    WITHDRAW,
)
from shared.contracts.content.events import (
    ArticleChangesRequested,
    ArticleRejected,
    ArticleRevised,
    ArticleSubmissionRefused,
    ArticleSubmissionRetracted,
    ArticleWithdrawn,
    PublicationCancelled,
    PublicationScheduled,
)
from shared.contracts.content.requests import STATUSES
from shared.errors import NotFound, RuleBroken, Unavailable
from shared.events import Event
from shared.testing import Scenario

articles = Scenario(article)
REVISED = ArticleRevised(
    article_id=ARTICLE, unit_id=UNIT, revision=2, editor_id=EDITOR, text=replace(TEXT, title="潮汐二")
)
RETRACTED = ArticleSubmissionRetracted(article_id=ARTICLE, unit_id=UNIT, revision=1, by=AUTHOR, reason="错字")
REQUESTED = ArticleChangesRequested(article_id=ARTICLE, unit_id=UNIT, revision=1, case_id=CASE, reason="标题太长")
REJECTED = ArticleRejected(article_id=ARTICLE, unit_id=UNIT, revision=1, case_id=CASE, reason="不宜发布")
REFUSED = ArticleSubmissionRefused(article_id=ARTICLE, unit_id=UNIT, revision=1, reason="no scheme matches")
GONE = ArticleWithdrawn(article_id=ARTICLE, unit_id=UNIT, by=AUTHOR, reason="错字")


def test_a_draft_is_the_first_revision() -> None:
    articles.when(DRAFT).then(DRAFTED)


def test_an_article_is_drafted_once() -> None:
    articles.given(DRAFTED).when(DRAFT).then_refused(RuleBroken, "content.article_exists")


@pytest.mark.parametrize(
    "history",
    [
        (DRAFTED,),
        (DRAFTED, SUBMITTED, REQUESTED),
        (DRAFTED, SUBMITTED, REJECTED),
        (DRAFTED, SUBMITTED, REFUSED),
        (DRAFTED, SUBMITTED, APPROVED),
        (DRAFTED, SUBMITTED, APPROVED, PUBLISHED),
    ],
)
def test_a_revision_keeps_what_it_does_not_name(history: tuple[Event, ...]) -> None:
    articles.given(*history).when(REVISE).then(REVISED)


def test_a_revision_that_changes_nothing_is_none() -> None:
    articles.given(DRAFTED).when(replace(REVISE, changes={"title": "潮汐"})).then()


def test_what_is_under_review_or_withdrawn_is_not_edited() -> None:
    articles.given(DRAFTED, SUBMITTED).when(REVISE).then_refused(RuleBroken, "content.not_editable")
    articles.given(DRAFTED, GONE).when(REVISE).then_refused(RuleBroken, "content.not_editable")


def test_a_submission_names_revision_digest_and_everybody_who_wrote() -> None:
    """S13."""
    resubmitted = replace(
        SUBMITTED, revision=2, digest=digest(REVISED.text), title="潮汐二", author_ids=(AUTHOR, EDITOR)
    )
    articles.given(DRAFTED).when(SUBMIT).then(SUBMITTED)
    articles.given(DRAFTED, REVISED).when(SUBMIT).then(resubmitted)


def test_who_edits_twice_is_named_once() -> None:
    again = replace(REVISED, revision=3, text=TEXT)
    submitted = articles.given(DRAFTED, REVISED, again).when(SUBMIT).decided()[0]
    assert submitted == replace(SUBMITTED, revision=3, author_ids=(AUTHOR, EDITOR))


def test_submitting_twice_records_nothing() -> None:
    articles.given(DRAFTED, SUBMITTED).when(SUBMIT).then()


@pytest.mark.parametrize("decision", [REQUESTED, REJECTED, APPROVED])
def test_what_was_decided_is_not_submitted_again_without_a_revision(decision: Event) -> None:
    articles.given(DRAFTED, SUBMITTED, decision).when(SUBMIT).then_refused(RuleBroken, "content.not_a_draft")


@pytest.mark.parametrize("end", [RETRACTED, REFUSED])
def test_a_submission_taken_back_or_refused_is_a_draft_to_submit_again(end: Event) -> None:
    articles.given(DRAFTED, SUBMITTED, end).when(SUBMIT).then(SUBMITTED)


def test_nothing_is_submitted_in_the_future() -> None:
    later = replace(SUBMIT, submitted_at=NOON + timedelta(seconds=1))
    articles.given(DRAFTED).when(later).then_refused(RuleBroken, "content.in_future")


def test_withdrawing_a_submission_takes_it_back() -> None:
    articles.given(DRAFTED, SUBMITTED).when(WITHDRAW).then(RETRACTED)


def test_withdrawing_a_draft_or_a_published_article_takes_it_down() -> None:
    articles.given(DRAFTED).when(WITHDRAW).then(GONE)
    articles.given(DRAFTED, SUBMITTED, APPROVED, PUBLISHED).when(WITHDRAW).then(GONE)


def test_withdrawing_a_published_article_whose_next_revision_is_under_review_does_both() -> None:
    again = replace(SUBMITTED, revision=2, digest=digest(REVISED.text))
    history = (DRAFTED, SUBMITTED, APPROVED, PUBLISHED, REVISED, again)
    articles.given(*history).when(WITHDRAW).then(replace(RETRACTED, revision=2), GONE)


def test_withdrawing_cancels_what_was_scheduled() -> None:
    planned = PublicationScheduled(
        article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, channel_id=SITE, due_at=EVENING, by=EDITOR
    )
    cancelled = PublicationCancelled(article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, reason="错字")
    articles.given(DRAFTED, SUBMITTED, APPROVED, planned).when(WITHDRAW).then(cancelled, GONE)


def test_withdrawing_twice_records_nothing() -> None:
    articles.given(DRAFTED, GONE).when(WITHDRAW).then()


def test_a_withdrawn_article_is_neither_submitted_nor_published() -> None:
    articles.given(DRAFTED, GONE).when(SUBMIT).then_refused(RuleBroken, "content.not_a_draft")
    articles.given(DRAFTED, SUBMITTED, APPROVED, GONE).when(PUBLISH).then_refused(
        RuleBroken, "content.article_withdrawn"
    )


def test_each_decision_of_review_is_taken() -> None:
    requested = replace(APPROVE, decision="changes_requested", digest="", reason="标题太长")
    rejected = replace(APPROVE, decision="rejected", digest="", reason="不宜发布")
    refused = replace(APPROVE, decision="refused", digest="", reason="no scheme matches")
    submitted = articles.given(DRAFTED, SUBMITTED)
    submitted.when(APPROVE).then(APPROVED)
    submitted.when(requested).then(REQUESTED)
    submitted.when(rejected).then(REJECTED)
    submitted.when(refused).then(REFUSED)


def test_an_approval_of_another_revision_or_text_is_not_taken() -> None:
    """S13."""
    articles.given(DRAFTED, SUBMITTED).when(replace(APPROVE, digest="0" * 64)).then()
    articles.given(DRAFTED, SUBMITTED).when(replace(APPROVE, revision=2)).then()
    resubmitted = replace(SUBMITTED, revision=2, digest=digest(REVISED.text))
    articles.given(DRAFTED, SUBMITTED, RETRACTED, REVISED, resubmitted).when(APPROVE).then()


@pytest.mark.parametrize("after", [RETRACTED, REQUESTED, REJECTED, REFUSED, APPROVED, GONE])
def test_a_decision_that_comes_when_none_is_awaited_is_not_taken(after: Event) -> None:
    articles.given(DRAFTED, SUBMITTED, after).when(APPROVE).then()


def test_a_decision_about_an_article_that_is_not_here_yet_waits() -> None:
    articles.when(APPROVE).then_refused(Unavailable, "content.article_not_here_yet")


def test_what_was_never_drafted_cannot_change() -> None:
    for command in (REVISE, SUBMIT, WITHDRAW, PUBLISH):
        articles.when(command).then_refused(NotFound, "content.article_not_found")


def test_the_digest_tells_any_two_texts_apart() -> None:
    texts = [TEXT, replace(TEXT, title="潮汐二"), replace(TEXT, tags=()), replace(TEXT, event_ended_at=None)]
    assert len({digest(text) for text in texts}) == len(texts)
    assert digest(replace(TEXT)) == digest(TEXT)


def test_the_statuses_a_list_may_ask_for_are_those_of_an_article() -> None:
    assert set(STATUSES) == set(get_args(Status)) - {"absent"}
