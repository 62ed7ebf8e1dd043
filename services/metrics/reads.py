"""An article's reads and readers since publication, as read off its platform. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.metrics.events import ReadsCounted, ReadUnit
from shared.errors import RuleBroken
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReads:
    """``unit`` says what ``value`` is: reads or readers, which never mix. ``channel_id`` is where it was read."""

    article_id: UUID
    unit_id: UUID
    channel_id: UUID | None
    value: int
    unit: ReadUnit
    source: str
    taken_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Which counter was read, when and by whom; each channel has one for reads and one for readers."""

    channel_id: UUID | None
    unit: ReadUnit
    taken_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What was told, in that order; the last value of a telling holds."""

    unit_id: UUID | None = None
    told: tuple[tuple[Telling, int], ...] = ()


def initial() -> Reads:
    """Return an article whose reads nobody counted."""
    return Reads()


def evolve(reads: Reads, event: Event) -> Reads:
    """Return the counts after the event."""
    match event:
        case ReadsCounted():
            return Reads(unit_id=event.unit_id, told=(*reads.told, (_telling(event), event.value)))
    return reads


def decide(reads: Reads, command: CountReads) -> Sequence[Event]:
    """Return the count; told again it is nothing new, with another value for the same moment it is a correction.

    A late count is taken, and so is one below the last: platforms take back what robots read.

    Raises:
        RuleBroken: ``metrics.counted_in_future``.
    """
    if command.taken_at > command.now:
        raise RuleBroken("metrics.counted_in_future", "taken_at lies in the future")
    if dict(reads.told).get(_telling(command)) == command.value:
        return []
    return [
        ReadsCounted(
            article_id=command.article_id,
            unit_id=command.unit_id,
            channel_id=command.channel_id,
            value=command.value,
            unit=command.unit,
            source=command.source,
            taken_at=command.taken_at,
        )
    ]


def _telling(told: CountReads | ReadsCounted) -> Telling:
    return Telling(channel_id=told.channel_id, unit=told.unit, taken_at=told.taken_at, source=told.source)
