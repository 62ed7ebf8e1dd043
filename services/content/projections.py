"""Read models of content: units over time, channels, articles, and what is due to be published."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, Index, Integer, MetaData, Table, Text, Uuid, select

from shared.contracts.content.events import (
    ArticleApproved,
    ArticleChangesRequested,
    ArticleDrafted,
    ArticlePublished,
    ArticleRejected,
    ArticleRevised,
    ArticleSubmissionRefused,
    ArticleSubmissionRetracted,
    ArticleSubmitted,
    ArticleWithdrawn,
    ChannelOpened,
    ChannelRenamed,
    ChannelStatusChanged,
    PublicationCancelled,
    PublicationReceiptFiled,
    PublicationScheduled,
    PublicationUpdated,
    UnitEstablished,
    UnitMerged,
    UnitMoved,
    UnitRenamed,
)
from shared.database import UtcDateTime
from shared.events import Event, Told
from shared.projector import Projection
from shared.read_model import ReadModel
from shared.titles import plain

metadata = MetaData()
STATUS_AFTER: dict[type[Event], str] = {
    ArticleSubmitted: "submitted",
    ArticleSubmissionRetracted: "draft",
    ArticleSubmissionRefused: "draft",
    ArticleApproved: "approved",
    ArticleChangesRequested: "changes_requested",
    ArticleRejected: "rejected",
    ArticlePublished: "published",
    PublicationUpdated: "published",
    ArticleWithdrawn: "withdrawn",
}

unit = Table(
    "unit",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("merged_into", Uuid),
    Column("merged_since", Date),
    Column("version", Integer, nullable=False),
)

# A unit's name and parent from a day on: the old day keeps the old name.
unit_history = Table(
    "unit_history",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("since", Date, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Uuid),
)

channel = Table(
    "channel",
    metadata,
    Column("channel_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("handle", Text),
    Column("official", Boolean, nullable=False),
    Column("tier", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("channel_by_unit", "unit_id"),
)

article = Table(
    "article",
    metadata,
    Column("article_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("compared_title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("article_by_change", "changed_at", "article_id"),
    Index("article_by_unit", "unit_id", "changed_at", "article_id"),
    Index("article_by_title", "compared_title"),
)

# Publications to come.
due = Table(
    "due",
    metadata,
    Column("publication_id", Uuid, primary_key=True),
    Column("article_id", Uuid, nullable=False),
    Column("channel_id", Uuid, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index("due_by_time", "due_at"),
)


def project(model: ReadModel, told: Told) -> None:
    """Fold one event into the tables; the same event twice leaves the same rows."""
    _project_unit(model, told)
    _project_channel(model, told)
    _project_article(model, told)
    _project_due(model, told)


def _project_unit(model: ReadModel, told: Told) -> None:
    event, version = told.event, told.version
    match event:
        case UnitEstablished():
            row = {
                "unit_id": event.unit_id, "kind": event.kind, "since": event.since, "merged_into": None,
                "merged_since": None, "version": version,
            }  # fmt: skip
            model.upsert(unit, row)
            _from(model, event.unit_id, event.since, name=event.name, parent_id=event.parent_id)
        case UnitRenamed():
            _change_unit(model, event.unit_id, version)
            _from(model, event.unit_id, event.since, name=event.name)
        case UnitMoved():
            _change_unit(model, event.unit_id, version)
            _from(model, event.unit_id, event.since, parent_id=event.parent_id)
        case UnitMerged():
            _change_unit(model, event.unit_id, version, merged_into=event.into_id, merged_since=event.since)


def _change_unit(model: ReadModel, unit_id: UUID, version: int, **columns: Any) -> None:
    model.change(unit, {"unit_id": unit_id, "version": version, **columns})


def _from(model: ReadModel, unit_id: UUID, since: date, **columns: Any) -> None:
    """Note what is so from a day on; the rest is as it was before."""
    before = (
        select(unit_history.c.name, unit_history.c.parent_id)
        .where(unit_history.c.unit_id == unit_id, unit_history.c.since <= since)
        .order_by(unit_history.c.since.desc())
        .limit(1)
    )
    row = model.first(before)
    known = dict(row._mapping) if row else {}
    model.upsert(unit_history, {"unit_id": unit_id, "since": since, **known, **columns})


def _project_channel(model: ReadModel, told: Told) -> None:
    event, version = told.event, told.version
    match event:
        case ChannelOpened():
            row = {
                "channel_id": event.channel_id, "unit_id": event.unit_id, "kind": event.kind, "name": event.name,
                "handle": event.handle, "official": event.official, "tier": event.tier, "status": event.status,
                "opened_at": event.opened_at, "version": version,
            }  # fmt: skip
            model.upsert(channel, row)
        case ChannelStatusChanged():
            row = {"channel_id": event.channel_id, "status": event.status, "version": version}
            model.change(channel, row)
        case ChannelRenamed():
            row = {"channel_id": event.channel_id, "name": event.name, "version": version}
            model.change(channel, row)


def _project_article(model: ReadModel, told: Told) -> None:
    event = told.event
    match event:
        case ArticleDrafted():
            row = {
                "article_id": event.article_id, "unit_id": event.unit_id, "kind": event.kind,
                "title": event.text.title, "compared_title": compared_title(event.text.title), "status": "draft",
                "revision": 1, "author_id": event.author_id, "changed_at": told.recorded_at,
                "version": told.version,
            }  # fmt: skip
            model.upsert(article, row)
        case ArticleRevised():
            title = event.text.title
            names = {"title": title, "compared_title": compared_title(title)}
            _change_article(model, told, **names, revision=event.revision, status="draft")
        case PublicationScheduled() | PublicationCancelled() | PublicationReceiptFiled():
            _change_article(model, told)
        case _ if status := STATUS_AFTER.get(type(event)):
            _change_article(model, told, status=status)


def compared_title(title: str) -> str:
    """Return what an article is found by: the title as titles are compared, no longer than an index takes."""
    return plain(title)[:200]


def _change_article(model: ReadModel, told: Told, **columns: Any) -> None:
    article_id = told.event.article_id  # type: ignore[attr-defined]
    changed = {"article_id": article_id, "changed_at": told.recorded_at, "version": told.version}
    model.change(article, changed | columns)


def _project_due(model: ReadModel, told: Told) -> None:
    event = told.event
    match event:
        case PublicationScheduled():
            row = {
                "publication_id": event.publication_id, "article_id": event.article_id,
                "channel_id": event.channel_id, "due_at": event.due_at,
            }  # fmt: skip
            model.upsert(due, row)
        case ArticlePublished() | PublicationCancelled():
            model.remove(due, {"publication_id": event.publication_id})


VIEWS = Projection("content", metadata, project)
