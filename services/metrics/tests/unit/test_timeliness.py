"""The 48/72 hour rule, to the second."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.metrics import timeliness
from services.metrics.timeliness import AdoptTimelinessPolicy, JudgePublication, in_force, judge
from shared.contracts.content.events import Tier
from shared.contracts.metrics.events import TimelinessPolicyAdopted
from shared.errors import RuleBroken
from shared.testing import Scenario

ID = UUID(int=1)
END = datetime(2021, 11, 1, 8, tzinfo=UTC)
POLICY = TimelinessPolicyAdopted(
    version=1, status="in_force", effective_from=date(2021, 1, 1), school_home_hours=48, college_site_hours=72
)
NEWS = JudgePublication(
    publication_id=ID, article_id=ID, unit_id=ID, channel_id=ID, title="t", tier="school_home", event_ended_at=END,
    published_at=END + timedelta(hours=48), policies=(POLICY,),
)  # fmt: skip


def on_time(publication: JudgePublication) -> bool:
    (judged,) = judge(publication)
    return judged.on_time


def test_exactly_48_hours_is_in_time_and_a_second_more_is_not() -> None:
    assert on_time(NEWS)
    assert not on_time(replace(NEWS, published_at=NEWS.published_at + timedelta(seconds=1)))


def test_the_limit_is_that_of_the_place() -> None:
    at_college = replace(NEWS, tier="college_site", published_at=END + timedelta(hours=72))
    assert on_time(at_college)
    assert not on_time(replace(at_college, published_at=END + timedelta(hours=72, seconds=1)))
    assert not on_time(replace(at_college, tier="school_home"))


@given(st.timedeltas(timedelta(0), timedelta(days=6)))
def test_in_time_is_at_most_the_limit_and_the_seconds_told_say_the_same(taken: timedelta) -> None:
    (judged,) = judge(replace(NEWS, published_at=END + taken))
    assert judged.on_time == (taken <= timedelta(hours=48)) == (judged.taken_s <= 48 * 3600)


@given(st.timedeltas(timedelta(-2, 86300), timedelta(0)))
def test_what_appeared_before_the_event_ended_is_in_time(taken: timedelta) -> None:
    assert on_time(replace(NEWS, published_at=END + taken))


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from(["school_home", "college_site"]))
def test_the_limit_is_inclusive_whatever_the_policy_says(home: int, college: int, tier: Tier) -> None:
    policy = replace(POLICY, school_home_hours=home, college_site_hours=college)
    limit = END + timedelta(hours=home if tier == "school_home" else college)
    at_the_limit = replace(NEWS, tier=tier, published_at=limit, policies=(policy,))
    assert on_time(at_the_limit)
    assert not on_time(replace(at_the_limit, published_at=limit + timedelta(seconds=1)))


def test_the_naive_rule_would_have_been_late_at_the_limit() -> None:
    """The mutant ``taken < limit`` refuses what the rule allows: within 48 hours, the last second included."""
    (judged,) = judge(NEWS)
    assert judged.on_time and not judged.taken_s < judged.limit_hours * 3600


def test_nothing_is_judged_without_a_place_an_end_or_a_policy() -> None:
    assert judge(replace(NEWS, tier="none")) == []
    assert judge(replace(NEWS, event_ended_at=None)) == []
    assert judge(replace(NEWS, policies=())) == []
    assert judge(replace(NEWS, policies=(replace(POLICY, status="trial"),))) == []


def test_the_policy_of_the_day_of_publication_judges_in_shanghai_time() -> None:
    stricter = replace(POLICY, version=2, effective_from=date(2021, 11, 2), school_home_hours=24)
    before_midnight = datetime(2021, 11, 1, 15, 59, tzinfo=UTC)
    assert in_force((POLICY, stricter), before_midnight) == POLICY
    assert in_force((POLICY, stricter), before_midnight + timedelta(minutes=1)) == stricter


@given(st.permutations(range(4)))
def test_the_order_in_which_versions_were_adopted_does_not_matter(order: list[int]) -> None:
    versions = [replace(POLICY, version=n + 1, effective_from=date(2021, 1 + 3 * n, 1)) for n in range(4)]
    found = in_force([versions[n] for n in order], datetime(2021, 8, 1, tzinfo=UTC))
    assert found == versions[2]


def test_a_trial_leaves_the_policy_before_it_in_force() -> None:
    trial = replace(POLICY, version=2, status="trial", effective_from=date(2021, 10, 1), school_home_hours=24)
    (judged,) = judge(replace(NEWS, policies=(POLICY, trial)))
    assert (judged.policy_version, judged.limit_hours) == (1, 48)


def test_of_two_versions_from_the_same_day_the_later_holds() -> None:
    corrected = replace(POLICY, version=2, school_home_hours=24)
    assert in_force((POLICY, corrected), END) == corrected


def test_a_publication_is_judged_once() -> None:
    (judged,) = judge(NEWS)
    Scenario(timeliness).when(NEWS).then(judged)
    Scenario(timeliness).given(judged).when(NEWS).then()


def test_adopting_the_same_policy_again_adopts_nothing() -> None:
    same = AdoptTimelinessPolicy(
        status="in_force", effective_from=date(2021, 1, 1), school_home_hours=48, college_site_hours=72
    )
    Scenario(timeliness).when(same).then(POLICY)
    Scenario(timeliness).given(POLICY).when(same).then()
    Scenario(timeliness).when(replace(same, school_home_hours=0)).then_refused(RuleBroken, "metrics.limit_not_positive")
