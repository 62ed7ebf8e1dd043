"""Read models of metrics: definitions of figures, versions of the timeliness policy, publications judged by it."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, MetaData, Table, Text, Uuid

from shared.contracts.metrics.events import FigureDefined, TimelinessJudged, TimelinessPolicyAdopted
from shared.database import UtcDateTime
from shared.events import Told
from shared.projector import Projection
from shared.read_model import ReadModel

metadata = MetaData()

definition = Table(
    "definition",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("meaning_zh", Text, nullable=False),
    Column("meaning_en", Text, nullable=False),
    Column("covered_from", Date),
)

policy = Table(
    "policy",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("school_home_hours", Integer, nullable=False),
    Column("college_site_hours", Integer, nullable=False),
)

judgement = Table(
    "judgement",
    metadata,
    Column("publication_id", Uuid, primary_key=True),
    Column("article_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("channel_id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("event_ended_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("taken_s", BigInteger, nullable=False),
    Column("limit_hours", Integer, nullable=False),
    Column("on_time", Boolean, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Index("judgement_by_publication", "published_at", "publication_id"),
)


def project(model: ReadModel, told: Told) -> None:
    """Fold one event into the tables; the same event twice leaves the same rows."""
    event = told.event
    match event:
        case FigureDefined():
            row = {
                "name": event.name, "version": event.version, "unit": event.unit, "kind": event.kind,
                "meaning_zh": event.meaning_zh, "meaning_en": event.meaning_en, "covered_from": event.covered_from,
            }  # fmt: skip
            model.upsert(definition, row)
        case TimelinessPolicyAdopted():
            row = {
                "version": event.version, "status": event.status, "effective_from": event.effective_from,
                "school_home_hours": event.school_home_hours, "college_site_hours": event.college_site_hours,
            }  # fmt: skip
            model.upsert(policy, row)
        case TimelinessJudged():
            row = {
                "publication_id": event.publication_id, "article_id": event.article_id, "unit_id": event.unit_id,
                "channel_id": event.channel_id, "title": event.title, "tier": event.tier,
                "event_ended_at": event.event_ended_at, "published_at": event.published_at, "taken_s": event.taken_s,
                "limit_hours": event.limit_hours, "on_time": event.on_time, "policy_version": event.policy_version,
            }  # fmt: skip
            model.upsert(judgement, row)


VIEWS = Projection("metrics", metadata, project)
