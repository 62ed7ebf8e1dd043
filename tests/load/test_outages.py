"""Appends at a steady rate: one that waits makes those after it late, however fast they are made up for."""

import pytest

from loadtests.outages import BEFORE_S, RATE, SOON_S, soon, steadily

BEGIN, END, ANSWER_S = 1000.0, 1000.0 + BEFORE_S + 6.0, 0.0005
ASKED = RATE * 6


class World:
    """A clock that only writing and waiting move; one write takes as long as told."""

    def __init__(self, stall_at: float = END, stall_s: float = 0.0) -> None:
        self.now, self.stall_at, self.stall_s = BEGIN, stall_at, stall_s
        self.written: list[tuple[str, int]] = []

    def write(self, stream: str, version: int) -> None:
        self.written.append((stream, version))
        stalls = self.stall_s and self.now >= self.stall_at
        self.now += self.stall_s if stalls else ANSWER_S
        self.stall_s = 0.0 if stalls else self.stall_s

    def ended(self, wait_s: float) -> bool:
        self.now += wait_s
        return self.now >= END

    def late(self) -> list[float]:
        return steadily(self.write, BEGIN, self.ended, lambda: self.now)


def test_who_is_never_held_up_writes_what_is_asked_and_all_of_it_soon() -> None:
    late = World().late()
    assert soon(late) == len(late) == pytest.approx(ASKED, abs=1)


def test_who_waits_out_an_outage_does_not_win_it_back_by_hurrying_afterwards() -> None:
    world = World(stall_at=BEGIN + BEFORE_S, stall_s=5.0)
    late = world.late()
    assert len(late) == pytest.approx(ASKED, abs=1), "all are made up for, so that counting them alone shows nothing"
    assert soon(late) < 0.3 * ASKED
    assert max(late) == pytest.approx(5.0, abs=0.01)


def test_a_wait_too_short_to_matter_is_none() -> None:
    late = World(stall_at=BEGIN + BEFORE_S, stall_s=SOON_S - 0.01).late()
    assert soon(late) == len(late)


def test_what_comes_before_the_fault_is_not_counted() -> None:
    world = World()
    late = world.late()
    assert len(world.written) - len(late) == RATE * BEFORE_S


def test_each_stream_gets_its_events_in_order() -> None:
    world = World()
    world.late()
    assert [version for _, version in world.written[:8]] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert len({stream for stream, _ in world.written[:8]}) == 2
