"""Two that do the same work, measured in turns: ours, the peer, the peer, ours. Only their ratio is worth keeping.

A comparison is of rates (more is better; the target is the least ratio) or of costs (milliseconds, bytes: less is
better; the target is the most the ratio may be). Some are measured a third time in each round, with ten times the data.
"""

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

ROUNDS = 5
SLACK = 0.1  # of a target: as much as a median moves from run to run without anything having changed
THRESHOLDS = Path("bench/thresholds.toml")
HEAD = (
    "what", "beside", "unit", "ours: median (middle half)", "peer", "ratio", "of processor time", "target",
    "cost at ten times the data", "samples",
)  # fmt: skip
T = TypeVar("T")
Targets = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What one slice gave: operations per second, or what one costs; and microseconds of processor time for each.

    No processor time (0): it was not measured.
    """

    value: float
    cpu_us: float = 0.0


Slice = Callable[[], Sample]
Slices = Sequence[Sequence[float]]  # latencies of each slice, in milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Samples of both in the order measured. ``name`` is the name of its targets too.

    ``cost``: the unit is a cost. ``ten``: our samples with ten times the data.
    """

    name: str
    what: str
    peer: str
    unit: str
    ours: tuple[Sample, ...]
    theirs: tuple[Sample, ...]
    ten: tuple[Sample, ...] = ()
    cost: bool = False

    @property
    def ratio(self) -> float:
        """Our median over the peer's."""
        return _middle(self.ours) / _middle(self.theirs)

    @property
    def cpu_ratio(self) -> float | None:
        """The peer's processor time for an operation over ours: 1 is as cheap, below 1 is dearer."""
        ours, theirs = (median(sample.cpu_us for sample in samples) for samples in (self.ours, self.theirs))
        return theirs / ours if ours and theirs else None

    @property
    def at_ten(self) -> float | None:
        """What an operation costs at ten times the data over what it costs at once the data: 1 is as cheap."""
        if not self.ten:
            return None
        grown = _middle(self.ten) / _middle(self.ours)
        return grown if self.cost else 1 / grown

    def misses(self, targets: Targets) -> bool:
        """Return whether one of its targets is missed by more than the slack."""
        ratio, ten = self._aims(targets)
        beside = ratio is not None and _beyond(self.ratio, ratio, at_most=self.cost) > SLACK
        return beside or bool(ten and self.at_ten and _beyond(self.at_ten, ten, at_most=True) > SLACK)

    def as_row(self, targets: Targets) -> tuple[str, ...]:
        """Return what a table shows of it."""
        cpu = "" if self.cpu_ratio is None else f"{self.cpu_ratio:.2f}"
        target, most = self._aims(targets)
        aim, ten = _judged(self.ratio, target, at_most=self.cost), self.at_ten
        grown = "–" if ten is None else f"{ten:.2f}" + (f" ({_judged(ten, most, at_most=True)})" if most else "")
        return (
            self.what, self.peer, self.unit, spread(self.ours), spread(self.theirs), f"{self.ratio:.2f}", cpu, aim,
            grown, str(len(self.ours)),
        )  # fmt: skip

    def _aims(self, targets: Targets) -> tuple[float | None, float | None]:
        """Return the targets of the ratio, and of the cost at ten times the data."""
        return targets["at_most" if self.cost else "ratio"].get(self.name), targets["ten"].get(self.name)

    def as_json(self) -> dict[str, Any]:
        """Return everything measured."""
        samples = {"ours": self.ours, "theirs": self.theirs, "ten": self.ten}
        return {
            "name": self.name,
            "peer": self.peer,
            "unit": self.unit,
            "ratio": self.ratio,
            "cpu_ratio": self.cpu_ratio,
            "at_ten": self.at_ten,
            **{whose: [sample.value for sample in found] for whose, found in samples.items()},
            **{f"{whose}_cpu_us": [sample.cpu_us for sample in found] for whose, found in samples.items()},
        }


def allowed(name: str, what: str, unit: str, found: Sequence[Sample], most: float) -> Comparison:
    """Return the comparison of a cost with the most that is allowed, in the same unit."""
    return Comparison(
        name=name, what=what, peer="what is allowed", unit=unit, cost=True, ours=tuple(found), theirs=(Sample(most),)
    )


