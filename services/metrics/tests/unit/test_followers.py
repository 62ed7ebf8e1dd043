"""Followers: told again they are nothing new, and a correction is a new fact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.metrics import followers
from services.metrics.followers import CountFollowers
from shared.contracts.metrics.events import FollowersCounted
from shared.errors import RuleBroken
from shared.testing import Scenario

ID = UUID(int=1)
NOON = datetime(2021, 7, 1, 4, tzinfo=UTC)
TOLD = FollowersCounted(channel_id=ID, unit_id=ID, followers=5, source="x", taken_at=NOON)
TELL = CountFollowers(channel_id=ID, unit_id=ID, followers=5, source="x", taken_at=NOON, now=NOON)
counting = Scenario(followers)


def test_a_count_is_recorded_and_told_again_it_is_nothing_new() -> None:
    counting.when(TELL).then(TOLD)
    counting.given(TOLD).when(TELL).then()


def test_another_value_for_the_same_moment_and_source_is_a_correction_and_may_be_taken_back() -> None:
    six = replace(TOLD, followers=6)
    counting.given(TOLD).when(replace(TELL, followers=6)).then(six)
    counting.given(TOLD, six).when(TELL).then(TOLD)


def test_another_source_may_tell_the_same() -> None:
    counting.given(TOLD).when(replace(TELL, source="y")).then(replace(TOLD, source="y"))


def test_a_late_count_and_a_smaller_one_are_taken() -> None:
    before, after = NOON - timedelta(days=1), NOON + timedelta(days=1)
    counting.given(TOLD).when(replace(TELL, taken_at=before)).then(replace(TOLD, taken_at=before))
    counting.given(TOLD).when(replace(TELL, followers=3, taken_at=after, now=after)).then(
        replace(TOLD, followers=3, taken_at=after)
    )


def test_nothing_is_counted_in_the_future() -> None:
    later = replace(TELL, taken_at=NOON + timedelta(seconds=1))
    counting.when(later).then_refused(RuleBroken, "metrics.counted_in_future")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from("xy"))))
def test_each_told_twice_in_a_row_is_recorded_at_most_once(counts: list[tuple[int, int, str]]) -> None:
    state, facts = followers.initial(), 0
    for day, value, source in counts:
        at = NOON - timedelta(days=day)
        tell = replace(TELL, taken_at=at, followers=value, source=source)
        for _ in range(2):
            decided = followers.decide(state, tell)
            state = reduce(followers.evolve, decided, state)
            facts += len(decided)
        assert followers.decide(state, tell) == []
    assert facts <= len(counts)
