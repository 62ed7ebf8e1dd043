"""Facts about figures, counters and policies.

Streams ``figure-<name>``, ``followers-<channel id>``, ``reads-<article id>``, ``policy-timeliness``,
``timeliness-<publication id>``.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.content.events import Tier
from shared.events import Event

ReadUnit = Literal["reads", "readers"]
FigureKind = Literal["additive", "gauge", "ratio"]
PolicyStatus = Literal["trial", "in_force"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDefined(Event):
    """A figure's meaning from this version on. ``covered_from`` is the first day anything was measured."""

    type: ClassVar[str] = "metrics.figure.defined.v1"
    name: str
    version: int
    unit: str
    kind: FigureKind
    meaning_zh: str
    meaning_en: str
    covered_from: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowersCounted(Event):
    """A channel's followers (people) at one moment, as the platform showed them."""

    type: ClassVar[str] = "metrics.followers.counted.v1"
    happened: ClassVar[str] = "taken_at"
    channel_id: UUID
    unit_id: UUID
    followers: int
    source: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsCounted(Event):
    """An article's reads (次数) or readers (人数) since publication, at one moment. The two are never added."""

    type: ClassVar[str] = "metrics.reads.counted.v1"
    happened: ClassVar[str] = "taken_at"
    article_id: UUID
    unit_id: UUID
    channel_id: UUID | None
    value: int
    unit: ReadUnit
    source: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinessPolicyAdopted(Event):
    """Limits in hours, inclusive, by the place of publication (48 h school home page, 72 h college site)."""

    type: ClassVar[str] = "metrics.timeliness_policy.adopted.v1"
    version: int
    status: PolicyStatus
    effective_from: date
    school_home_hours: int
    college_site_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinessJudged(Event):
    """One publication against the policy in force when it was published. ``taken_s`` seconds from event's end."""

    type: ClassVar[str] = "metrics.timeliness.judged.v1"
    happened: ClassVar[str] = "published_at"
    publication_id: UUID
    article_id: UUID
    unit_id: UUID
    channel_id: UUID
    title: str
    tier: Tier
    event_ended_at: datetime
    published_at: datetime
    taken_s: int
    limit_hours: int
    on_time: bool
    policy_version: int


EVENTS: tuple[type[Event], ...] = (
    FigureDefined, FollowersCounted, ReadsCounted, TimelinessPolicyAdopted, TimelinessJudged,
)  # fmt: skip
