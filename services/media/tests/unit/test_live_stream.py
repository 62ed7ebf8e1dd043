"""A live stream's rules."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.media import live_stream
from services.media.live_stream import EndStream, PlanStream, SampleViewers, StartStream
from shared.contracts.media.events import LiveStreamEnded, LiveStreamPlanned, LiveStreamStarted, ViewersSampled
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

ID, UNIT = uuid4(), uuid4()
NOON, MINUTE = datetime(2021, 6, 30, 12, tzinfo=UTC), timedelta(minutes=1)
LATER = NOON + timedelta(days=1)
PLANNED = LiveStreamPlanned(
    stream_id=ID, unit_id=UNIT, title="毕业典礼", channel_id=None, starts_at=NOON, play_url=None
)
STARTED = LiveStreamStarted(stream_id=ID, unit_id=UNIT, title="毕业典礼", at=NOON)
ENDED = LiveStreamEnded(stream_id=ID, unit_id=UNIT, title="毕业典礼", at=NOON + 60 * MINUTE)
START = StartStream(stream_id=ID, at=NOON, now=LATER)
END = EndStream(stream_id=ID, at=NOON + 60 * MINUTE, now=LATER)
streams = Scenario(live_stream)


def sample(minute: int, viewers: int = 300, method: Any = "concurrent") -> SampleViewers:
    return SampleViewers(stream_id=ID, viewers=viewers, method=method, at=NOON + minute * MINUTE, now=LATER)


def sampled(minute: int, viewers: int = 300) -> ViewersSampled:
    return ViewersSampled(stream_id=ID, unit_id=UNIT, viewers=viewers, method="concurrent", at=NOON + minute * MINUTE)


def test_planning_twice_records_once() -> None:
    command = PlanStream(stream_id=ID, unit_id=UNIT, title="毕业典礼", channel_id=None, starts_at=NOON, play_url=None)
    streams.when(command).then(PLANNED)
    streams.given(PLANNED).when(command).then()


def test_a_reconnect_does_not_start_another_stream() -> None:
    streams.given(PLANNED).when(START).then(STARTED)
    streams.given(PLANNED, STARTED).when(START).then()


def test_the_end_is_final_and_recorded_once() -> None:
    streams.given(PLANNED, STARTED).when(END).then(ENDED)
    streams.given(PLANNED, STARTED, ENDED).when(END).then()
    streams.given(PLANNED, STARTED, ENDED).when(START).then_refused(RuleBroken, "live_stream.ended")


def test_what_was_not_started_neither_ends_nor_has_viewers() -> None:
    streams.given(PLANNED).when(END).then_refused(RuleBroken, "live_stream.not_started")
    streams.given(PLANNED).when(sample(1)).then_refused(RuleBroken, "live_stream.not_started")


def test_a_stream_does_not_end_before_it_started() -> None:
    command = EndStream(stream_id=ID, at=NOON - MINUTE, now=LATER)
    streams.given(PLANNED, STARTED).when(command).then_refused(RuleBroken, "live_stream.ends_before_start")


def test_viewers_are_counted_while_it_is_live() -> None:
    streams.given(PLANNED, STARTED).when(sample(1)).then(sampled(1))
    streams.given(PLANNED, STARTED).when(sample(-1)).then_refused(RuleBroken, "live_stream.sample_outside")


def test_a_late_count_is_taken_for_ten_minutes_after_the_end() -> None:
    """F55."""
    over = streams.given(PLANNED, STARTED, ENDED)
    over.when(sample(70)).then(sampled(70))
    over.when(sample(71)).then_refused(RuleBroken, "live_stream.sample_outside")


def test_a_count_in_the_future_is_refused() -> None:
    command = SampleViewers(stream_id=ID, viewers=1, method="unique", at=LATER + 6 * MINUTE, now=LATER)
    streams.given(PLANNED, STARTED).when(command).then_refused(RuleBroken, "media.in_the_future")


def test_ways_of_counting_are_not_mixed() -> None:
    other = sample(2, method="platform_reported")
    streams.given(PLANNED, STARTED, sampled(1)).when(other).then_refused(RuleBroken, "live_stream.other_method")


def test_the_same_count_again_records_nothing_and_another_one_is_refused() -> None:
    """F55."""
    counted = streams.given(PLANNED, STARTED, sampled(1))
    counted.when(sample(1)).then()
    counted.when(sample(1, viewers=301)).then_refused(RuleBroken, "live_stream.sampled_otherwise")


def test_what_was_never_planned_is_not_found() -> None:
    for command in (START, END, sample(1)):
        streams.when(command).then_refused(NotFound, "live_stream.not_found")
