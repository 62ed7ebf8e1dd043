"""What each event contributes to which figure. Pure: an event, or a count between its neighbours, gives facts."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from gateway.matrix.calendar import day_of, day_up_to
from gateway.matrix.tables import NO_CHANNEL
from shared.contracts.content.events import ArticlePublished
from shared.contracts.media.events import LiveStreamEnded, PhotosDelivered, ShootCompleted
from shared.contracts.metrics.events import FollowersCounted, ReadsCounted, TimelinessJudged
from shared.contracts.review.events import CaseApproved
from shared.contracts.training.events import AttendanceRecorded, SessionHeld
from shared.events import Recorded

Kind = Literal["additive", "gauge", "ratio"]

# Figures the matrix knows how to form, and how their parts are put together.
KINDS: dict[str, Kind] = {
    "news_published": "additive",
    "wechat_posts": "additive",
    "net_follower_growth": "gauge",
    "view_count": "gauge",
    "reader_count": "gauge",
    "char_count": "additive",
    "shoots": "additive",
    "photos_delivered": "additive",
    "live_streams": "additive",
    "training_sessions": "additive",
    "attendance_count": "additive",
    "on_time_ratio": "ratio",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One contribution. A ratio's is ``value`` of ``weight``; ``flagged`` counts beginnings of an unknown past."""

    event_id: UUID
    n: int
    source: str
    unit_id: UUID
    channel_id: UUID
    figure: str
    occurred_at: datetime
    day: date
    recorded_at: datetime
    value: int
    weight: int
    flagged: int
    label: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A count read off a counter; ``version`` is the order of recording within the counter's stream."""

    counter: str
    version: int
    event_id: UUID
    figure: str
    unit_id: UUID
    channel_id: UUID
    taken_at: datetime
    value: int
    recorded_at: datetime
    ref: str


def source_of(recorded: Recorded) -> str:
    """Return the service whose log holds the event: the first word of its written type."""
    return recorded.type.partition(".")[0]


def facts_of(recorded: Recorded) -> list[Fact]:
    """Return what the event contributes by itself; a count (``sample_of``) contributes only beside its neighbours."""
    match recorded.event:
        case ArticlePublished() as event:
            return _published(recorded, event)
        case CaseApproved(kind="news") as event:
            return [_fact(recorded, "char_count", event.unit_id, event.char_count, f"reviews/{event.case_id}")]
        case ShootCompleted() as event:
            return [_fact(recorded, "shoots", event.unit_id, 1, f"shoots/{event.shoot_id}")]
        case PhotosDelivered() as event:
            delivered = len(event.asset_ids)
            return [_fact(recorded, "photos_delivered", event.unit_id, delivered, f"shoots/{event.shoot_id}")]
        case LiveStreamEnded() as event:
            return [_fact(recorded, "live_streams", event.unit_id, 1, f"live-streams/{event.stream_id}")]
        case SessionHeld(kind="training") as event:
            return [_fact(recorded, "training_sessions", event.unit_id, 1, f"training-sessions/{event.session_id}")]
        case AttendanceRecorded(session_kind="training") as event:
            return [_fact(recorded, "attendance_count", event.unit_id, 1, f"training-sessions/{event.session_id}")]
        case TimelinessJudged() as event:
            ref, value = f"articles/{event.article_id}", int(event.on_time)
            return [_fact(recorded, "on_time_ratio", event.unit_id, value, ref, event.channel_id)]
    return []


def sample_of(recorded: Recorded) -> Sample | None:
    """Return the count in the event, or None when it is none."""
    match recorded.event:
        case FollowersCounted() as event:
            ref = f"channels/{event.channel_id}"
            return _sample(recorded, ref, "net_follower_growth", event.unit_id, event.channel_id, event.followers, ref)
        case ReadsCounted() as event:
            figure = "view_count" if event.unit == "reads" else "reader_count"
            channel_id = event.channel_id or NO_CHANNEL
            ref = f"articles/{event.article_id}"
            counter = f"{ref}/{figure}/{channel_id}"
            return _sample(recorded, counter, figure, event.unit_id, channel_id, event.value, ref)
    return None


def facts_of_count(new: Sample, before: Sample | None, after: Sample | None) -> list[Fact]:
    """Return what a count contributes, given its neighbours by time among those recorded earlier.

    It adds its growth since ``before``. Where it was recorded late, ``after`` had counted that growth already: a
    second fact, known from now on, corrects it.
    """
    growth, unknown = _growth(new, before)
    facts = [_counted(new, new, 0, growth, unknown)]
    if after is not None:
        had, had_unknown = _growth(after, before)
        correction, known = after.value - new.value - had, -had_unknown
        if correction or known:
            facts.append(_counted(new, after, 1, correction, known))
    return facts


def _growth(sample: Sample, before: Sample | None) -> tuple[int, int]:
    """Return the growth that ends with a sample, and 1 where it begins an unknown past.

    Reads begin at nought with the publication. A channel may have had followers before anybody counted: its first
    count tells where growth is measured from, and no growth.
    """
    if before is not None:
        return sample.value - before.value, 0
    return (0, 1) if sample.figure == "net_follower_growth" else (sample.value, 0)


def _published(recorded: Recorded, event: ArticlePublished) -> list[Fact]:
    ref, found = f"articles/{event.article_id}", []
    if event.channel_kind == "website" and event.kind == "news":
        found.append("news_published")
    if event.channel_kind == "wechat_oa":
        found.append("wechat_posts")
    return [_fact(recorded, figure, event.unit_id, 1, ref, event.channel_id) for figure in found]


def _fact(recorded: Recorded, figure: str, unit_id: UUID, value: int, ref: str, channel_id: UUID = NO_CHANNEL) -> Fact:
    return Fact(
        event_id=recorded.event_id,
        n=0,
        source=source_of(recorded),
        unit_id=unit_id,
        channel_id=channel_id,
        figure=figure,
        occurred_at=recorded.occurred_at,
        day=day_of(recorded.occurred_at),
        recorded_at=recorded.recorded_at,
        value=value,
        weight=1,
        flagged=0,
        label=getattr(recorded.event, "title", ""),
        ref=ref,
    )


def _sample(
    recorded: Recorded, counter: str, figure: str, unit_id: UUID, channel_id: UUID, value: int, ref: str
) -> Sample:
    return Sample(
        counter=counter,
        version=recorded.version,
        event_id=recorded.event_id,
        figure=figure,
        unit_id=unit_id,
        channel_id=channel_id,
        taken_at=recorded.occurred_at,
        value=value,
        recorded_at=recorded.recorded_at,
        ref=ref,
    )


def _counted(new: Sample, at: Sample, n: int, value: int, flagged: int) -> Fact:
    """Return a fact that is known since ``new`` and belongs to the moment and place of the count ``at``."""
    return Fact(
        event_id=new.event_id,
        n=n,
        source="metrics",
        unit_id=at.unit_id,
        channel_id=at.channel_id,
        figure=at.figure,
        occurred_at=at.taken_at,
        day=day_up_to(at.taken_at),
        recorded_at=new.recorded_at,
        value=value,
        weight=1,
        flagged=flagged,
        label="",
        ref=at.ref,
    )
