"""Reads and readers, on each channel: counters that never mix."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.metrics import reads
from services.metrics.reads import CountReads
from shared.contracts.metrics.events import ReadsCounted
from shared.errors import RuleBroken
from shared.testing import Scenario

ID, SITE, WECHAT = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2021, 7, 1, 4, tzinfo=UTC)
TOLD = ReadsCounted(article_id=ID, unit_id=ID, channel_id=SITE, value=5, unit="reads", source="x", taken_at=NOON)
TELL = CountReads(
    article_id=ID, unit_id=ID, channel_id=SITE, value=5, unit="reads", source="x", taken_at=NOON, now=NOON
)
counting = Scenario(reads)


def test_a_count_is_recorded_and_told_again_it_is_nothing_new() -> None:
    counting.when(TELL).then(TOLD)
    counting.given(TOLD).when(TELL).then()


def test_as_many_readers_as_reads_are_another_fact() -> None:
    counting.given(TOLD).when(replace(TELL, unit="readers")).then(replace(TOLD, unit="readers"))


def test_as_many_reads_on_another_channel_at_the_same_moment_are_another_fact() -> None:
    counting.given(TOLD).when(replace(TELL, channel_id=WECHAT)).then(replace(TOLD, channel_id=WECHAT))
    counting.given(TOLD).when(replace(TELL, channel_id=None)).then(replace(TOLD, channel_id=None))


def test_another_value_for_the_same_moment_is_a_correction() -> None:
    counting.given(TOLD).when(replace(TELL, value=4)).then(replace(TOLD, value=4))


def test_a_late_count_and_a_smaller_one_are_taken() -> None:
    before, after = NOON - timedelta(days=1), NOON + timedelta(days=1)
    counting.given(TOLD).when(replace(TELL, taken_at=before)).then(replace(TOLD, taken_at=before))
    counting.given(TOLD).when(replace(TELL, value=3, taken_at=after, now=after)).then(
        replace(TOLD, value=3, taken_at=after)
    )


def test_nothing_is_counted_in_the_future() -> None:
    later = replace(TELL, taken_at=NOON + timedelta(seconds=1))
    counting.when(later).then_refused(RuleBroken, "metrics.counted_in_future")
