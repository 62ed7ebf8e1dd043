"""Publications: an approved revision, in one place, at one time."""

from dataclasses import replace
from datetime import timedelta

from services.content import article
from services.content.article import digest
from services.content.publication import CancelPublication, FileReceipt, PublishDue, SchedulePublication, publication_id
from services.content.tests.facts import (
    APPROVED,
    ARTICLE,
    DRAFTED,
    EDITOR,
    EVENING,
    NOON,
    PLACE,
    PUBLISH,
    PUBLISHED,
    SITE,
    SUBMITTED,
    TEXT,
    UNIT,
    WEBSITE,
)
from shared.contracts.content.events import (
    ArticleRevised,
    PublicationCancelled,
    PublicationReceiptFiled,
    PublicationScheduled,
    PublicationUpdated,
)
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

URL = "https://www.example.org/1"
READY = (DRAFTED, SUBMITTED, APPROVED)
REVISED = ArticleRevised(
    article_id=ARTICLE, unit_id=UNIT, revision=2, editor_id=EDITOR, text=replace(TEXT, title="潮汐二")
)
READY_AGAIN = (
    REVISED,
    replace(SUBMITTED, revision=2, digest=digest(REVISED.text)),
    replace(APPROVED, revision=2, digest=digest(REVISED.text)),
)
UPDATED = PublicationUpdated(
    article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, title="潮汐二", revision=2, updated_at=NOON, by=EDITOR
)
SCHEDULE = SchedulePublication(article_id=ARTICLE, channel=WEBSITE, due_at=EVENING, by=EDITOR, now=NOON)
SCHEDULED = PublicationScheduled(
    article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, channel_id=SITE, due_at=EVENING, by=EDITOR
)
DUE = PublishDue(article_id=ARTICLE, channel=WEBSITE, now=EVENING)
CANCEL = CancelPublication(article_id=ARTICLE, publication_id=PLACE, reason="改期")
CANCELLED = PublicationCancelled(article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, reason="改期")
FILE = FileReceipt(article_id=ARTICLE, publication_id=PLACE, url=URL, by=EDITOR)
FILED = PublicationReceiptFiled(article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, url=URL, by=EDITOR)
articles = Scenario(article)


def test_an_approved_revision_is_published() -> None:
    articles.given(*READY).when(PUBLISH).then(PUBLISHED)


def test_only_an_approved_revision_is_published() -> None:
    """S13."""
    for history in ((DRAFTED,), (DRAFTED, SUBMITTED), (*READY, REVISED), (*READY, PUBLISHED, REVISED)):
        articles.given(*history).when(PUBLISH).then_refused(RuleBroken, "content.not_approved")
        articles.given(*history).when(SCHEDULE).then_refused(RuleBroken, "content.not_approved")


def test_publishing_twice_in_one_channel_records_nothing() -> None:
    articles.given(*READY, PUBLISHED).when(PUBLISH).then()


def test_an_article_is_published_in_several_channels() -> None:
    other = replace(WEBSITE, channel_id=UNIT, kind="wechat_oa", tier="none")
    elsewhere = publication_id(ARTICLE, UNIT)
    articles.given(*READY, PUBLISHED).when(replace(PUBLISH, channel=other)).then(
        replace(PUBLISHED, channel_id=UNIT, channel_kind="wechat_oa", tier="none", publication_id=elsewhere)
    )


def test_a_later_revision_takes_the_place_of_the_former() -> None:
    history = (*READY, PUBLISHED, *READY_AGAIN)
    articles.given(*history).when(PUBLISH).then(UPDATED)
    articles.given(*history).when(replace(PUBLISH, url=URL)).then(UPDATED, FILED)
    articles.given(*history, UPDATED).when(PUBLISH).then()


def test_nothing_is_published_in_the_future() -> None:
    later = replace(PUBLISH, published_at=NOON + timedelta(seconds=1))
    articles.given(*READY).when(later).then_refused(RuleBroken, "content.in_future")


