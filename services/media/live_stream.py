"""A live stream: planned, live, ended for good; and how many watched it, counted in one way."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.media.moments import require_past
from shared.contracts.media.events import (
    CountingMethod,
    LiveStreamEnded,
    LiveStreamPlanned,
    LiveStreamStarted,
    ViewersSampled,
)
from shared.errors import NotFound, RuleBroken
from shared.events import Event

LATE = timedelta(minutes=10)  # platforms report the last count some time after the end


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStream:
    stream_id: UUID
    unit_id: UUID
    title: str
    channel_id: UUID | None
    starts_at: datetime
    play_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartStream:
    stream_id: UUID
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleViewers:
    stream_id: UUID
    viewers: int
    method: CountingMethod
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStream:
    stream_id: UUID
    at: datetime
    now: datetime


Command = PlanStream | StartStream | SampleViewers | EndStream


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStream:
    """``samples`` are people by moment; ``method`` is the one of the first sample."""

    unit_id: UUID | None = None
    status: Literal["absent", "planned", "live", "ended"] = "absent"
    title: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    method: CountingMethod | None = None
    samples: dict[datetime, int] = field(default_factory=dict)


def initial() -> LiveStream:
    """Return a live stream without events."""
    return LiveStream()


def evolve(stream: LiveStream, event: Event) -> LiveStream:
    """Return the live stream after the event."""
    match event:
        case LiveStreamPlanned(unit_id=unit_id, title=title):
            return replace(stream, unit_id=unit_id, status="planned", title=title)
        case LiveStreamStarted(at=at):
            return replace(stream, status="live", started_at=at)
        case ViewersSampled(viewers=viewers, method=method, at=at):
            return replace(stream, method=method, samples={**stream.samples, at: viewers})
        case LiveStreamEnded(at=at):
            return replace(stream, status="ended", ended_at=at)
    return stream


def decide(stream: LiveStream, command: Command) -> Sequence[Event]:
    """Return what happens; starting what is live and ending what has ended is harmless.

    Raises:
        NotFound: ``live_stream.not_found``.
        RuleBroken: ``live_stream.ended``, ``live_stream.not_started``, ``live_stream.ends_before_start``,
            ``live_stream.other_method``, ``live_stream.sampled_otherwise``, ``live_stream.sample_outside``, or
            ``media.in_the_future``.
    """
    match command, stream.status:
        case PlanStream(), "absent":
            return [_planned(command)]
        case PlanStream(), _:
            return []
        case _, "absent":
            raise NotFound("live_stream.not_found", "no such live stream")
        case StartStream(), _:
            return _started(stream, command)
        case _, "planned":
            raise RuleBroken("live_stream.not_started", "the stream has not been started")
        case SampleViewers(), _:
            return _sampled(stream, command)
        case EndStream(), _:
            return _ended(stream, command)
    raise AssertionError(f"no rule for {command}")


def _planned(command: PlanStream) -> LiveStreamPlanned:
    return LiveStreamPlanned(
        stream_id=command.stream_id,
        unit_id=command.unit_id,
        title=command.title,
        channel_id=command.channel_id,
        starts_at=command.starts_at,
        play_url=command.play_url,
    )


def _started(stream: LiveStream, command: StartStream) -> Sequence[Event]:
    assert stream.unit_id is not None
    if stream.status == "ended":
        raise RuleBroken("live_stream.ended", "the stream has ended; plan another")
    if stream.status == "live":
        return []
    require_past(command.at, command.now)
    return [LiveStreamStarted(stream_id=command.stream_id, unit_id=stream.unit_id, title=stream.title, at=command.at)]


def _sampled(stream: LiveStream, command: SampleViewers) -> Sequence[Event]:
    assert stream.unit_id is not None and stream.started_at is not None
    require_past(command.at, command.now)
    if stream.method not in (None, command.method):
        raise RuleBroken("live_stream.other_method", f"viewers of this stream are counted as {stream.method}")
    if command.at < stream.started_at or (stream.ended_at and command.at > stream.ended_at + LATE):
        raise RuleBroken("live_stream.sample_outside", "viewers are counted from the start to 10 minutes after the end")
    known = stream.samples.get(command.at)
    if known == command.viewers:
        return []
    if known is not None:
        raise RuleBroken("live_stream.sampled_otherwise", f"{known} viewers were counted at this moment")
    return [
        ViewersSampled(
            stream_id=command.stream_id,
            unit_id=stream.unit_id,
            viewers=command.viewers,
            method=command.method,
            at=command.at,
        )
    ]


def _ended(stream: LiveStream, command: EndStream) -> Sequence[Event]:
    assert stream.unit_id is not None and stream.started_at is not None
    if stream.status == "ended":
        return []
    require_past(command.at, command.now)
    if command.at < stream.started_at:
        raise RuleBroken("live_stream.ends_before_start", "the stream cannot end before it started")
    return [LiveStreamEnded(stream_id=command.stream_id, unit_id=stream.unit_id, title=stream.title, at=command.at)]