def compare(
    name: str, what: str, peer: str, unit: str, ours: Slice, theirs: Slice, rounds: int = ROUNDS, *,
    ten: Slice | None = None, cost: bool = False,
) -> Comparison:  # fmt: skip
    """Return the comparison; each slice measures one of the two once, ``ten`` ours with ten times the data."""
    found = in_turns(ours, theirs, rounds, ten)
    return Comparison(
        name=name, what=what, peer=peer, unit=unit, cost=cost, ours=tuple(found[0]), theirs=tuple(found[1]),
        ten=tuple(found[2]),
    )  # fmt: skip


def compare_latencies(
    name: str, what: str, peer: str, ours: Callable[[], Sequence[float]], theirs: Callable[[], Sequence[float]],
    rounds: int = ROUNDS, *, ten: Callable[[], Sequence[float]] | None = None,
) -> list[Comparison]:  # fmt: skip
    """Return a comparison of the median and one of the 99th percentile; each slice gives latencies in milliseconds."""
    return latencies(name, what, peer, *in_turns(ours, theirs, rounds, ten))


def latencies(name: str, what: str, peer: str, ours: Slices, theirs: Slices, ten: Slices = ()) -> list[Comparison]:
    """Return a comparison of the medians and one of the 99th percentiles of slices, in milliseconds."""

    def of(share: float) -> Comparison:
        mine, others, grown = (
            tuple(Sample(percentile(some, share)) for some in measured) for measured in (ours, theirs, ten)
        )
        return Comparison(
            name=f"{name}-p{share * 100:.0f}", what=f"{what}, p{share * 100:.0f}", peer=peer, unit="ms",
            ours=mine, theirs=others, ten=grown, cost=True,
        )  # fmt: skip

    return [of(0.5), of(0.99)]


def in_turns(
    ours: Callable[[], T], theirs: Callable[[], T], rounds: int, ten: Callable[[], T] | None = None
) -> tuple[list[T], list[T], list[T]]:
    """Return what both gave, each in its order, after a turn each that does not count; and what ``ten`` gave."""
    for warm_up in (ours, theirs, *([ten] if ten else [])):
        warm_up()
    found: tuple[list[T], list[T], list[T]] = ([], [], [])
    for _ in range(rounds):
        found[0].append(ours())
        found[1].append(theirs())
        if ten:
            found[2].append(ten())
        found[1].append(theirs())
        found[0].append(ours())
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of the values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def targets() -> Targets:
    """Return the targets by kind (``ratio``: at least, ``at_most``, ``ten``: at most) and comparison."""
    found: dict[str, dict[str, float]] = tomllib.loads(THRESHOLDS.read_text())
    return found


def spread(samples: Sequence[Sample]) -> str:
    """Return the median and the middle half."""
    if len(samples) < 2:
        return _short(_middle(samples))
    low, _, high = quantiles((sample.value for sample in samples), n=4)
    return f"{_short(_middle(samples))} ({_short(low)}–{_short(high)})"


def rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return the comparisons as rows of a table under ``HEAD``."""
    aims = targets()
    return [HEAD, *(comparison.as_row(aims) for comparison in comparisons)]


def missed(comparisons: Sequence[Comparison]) -> list[str]:
    """Return what misses a target by more than the slack."""
    aims = targets()
    return [comparison.what for comparison in comparisons if comparison.misses(aims)]


def table(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as text."""
    found = rows(comparisons)
    widths = [max(len(row[column]) for row in found) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in found)


def _judged(found: float, target: float | None, at_most: bool) -> str:
    if target is None:
        return ""
    beyond = _beyond(found, target, at_most)
    return f"{'≤' if at_most else '≥'} {target:.2f}{' missed' if beyond > SLACK else ' nearly' if beyond else ''}"


def _beyond(found: float, target: float, at_most: bool) -> float:
    """Return by which share of the target it is missed; 0: kept."""
    return max(0.0, found / target - 1 if at_most else 1 - found / target)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _middle(samples: Sequence[Sample]) -> float:
    return median(sample.value for sample in samples)
