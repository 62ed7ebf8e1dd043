"""A channel: one account or site of a unit, from building to closed. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.content.events import (
    ChannelKind,
    ChannelOpened,
    ChannelRenamed,
    ChannelStatus,
    ChannelStatusChanged,
    Tier,
)
from shared.errors import NotFound, RuleBroken
from shared.events import Event

LONG_AGO = datetime.min.replace(tzinfo=UTC)
STEPS: dict[ChannelStatus, tuple[ChannelStatus, ...]] = {
    "building": ("active", "closed"),
    "active": ("dormant", "closed"),
    "dormant": ("active", "closed"),
    "closed": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChannel:
    channel_id: UUID
    unit_id: UUID
    kind: ChannelKind
    name: str
    handle: str | None
    official: bool
    tier: Tier
    status: ChannelStatus
    opened_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeChannelStatus:
    """``at`` is when it changed in the world: now or earlier."""

    channel_id: UUID
    status: ChannelStatus
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameChannel:
    channel_id: UUID
    name: str


Command = OpenChannel | ChangeChannelStatus | RenameChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """``since`` is when the status began."""

    unit_id: UUID | None = None
    kind: ChannelKind = "other"
    name: str = ""
    official: bool = False
    tier: Tier = "none"
    status: ChannelStatus = "building"
    since: datetime = LONG_AGO


def initial() -> Channel:
    """Return a channel nobody opened."""
    return Channel()


def evolve(channel: Channel, event: Event) -> Channel:
    """Return the channel after the event."""
    match event:
        case ChannelOpened():
            return Channel(
                unit_id=event.unit_id,
                kind=event.kind,
                name=event.name,
                official=event.official,
                tier=event.tier,
                status=event.status,
                since=event.opened_at,
            )
        case ChannelStatusChanged():
            return replace(channel, status=event.status, since=event.at)
        case ChannelRenamed():
            return replace(channel, name=event.name)
    return channel


def decide(channel: Channel, command: Command) -> Sequence[Event]:
    """Return what follows from the command; what is so already follows without an event.

    Raises:
        NotFound: the channel was never opened.
        RuleBroken: it was already, or is closed, or the step or its time does not fit, or only a website has a tier.
    """
    if isinstance(command, OpenChannel):
        return _open(channel, command)
    if channel.unit_id is None:
        raise NotFound("content.channel_not_found", f"no channel {command.channel_id}")
    match command:
        case ChangeChannelStatus():
            return _change(channel, channel.unit_id, command)
        case RenameChannel():
            return _rename(channel, channel.unit_id, command)


def _open(channel: Channel, command: OpenChannel) -> Sequence[Event]:
    if channel.unit_id is not None:
        raise RuleBroken("content.channel_exists", f"channel {command.channel_id} was opened before")
    if command.tier != "none" and command.kind != "website":
        raise RuleBroken("content.tier_needs_website", "only a website has a place for news (tier)")
    if command.opened_at > command.now:
        raise RuleBroken("content.in_future", "opened_at lies in the future")
    return [
        ChannelOpened(
            channel_id=command.channel_id,
            unit_id=command.unit_id,
            kind=command.kind,
            name=command.name,
            handle=command.handle,
            official=command.official,
            tier=command.tier,
            status=command.status,
            opened_at=command.opened_at,
        )
    ]


def _change(channel: Channel, unit_id: UUID, command: ChangeChannelStatus) -> Sequence[Event]:
    if command.status == channel.status:
        return []
    if command.status not in STEPS[channel.status]:
        raise RuleBroken("content.channel_step", f"a {channel.status} channel does not become {command.status}")
    if command.at > command.now:
        raise RuleBroken("content.in_future", "the change lies in the future")
    if command.at < channel.since:
        raise RuleBroken("content.channel_changed_later", f"it has been {channel.status} since {channel.since}")
    return [ChannelStatusChanged(channel_id=command.channel_id, unit_id=unit_id, status=command.status, at=command.at)]


def _rename(channel: Channel, unit_id: UUID, command: RenameChannel) -> Sequence[Event]:
    if command.name == channel.name:
        return []
    if channel.status == "closed":
        raise RuleBroken("content.channel_closed", "the channel is closed")
    return [ChannelRenamed(channel_id=command.channel_id, unit_id=unit_id, name=command.name)]
