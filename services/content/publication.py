"""Publishing an article: an approved revision, in one place, at one time. Pure rules, part of the article's stream.

An article has one publication a channel, so asking twice does not publish twice; a later revision updates it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.content.channel import Channel
from shared.contracts.content.events import (
    ArticleKind,
    ArticlePublished,
    ArticleText,
    ChannelKind,
    ChannelStatus,
    PublicationCancelled,
    PublicationReceiptFiled,
    PublicationScheduled,
    PublicationUpdated,
    Tier,
)
from shared.errors import NotFound, RuleBroken
from shared.events import Event
from shared.ids import named_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What of a channel matters to a publication; the door reads it from the channel's stream."""

    channel_id: UUID
    kind: ChannelKind
    tier: Tier
    status: ChannelStatus
    since: datetime


def facts_of(channel_id: UUID, channel: Channel) -> ChannelFacts:
    """Return what of the channel matters to a publication."""
    return ChannelFacts(
        channel_id=channel_id, kind=channel.kind, tier=channel.tier, status=channel.status, since=channel.since
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishArticle:
    """``published_at`` may lie in the past (it is told later), never in the future."""

    article_id: UUID
    channel: ChannelFacts
    published_at: datetime
    url: str | None
    by: UUID
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePublication:
    article_id: UUID
    channel: ChannelFacts
    due_at: datetime
    by: UUID
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishDue:
    """The time of a scheduled publication has come: it happens, or is cancelled when it may not happen any more."""

    article_id: UUID
    channel: ChannelFacts
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPublication:
    article_id: UUID
    publication_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReceipt:
    article_id: UUID
    publication_id: UUID
    url: str
    by: UUID


Command = PublishArticle | SchedulePublication | PublishDue | CancelPublication | FileReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One place and time. ``revision`` is the one that stands there (0: none yet), ``url`` the receipt's link."""

    channel_id: UUID
    status: Literal["scheduled", "published", "cancelled"]
    at: datetime
    by: UUID
    revision: int = 0
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishable:
    """What of an article matters to its publication."""

    article_id: UUID
    unit_id: UUID
    kind: ArticleKind
    revision: int
    text: ArticleText
    approved: bool
    withdrawn: bool
    publications: Mapping[UUID, Publication]


def publication_id(article_id: UUID, channel_id: UUID) -> UUID:
    """Return the id of the article's publication in the channel: always the same."""
    return named_id("publication", article_id, channel_id)


def evolve(publications: Mapping[UUID, Publication], event: Event) -> Mapping[UUID, Publication]:
    """Return an article's publications after the event."""
    match event:
        case PublicationScheduled():
            changed = Publication(channel_id=event.channel_id, status="scheduled", at=event.due_at, by=event.by)
        case ArticlePublished():
            changed = Publication(
                channel_id=event.channel_id,
                status="published",
                at=event.published_at,
                by=event.by,
                revision=event.revision,
                url=event.url,
            )
        case PublicationUpdated() if known := publications.get(event.publication_id):
            changed = replace(known, revision=event.revision)
        case PublicationCancelled() if known := publications.get(event.publication_id):
            changed = replace(known, status="cancelled")
        case PublicationReceiptFiled() if known := publications.get(event.publication_id):
            changed = replace(known, url=event.url)
        case _:
            return publications
    return {**publications, event.publication_id: changed}


def decide(article: Publishable, command: Command) -> Sequence[Event]:
    """Return what follows from the command; what is so already follows without an event.

    Raises:
        NotFound: there is no such publication.
        RuleBroken: the revision is not approved, the channel takes nothing, or the time does not fit.
    """
    match command:
        case PublishArticle():
            return _publish(article, command)
        case SchedulePublication():
            return _schedule(article, command)
        case PublishDue():
            return _publish_due(article, command)
        case CancelPublication():
            return _cancel(article, command)
        case FileReceipt():
            return _receive(article, command)


def _publish(article: Publishable, command: PublishArticle) -> Sequence[Event]:
    if command.published_at > command.now:
        raise RuleBroken("content.in_future", "published_at lies in the future; schedule it instead")
    _require_publishable(article, command.channel, command.published_at)
    known = _known(article, command.channel)
    if known is None or known.status != "published":
        return [_published(article, command.channel, command.published_at, command.by, command.url)]
    if known.revision == article.revision:
        return []
    updated = PublicationUpdated(
        article_id=article.article_id,
        unit_id=article.unit_id,
        publication_id=publication_id(article.article_id, command.channel.channel_id),
        title=article.text.title,
        revision=article.revision,
        updated_at=command.published_at,
        by=command.by,
    )
    return [updated, *_receipt(article, updated.publication_id, command.url or known.url, command.by)]


def _schedule(article: Publishable, command: SchedulePublication) -> Sequence[Event]:
    if command.due_at <= command.now:
        raise RuleBroken("content.due_in_past", "due_at has passed; publish it instead")
    _require_publishable(article, command.channel, command.due_at)
    known = _known(article, command.channel)
    if known is not None and known.status == "published":
        raise RuleBroken("content.already_published", "it stands in this channel; publish the new revision instead")
    if known is not None and known.status == "scheduled" and known.at == command.due_at:
        return []
    return [
        PublicationScheduled(
            article_id=article.article_id,
            unit_id=article.unit_id,
            publication_id=publication_id(article.article_id, command.channel.channel_id),
            channel_id=command.channel.channel_id,
            due_at=command.due_at,
            by=command.by,
        )
    ]


def _publish_due(article: Publishable, command: PublishDue) -> Sequence[Event]:
    known = _known(article, command.channel)
    if known is None or known.status != "scheduled" or known.at > command.now:
        return []
    try:
        _require_publishable(article, command.channel, known.at)
    except RuleBroken as refusal:
        return [_cancelled(article, publication_id(article.article_id, known.channel_id), refusal.detail)]
    return [_published(article, command.channel, known.at, known.by, None)]


def _cancel(article: Publishable, command: CancelPublication) -> Sequence[Event]:
    known = article.publications.get(command.publication_id)
    if known is None:
        raise NotFound("content.publication_not_found", f"no publication {command.publication_id}")
    if known.status == "cancelled":
        return []
    if known.status == "published":
        raise RuleBroken("content.already_published", "it was published; withdraw the article instead")
    return [_cancelled(article, command.publication_id, command.reason)]


def _receive(article: Publishable, command: FileReceipt) -> Sequence[Event]:
    known = article.publications.get(command.publication_id)
    if known is None or known.status != "published":
        raise NotFound("content.publication_not_found", f"nothing was published as {command.publication_id}")
    return _receipt(article, command.publication_id, command.url, command.by)


def _require_publishable(article: Publishable, channel: ChannelFacts, at: datetime) -> None:
    """A channel at rest or closed takes what was published there before that, and is only told now."""
    if article.withdrawn:
        raise RuleBroken("content.article_withdrawn", "the article was withdrawn")
    if not article.approved:
        raise RuleBroken("content.not_approved", f"revision {article.revision} is not approved")
    if channel.status == "active" or (channel.status in ("dormant", "closed") and at < channel.since):
        return
    raise RuleBroken("content.channel_not_active", f"the channel is {channel.status}")


def _known(article: Publishable, channel: ChannelFacts) -> Publication | None:
    return article.publications.get(publication_id(article.article_id, channel.channel_id))


def _receipt(article: Publishable, publication: UUID, url: str | None, by: UUID) -> Sequence[Event]:
    if url is None or url == article.publications[publication].url:
        return []
    return [
        PublicationReceiptFiled(
            article_id=article.article_id, unit_id=article.unit_id, publication_id=publication, url=url, by=by
        )
    ]


def _published(
    article: Publishable, channel: ChannelFacts, at: datetime, by: UUID, url: str | None
) -> ArticlePublished:
    return ArticlePublished(
        article_id=article.article_id,
        unit_id=article.unit_id,
        publication_id=publication_id(article.article_id, channel.channel_id),
        kind=article.kind,
        title=article.text.title,
        revision=article.revision,
        channel_id=channel.channel_id,
        channel_kind=channel.kind,
        tier=channel.tier,
        event_ended_at=article.text.event_ended_at,
        published_at=at,
        url=url,
        by=by,
    )


def _cancelled(article: Publishable, publication: UUID, reason: str) -> PublicationCancelled:
    return PublicationCancelled(
        article_id=article.article_id, unit_id=article.unit_id, publication_id=publication, reason=reason
    )
