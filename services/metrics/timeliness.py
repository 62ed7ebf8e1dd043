"""Was news in time? The policy (48 h, 72 h) in versions, and one judgement a publication. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.content.events import Tier
from shared.contracts.metrics.events import PolicyStatus, TimelinessJudged, TimelinessPolicyAdopted
from shared.errors import RuleBroken
from shared.events import Event

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptTimelinessPolicy:
    status: PolicyStatus
    effective_from: date
    school_home_hours: int
    college_site_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePublication:
    """``policies`` are all versions there are; the one in force at publication is used."""

    publication_id: UUID
    article_id: UUID
    unit_id: UUID
    channel_id: UUID
    title: str
    tier: Tier
    event_ended_at: datetime | None
    published_at: datetime
    policies: tuple[TimelinessPolicyAdopted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeliness:
    """Of the policy's stream its versions; of a publication's stream whether it was judged."""

    policies: tuple[TimelinessPolicyAdopted, ...] = ()
    judged: bool = False
    unit_id: UUID | None = None


def initial() -> Timeliness:
    """Return nothing adopted and nothing judged."""
    return Timeliness()


def evolve(state: Timeliness, event: Event) -> Timeliness:
    """Return the state after the event."""
    match event:
        case TimelinessPolicyAdopted():
            return replace(state, policies=(*state.policies, event))
        case TimelinessJudged():
            return replace(state, judged=True, unit_id=event.unit_id)
    return state


def decide(state: Timeliness, command: AdoptTimelinessPolicy | JudgePublication) -> Sequence[Event]:
    """Return the policy's next version, or the judgement of a publication (once).

    Raises:
        RuleBroken: a limit is not positive.
    """
    match command:
        case AdoptTimelinessPolicy():
            return _adopt(state, command)
        case JudgePublication():
            return [] if state.judged else judge(command)


def judge(publication: JudgePublication) -> Sequence[TimelinessJudged]:
    """Return the judgement; none where the place has no limit, the event's end is unknown, or no policy was in force.

    The limit is inclusive: exactly 48 h 0 s is in time. The clock runs calendar hours from the event's end, and a
    second that has begun counts.
    """
    policy = in_force(publication.policies, publication.published_at)
    if publication.tier == "none" or publication.event_ended_at is None or policy is None:
        return []
    hours = policy.school_home_hours if publication.tier == "school_home" else policy.college_site_hours
    taken_s = -((publication.event_ended_at - publication.published_at) // timedelta(seconds=1))
    return [
        TimelinessJudged(
            publication_id=publication.publication_id,
            article_id=publication.article_id,
            unit_id=publication.unit_id,
            channel_id=publication.channel_id,
            title=publication.title,
            tier=publication.tier,
            event_ended_at=publication.event_ended_at,
            published_at=publication.published_at,
            taken_s=taken_s,
            limit_hours=hours,
            on_time=taken_s <= hours * SECONDS_AN_HOUR,
            policy_version=policy.version,
        )
    ]


def in_force(policies: Sequence[TimelinessPolicyAdopted], moment: datetime) -> TimelinessPolicyAdopted | None:
    """Return the policy in force on the moment's day in Shanghai; one on trial judges nothing."""
    day = moment.astimezone(SHANGHAI).date()
    fitting = [one for one in policies if one.status == "in_force" and one.effective_from <= day]
    return max(fitting, key=lambda one: (one.effective_from, one.version), default=None)


def _adopt(state: Timeliness, command: AdoptTimelinessPolicy) -> Sequence[Event]:
    if command.school_home_hours <= 0 or command.college_site_hours <= 0:
        raise RuleBroken("metrics.limit_not_positive", "a limit is at least one hour")
    new = TimelinessPolicyAdopted(
        version=len(state.policies) + 1,
        status=command.status,
        effective_from=command.effective_from,
        school_home_hours=command.school_home_hours,
        college_site_hours=command.college_site_hours,
    )
    if state.policies and replace(state.policies[-1], version=new.version) == new:
        return []
    return [new]


DEFAULT = AdoptTimelinessPolicy(
    status="in_force", effective_from=date(2021, 1, 1), school_home_hours=48, college_site_hours=72
)
