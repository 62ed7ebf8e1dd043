"""An article's facts and commands, as unit tests use them; and what must hold of any article's history."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.content.article import DraftArticle, ReviseArticle, SubmitArticle, TakeDecision, WithdrawArticle, digest
from services.content.publication import ChannelFacts, PublishArticle, publication_id
from shared.contracts.content.events import (
    ArticleApproved,
    ArticleDrafted,
    ArticlePublished,
    ArticleRevised,
    ArticleSubmitted,
    ArticleText,
    PublicationUpdated,
)
from shared.events import Event

ARTICLE, UNIT, AUTHOR, EDITOR, CASE, SITE = (UUID(int=n) for n in range(1, 7))
PLACE = publication_id(ARTICLE, SITE)
NOON = datetime(2021, 7, 1, 4, tzinfo=UTC)
EVENING = NOON + timedelta(hours=8)
TEXT = ArticleText(
    title="潮汐", body="<p>正文</p>", originality="original", source_url=None, tags=("校园",), topic=None, series=None,
    event_ended_at=NOON - timedelta(days=1), asset_ids=(),
)  # fmt: skip
WEBSITE = ChannelFacts(channel_id=SITE, kind="website", tier="college_site", status="active", since=NOON)

DRAFT = DraftArticle(article_id=ARTICLE, unit_id=UNIT, kind="news", author_id=AUTHOR, byline=None, text=TEXT)
REVISE = ReviseArticle(article_id=ARTICLE, editor_id=EDITOR, changes={"title": "潮汐二"})
SUBMIT = SubmitArticle(article_id=ARTICLE, submitted_at=NOON, now=NOON)
WITHDRAW = WithdrawArticle(article_id=ARTICLE, by=AUTHOR, reason="错字")
APPROVE = TakeDecision(
    article_id=ARTICLE, case_id=CASE, revision=1, decision="approved", digest=digest(TEXT), reason=""
)
PUBLISH = PublishArticle(article_id=ARTICLE, channel=WEBSITE, published_at=NOON, url=None, by=EDITOR, now=NOON)

DRAFTED = ArticleDrafted(article_id=ARTICLE, unit_id=UNIT, kind="news", author_id=AUTHOR, byline=None, text=TEXT)
SUBMITTED = ArticleSubmitted(
    article_id=ARTICLE, unit_id=UNIT, kind="news", revision=1, digest=digest(TEXT), author_ids=(AUTHOR,),
    title=TEXT.title, body=TEXT.body, submitted_at=NOON,
)  # fmt: skip
APPROVED = ArticleApproved(article_id=ARTICLE, unit_id=UNIT, revision=1, digest=digest(TEXT), case_id=CASE)
PUBLISHED = ArticlePublished(
    article_id=ARTICLE, unit_id=UNIT, publication_id=PLACE, kind="news", title="潮汐", revision=1, channel_id=SITE,
    channel_kind="website", tier="college_site", event_ended_at=TEXT.event_ended_at, published_at=NOON, url=None,
    by=EDITOR,
)  # fmt: skip


def assert_published_as_approved(history: Sequence[Event]) -> None:
    """Assert that whatever was published is the text that was submitted and approved, and the newest one then."""
    texts: dict[int, ArticleText] = {}
    submitted: set[tuple[int, str]] = set()
    approved: set[tuple[int, str]] = set()
    for event in history:
        match event:
            case ArticleDrafted():
                texts[1] = event.text
            case ArticleRevised():
                assert event.revision == max(texts) + 1
                texts[event.revision] = event.text
            case ArticleSubmitted():
                submitted.add((event.revision, event.digest))
            case ArticleApproved():
                assert (event.revision, event.digest) in submitted
                approved.add((event.revision, event.digest))
            case ArticlePublished() | PublicationUpdated():
                assert event.revision == max(texts)
                assert (event.revision, digest(texts[event.revision])) in approved
