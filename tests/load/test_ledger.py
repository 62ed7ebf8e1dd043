"""The checker of deliveries and the judge, each shown something to find."""

import pytest

from loadtests.live.judge import conclude, limits, percentile, recovery_s
from loadtests.live.ledger import judge, spreads, unheard
from loadtests.live.records import Done, Part, Segment
from loadtests.live.shapes import SHAPES, Shape, shape_of

GRACE_US = 5_000_000
WELL = [[Segment(0, [1, 2, 4], [10, 20, 40])], [Segment(1, [2, 4], [25, 41])], [Segment(4)]]


def test_who_comes_later_and_who_leaves_earlier_miss_nothing() -> None:
    verdict = judge([*WELL, [Segment(0, [1], [11])]])
    assert (verdict.missing, verdict.doubled, verdict.disordered, verdict.delivered) == (0, 0, 0, 6)


@pytest.mark.parametrize(
    ("segments", "found"),
    [
        ([Segment(0, [1, 4], [1, 2])], "missing"),
        ([Segment(0, [1, 2, 2, 4], [1, 2, 3, 4])], "doubled"),
        ([Segment(0, [2, 1, 4], [1, 2, 3])], "disordered"),
        ([Segment(0, [1, 2], [1, 2], end=40 + GRACE_US)], "missing"),
        ([Segment(0, [1, 2], [1, 2]), Segment(4)], "restarts"),
    ],
)
def test_what_goes_wrong_for_one_viewer_is_found(segments: list[Segment], found: str) -> None:
    verdict = judge([*WELL, segments])
    assert getattr(verdict, found) == 1
    assert not any(getattr(verdict, name) for name in ("missing", "doubled", "disordered") if name != found)


def test_an_acknowledged_change_that_no_news_follows_is_found() -> None:
    assert unheard([(100, 200), (300, 400)], [250, 390]) == 0
    assert unheard([(100, 200), (300, 400)], [250]) == 1
    assert unheard([(100, 200)], [201 + GRACE_US]) == 1


def test_news_is_late_from_when_the_first_viewer_had_it_and_catching_up_is_not_late() -> None:
    viewers = [[Segment(0, [1], [1000])], [Segment(0, [1], [4000])], [Segment(0, [1], [-1])]]
    assert spreads(viewers) == [(1000, 0.0), (4000, 3.0)]


def test_what_waits_behind_a_slow_answer_is_measured_from_when_it_was_due() -> None:
    """A mutant that measures from when it was begun would say 10 ms."""
    done = Done("append", 0, 990_000, 1_000_000, "ok")
    assert (done.raw_ms, done.corrected_ms) == (10.0, 1000.0)


def part(joins: list[Done]) -> Part:
    return Part(name="crowd-0", done=joins, viewers=[], open=[], late=[], cpu=[], counts={}, notes={})


def joins(shape: Shape, during_ms: float, late_ms: float = 0.0) -> list[Done]:
    made = []
    for tenth in range(int(shape.ends_at * 10)):
        due = tenth * 100_000
        slow = shape.calm_s <= tenth / 10 < shape.calm_s + 12
        began = due + int(late_ms * 1000)
        made.append(Done("join", due, began, began + int((during_ms if slow else 10) * 1000), "ok"))
    return made


def test_a_slow_spike_fails_and_is_recovered_from() -> None:
    shape = shape_of("spike", 100, 1)
    judgement = conclude([part(joins(shape, 60))], [], shape, limits())
    failed = [line.name for line in judgement.lines if not line.holds]
    assert "joining, during / before" in failed and not judgement.void and not judgement.passed
    assert recovery_s(joins(shape, 60), shape) == 2.0


def test_a_run_whose_makers_were_late_is_void() -> None:
    shape = shape_of("spike", 100, 1)
    assert conclude([part(joins(shape, 10, late_ms=150))], [], shape, limits()).void
    assert conclude([part(joins(shape, 10))], [part(joins(shape, 10, late_ms=400))], shape, limits()).void


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_seed_is_the_same_event_and_nobody_is_forgotten(name: str) -> None:
    first, again, other = (shape_of(name, 300, seed).arrivals() for seed in (1, 1, 2))
    assert first == again != other
    assert sum(not each.passer for each in first) == 300


def test_sixty_per_cent_come_within_ten_seconds_of_a_spike() -> None:
    shape = shape_of("spike", 5000, 7)
    early = sum(shape.calm_s <= each.at < shape.calm_s + 10 for each in shape.arrivals() if not each.passer)
    assert 0.57 < early / 5000 < 0.63


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile(range(1, 101), 0.99) == 100 and percentile([], 0.5) is None