def test_a_channel_that_is_not_active_takes_nothing_new() -> None:
    for status in ("building", "dormant", "closed"):
        channel = replace(WEBSITE, status=status)
        articles.given(*READY).when(replace(PUBLISH, channel=channel)).then_refused(
            RuleBroken, "content.channel_not_active"
        )


def test_what_was_published_before_a_channel_was_closed_may_be_told_later() -> None:
    closed = replace(WEBSITE, status="closed", since=NOON + timedelta(hours=1))
    articles.given(*READY).when(replace(PUBLISH, channel=closed)).then(PUBLISHED)


def test_a_publication_is_scheduled_once() -> None:
    articles.given(*READY).when(SCHEDULE).then(SCHEDULED)
    articles.given(*READY, SCHEDULED).when(SCHEDULE).then()


def test_a_publication_is_scheduled_for_another_time() -> None:
    later = EVENING + timedelta(days=1)
    articles.given(*READY, SCHEDULED).when(replace(SCHEDULE, due_at=later)).then(replace(SCHEDULED, due_at=later))


def test_nothing_is_scheduled_in_the_past_or_where_it_stands_already() -> None:
    articles.given(*READY).when(replace(SCHEDULE, due_at=NOON)).then_refused(RuleBroken, "content.due_in_past")
    articles.given(*READY, PUBLISHED).when(SCHEDULE).then_refused(RuleBroken, "content.already_published")


def test_what_is_due_is_published_as_of_its_time_by_who_scheduled_it() -> None:
    late = replace(DUE, now=EVENING + timedelta(hours=3))
    articles.given(*READY, SCHEDULED).when(late).then(replace(PUBLISHED, published_at=EVENING))


def test_what_is_not_due_or_not_scheduled_any_more_is_left() -> None:
    early = replace(DUE, now=EVENING - timedelta(seconds=1))
    articles.given(*READY, SCHEDULED).when(early).then()
    for history in ((), (SCHEDULED, CANCELLED), (SCHEDULED, PUBLISHED)):
        articles.given(*READY, *history).when(DUE).then()


def test_what_is_due_and_no_longer_approved_is_cancelled_with_the_reason() -> None:
    """S13."""
    voided = replace(CANCELLED, reason="revision 2 is not approved")
    articles.given(*READY, SCHEDULED, REVISED).when(DUE).then(voided)


def test_what_is_due_in_a_channel_that_was_closed_is_cancelled() -> None:
    closed = replace(WEBSITE, status="closed", since=NOON)
    articles.given(*READY, SCHEDULED).when(replace(DUE, channel=closed)).then(
        replace(CANCELLED, reason="the channel is closed")
    )


def test_what_is_scheduled_may_be_published_at_once() -> None:
    articles.given(*READY, SCHEDULED).when(PUBLISH).then(PUBLISHED)


def test_a_schedule_is_cancelled_and_may_be_made_again() -> None:
    articles.given(*READY, SCHEDULED).when(CANCEL).then(CANCELLED)
    articles.given(*READY, SCHEDULED, CANCELLED).when(CANCEL).then()
    articles.given(*READY, SCHEDULED, CANCELLED).when(SCHEDULE).then(SCHEDULED)


def test_what_was_published_is_not_cancelled() -> None:
    articles.given(*READY, PUBLISHED).when(CANCEL).then_refused(RuleBroken, "content.already_published")


def test_a_receipt_is_filed_once_for_what_was_published() -> None:
    articles.given(*READY, PUBLISHED).when(FILE).then(FILED)
    articles.given(*READY, PUBLISHED, FILED).when(FILE).then()
    articles.given(*READY, SCHEDULED).when(FILE).then_refused(NotFound, "content.publication_not_found")


def test_what_does_not_exist_is_neither_cancelled_nor_filed() -> None:
    for command in (CANCEL, FILE):
        articles.given(*READY).when(command).then_refused(NotFound, "content.publication_not_found")
