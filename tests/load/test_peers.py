"""What is made of samples: ratios, percentiles, turns, and what counts as missed."""

import pytest

from loadtests.peers import HEAD, Comparison, Sample, compare, compare_latencies, in_turns, percentile

TARGETS = {"ratio": {"rate": 0.8}, "at_most": {"cost": 2.0}, "ten": {"rate": 1.1, "cost": 1.1}}


def comparison(name: str, ours: float, theirs: float, ten: float | None = None) -> Comparison:
    return Comparison(
        name=name, what="w", peer="p", unit="u", cost=name == "cost", ours=(Sample(ours),), theirs=(Sample(theirs),),
        ten=() if ten is None else (Sample(ten),),
    )  # fmt: skip


def test_a_rate_is_judged_by_the_least_it_may_be() -> None:
    assert comparison("rate", 80, 100).as_row(TARGETS)[5:8] == ("0.80", "", "≥ 0.80")
    assert comparison("rate", 79, 100).as_row(TARGETS)[7] == "≥ 0.80 nearly"
    assert comparison("rate", 71, 100).as_row(TARGETS)[7] == "≥ 0.80 missed"


def test_a_cost_is_judged_by_the_most_it_may_be() -> None:
    assert comparison("cost", 200, 100).as_row(TARGETS)[5:8] == ("2.00", "", "≤ 2.00")
    assert comparison("cost", 201, 100).as_row(TARGETS)[7] == "≤ 2.00 nearly"
    assert comparison("cost", 221, 100).as_row(TARGETS)[7] == "≤ 2.00 missed"


def test_what_has_no_target_misses_none() -> None:
    assert comparison("other", 1, 100, ten=0.1).as_row(TARGETS)[7:9] == ("", "10.00")


@pytest.mark.parametrize(("name", "ten"), [("rate", 50.0), ("cost", 200.0)])
def test_half_the_rate_and_twice_the_cost_are_the_same_growth(name: str, ten: float) -> None:
    grown = comparison(name, 100, 100, ten)
    assert grown.at_ten == 2.0
    assert grown.as_row(TARGETS)[8] == "2.00 (≤ 1.10 missed)"


def test_a_miss_of_more_than_a_tenth_fails_the_run_and_a_lesser_one_is_shown() -> None:
    for missing in (comparison("rate", 71, 100), comparison("cost", 221, 100), comparison("rate", 1, 1, ten=0.8)):
        assert missing.misses(TARGETS)
    for near in (comparison("rate", 73, 100), comparison("cost", 219, 100), comparison("other", 1, 9, ten=0.1)):
        assert not near.misses(TARGETS)


def test_without_ten_times_the_data_nothing_is_said_of_growth() -> None:
    assert comparison("rate", 1, 1).at_ten is None
    assert comparison("rate", 1, 1).as_row(TARGETS)[8] == "–"


def test_a_row_says_how_often_ours_was_measured() -> None:
    found = compare("n", "w", "p", "u", lambda: Sample(1.0), lambda: Sample(1.0), rounds=5)
    assert dict(zip(HEAD, found.as_row(TARGETS), strict=True))["samples"] == "10"
    assert dict(zip(HEAD, comparison("rate", 1, 1).as_row(TARGETS), strict=True))["samples"] == "1"


def test_one_slow_sample_does_not_move_the_ratio() -> None:
    samples = iter([0.0, 100.0, 100.0, 1.0])  # the first is the warm-up
    found = compare("n", "w", "p", "u", lambda: Sample(next(samples, 100.0)), lambda: Sample(200.0), rounds=2)
    assert found.ratio == 0.5


def test_both_take_turns_so_that_neither_has_the_better_moments() -> None:
    order: list[str] = []
    in_turns(lambda: order.append("ours"), lambda: order.append("peer"), 1, lambda: order.append("ten"))
    assert order == ["ours", "peer", "ten", "ours", "peer", "ten", "peer", "ours"]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert percentile([float(value) for value in range(1, 101)], 0.99) == 99.0
    assert percentile([7.0], 0.99) == 7.0


def test_latencies_are_compared_by_median_and_by_the_slow_end() -> None:
    ours, theirs = [1.0] * 98 + [50.0, 50.0], [1.0] * 98 + [5.0, 5.0]
    median, slow = compare_latencies("visible", "seen", "p", lambda: ours, lambda: theirs, rounds=1)
    assert (median.name, median.ratio, median.cost) == ("visible-p50", 1.0, True)
    assert (slow.name, slow.ratio) == ("visible-p99", 10.0)
