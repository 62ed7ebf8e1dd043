"""A channel's followers, as read off its platform. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.metrics.events import FollowersCounted
from shared.errors import RuleBroken
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFollowers:
    channel_id: UUID
    unit_id: UUID
    followers: int
    source: str
    taken_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Followers:
    """What was told, in that order: a count for each moment and source, the last of which holds."""

    unit_id: UUID | None = None
    told: tuple[tuple[tuple[datetime, str], int], ...] = ()


def initial() -> Followers:
    """Return a channel whose followers nobody counted."""
    return Followers()


def evolve(followers: Followers, event: Event) -> Followers:
    """Return the counts after the event."""
    match event:
        case FollowersCounted():
            told = ((event.taken_at, event.source), event.followers)
            return Followers(unit_id=event.unit_id, told=(*followers.told, told))
    return followers


def decide(followers: Followers, command: CountFollowers) -> Sequence[Event]:
    """Return the count; told again it is nothing new, with another value for the same moment it is a correction.

    A late count is taken, and so is one below the last: people leave, and platforms correct themselves.

    Raises:
        RuleBroken: ``metrics.counted_in_future``.
    """
    if command.taken_at > command.now:
        raise RuleBroken("metrics.counted_in_future", "taken_at lies in the future")
    if dict(followers.told).get((command.taken_at, command.source)) == command.followers:
        return []
    return [
        FollowersCounted(
            channel_id=command.channel_id,
            unit_id=command.unit_id,
            followers=command.followers,
            source=command.source,
            taken_at=command.taken_at,
        )
    ]
