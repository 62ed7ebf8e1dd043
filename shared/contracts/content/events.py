"""Facts about units, channels and articles. Streams ``unit-<id>``, ``channel-<id>``, ``article-<id>``."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events import Event
from shared.sealed import Sealed

UnitKind = Literal["office", "department", "college", "campus"]
ChannelKind = Literal["website", "wechat_oa", "douyin", "bilibili", "other"]
ChannelStatus = Literal["building", "active", "dormant", "closed"]
ArticleKind = Literal["news", "wechat_post", "video_post"]
Originality = Literal["original", "certified_original", "repost", "adapted"]
Tier = Literal["school_home", "college_site", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEstablished(Event):
    type: ClassVar[str] = "content.unit.established.v1"
    unit_id: UUID
    name: str
    kind: UnitKind
    parent_id: UUID | None
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRenamed(Event):
    type: ClassVar[str] = "content.unit.renamed.v1"
    unit_id: UUID
    name: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMoved(Event):
    type: ClassVar[str] = "content.unit.moved.v1"
    unit_id: UUID
    parent_id: UUID | None
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMerged(Event):
    """The unit is part of another from ``since`` on; what it did before stays its own."""

    type: ClassVar[str] = "content.unit.merged.v1"
    unit_id: UUID
    into_id: UUID
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOpened(Event):
    type: ClassVar[str] = "content.channel.opened.v1"
    happened: ClassVar[str] = "opened_at"
    channel_id: UUID
    unit_id: UUID
    kind: ChannelKind
    name: str
    handle: str | None
    official: bool
    tier: Tier
    status: ChannelStatus
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatusChanged(Event):
    type: ClassVar[str] = "content.channel.status_changed.v1"
    happened: ClassVar[str] = "at"
    channel_id: UUID
    unit_id: UUID
    status: ChannelStatus
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRenamed(Event):
    type: ClassVar[str] = "content.channel.renamed.v1"
    channel_id: UUID
    unit_id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleText:
    """What an author writes. ``event_ended_at`` starts the timeliness clock; ``body`` is sanitised HTML."""

    title: str
    body: str
    originality: Originality
    source_url: str | None
    tags: tuple[str, ...]
    topic: str | None
    series: str | None
    event_ended_at: datetime | None
    asset_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDrafted(Event):
    """Revision 1. ``author_id`` is an account; ``byline`` is the author's printed name, sealed under ``author_id``."""

    type: ClassVar[str] = "content.article.drafted.v1"
    article_id: UUID
    unit_id: UUID
    kind: ArticleKind
    author_id: UUID
    byline: Sealed | None
    text: ArticleText


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRevised(Event):
    type: ClassVar[str] = "content.article.revised.v1"
    article_id: UUID
    unit_id: UUID
    revision: int
    editor_id: UUID
    text: ArticleText


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleSubmitted(Event):
    """``digest`` is the SHA-256 of the revision's text; ``author_ids`` is everybody who wrote in it."""

    type: ClassVar[str] = "content.article.submitted.v1"
    happened: ClassVar[str] = "submitted_at"
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
class ArticleSubmissionRetracted(Event):
    """Taken back before it was decided; the article is a draft again."""

    type: ClassVar[str] = "content.article.submission_retracted.v1"
    article_id: UUID
    unit_id: UUID
    revision: int
    by: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleSubmissionRefused(Event):
    """Review could not open a case (no scheme matches); the article is a draft again."""

    type: ClassVar[str] = "content.article.submission_refused.v1"
    article_id: UUID
    unit_id: UUID
    revision: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleApproved(Event):
    """Holds for exactly this revision and digest."""

    type: ClassVar[str] = "content.article.approved.v1"
    article_id: UUID
    unit_id: UUID
    revision: int
    digest: str
    case_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleChangesRequested(Event):
    type: ClassVar[str] = "content.article.changes_requested.v1"
    article_id: UUID
    unit_id: UUID
    revision: int
    case_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRejected(Event):
    type: ClassVar[str] = "content.article.rejected.v1"
    article_id: UUID
    unit_id: UUID
    revision: int
    case_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationScheduled(Event):
    type: ClassVar[str] = "content.publication.scheduled.v1"
    article_id: UUID
    unit_id: UUID
    publication_id: UUID
    channel_id: UUID
    due_at: datetime
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationCancelled(Event):
    """A scheduled publication will not happen (``reason``)."""

    type: ClassVar[str] = "content.publication.cancelled.v1"
    article_id: UUID
    unit_id: UUID
    publication_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePublished(Event):
    """An approved revision appeared in one place, once an article and channel. ``unit_id`` is the article's unit."""

    type: ClassVar[str] = "content.article.published.v1"
    happened: ClassVar[str] = "published_at"
    article_id: UUID
    unit_id: UUID
    publication_id: UUID
    kind: ArticleKind
    title: str
    revision: int
    channel_id: UUID
    channel_kind: ChannelKind
    tier: Tier
    event_ended_at: datetime | None
    published_at: datetime
    url: str | None
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationUpdated(Event):
    """A later approved revision took the former's place where that was published: no further publication."""

    type: ClassVar[str] = "content.publication.updated.v1"
    happened: ClassVar[str] = "updated_at"
    article_id: UUID
    unit_id: UUID
    publication_id: UUID
    title: str
    revision: int
    updated_at: datetime
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationReceiptFiled(Event):
    """The link (回执) was back-filled."""

    type: ClassVar[str] = "content.publication.receipt_filed.v1"
    article_id: UUID
    unit_id: UUID
    publication_id: UUID
    url: str
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleWithdrawn(Event):
    """Taken down everywhere (撤稿)."""

    type: ClassVar[str] = "content.article.withdrawn.v1"
    article_id: UUID
    unit_id: UUID
    by: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """The person's key in this service is gone; tokens sealed with it stay unreadable for ever."""

    type: ClassVar[str] = "content.person.erased.v1"
    person_id: UUID


EVENTS: tuple[type[Event], ...] = (
    UnitEstablished, UnitRenamed, UnitMoved, UnitMerged,
    ChannelOpened, ChannelStatusChanged, ChannelRenamed,
    ArticleDrafted, ArticleRevised, ArticleSubmitted, ArticleSubmissionRetracted, ArticleSubmissionRefused,
    ArticleApproved, ArticleChangesRequested, ArticleRejected,
    PublicationScheduled, PublicationCancelled, ArticlePublished, PublicationUpdated,
    PublicationReceiptFiled, ArticleWithdrawn,
    PersonErased,
)  # fmt: skip
