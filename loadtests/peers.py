"""Two that do the same work, measured in turns: ours, the peer, the peer, ours. Only their ratio is worth keeping."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROUNDS = 5
THRESHOLDS = Path("bench/thresholds.toml")
HEAD = ("what", "beside", "unit", "ours: median (middle half)", "peer", "ratio", "of processor time", "target")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one slice did: operations per second, and microseconds of processor time for each (0: not measured)."""

    rate: float
    cpu_us: float = 0.0


Slice = Callable[[], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Samples of both in the order measured. ``name`` is the name of its target too."""

    name: str
    what: str
    peer: str
    unit: str
    ours: tuple[Sample, ...]
    theirs: tuple[Sample, ...]

    @property
    def ratio(self) -> float:
        """Our median rate over the peer's."""
        return _rate(self.ours) / _rate(self.theirs)

    @property
    def cpu_ratio(self) -> float | None:
        """The peer's processor time for an operation over ours: 1 is as cheap, below 1 is dearer."""
        ours, theirs = (median(sample.cpu_us for sample in samples) for samples in (self.ours, self.theirs))
        return theirs / ours if ours and theirs else None

    def as_row(self, target: float | None) -> tuple[str, ...]:
        """Return what a table shows of it."""
        cpu = "" if self.cpu_ratio is None else f"{self.cpu_ratio:.2f}"
        aim = "" if target is None else f"{target:.2f}{'' if self.ratio >= target else ' missed'}"
        return (
            self.what, self.peer, self.unit, spread(self.ours), spread(self.theirs), f"{self.ratio:.2f}", cpu, aim,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Return everything measured."""
        samples = {"ours": self.ours, "theirs": self.theirs}
        return {
            "name": self.name,
            "peer": self.peer,
            "unit": self.unit,
            "ratio": self.ratio,
            "cpu_ratio": self.cpu_ratio,
            **{whose: [sample.rate for sample in found] for whose, found in samples.items()},
            **{f"{whose}_cpu_us": [sample.cpu_us for sample in found] for whose, found in samples.items()},
        }


def compare(name: str, what: str, peer: str, unit: str, ours: Slice, theirs: Slice, rounds: int = ROUNDS) -> Comparison:
    """Return the comparison; each slice measures one of the two once."""
    for warm_up in (ours, theirs):
        warm_up()
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for _ in range(rounds):
        samples[0].append(ours())
        samples[1].append(theirs())
        samples[1].append(theirs())
        samples[0].append(ours())
    return Comparison(
        name=name, what=what, peer=peer, unit=unit, ours=tuple(samples[0]), theirs=tuple(samples[1])
    )  # fmt: skip


def targets() -> dict[str, float]:
    """Return the least ratio of each comparison that has one."""
    found: dict[str, float] = tomllib.loads(THRESHOLDS.read_text())["ratio"]
    return found


def spread(samples: Sequence[Sample]) -> str:
    """Return the median rate and the middle half."""
    low, _, high = quantiles((sample.rate for sample in samples), n=4)
    return f"{_rate(samples):,.0f} ({low:,.0f}–{high:,.0f})"


def rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return the comparisons as rows of a table under ``HEAD``."""
    aims = targets()
    return [HEAD, *(comparison.as_row(aims.get(comparison.name)) for comparison in comparisons)]


def table(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as text."""
    found = rows(comparisons)
    widths = [max(len(row[column]) for row in found) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in found)


def _rate(samples: Sequence[Sample]) -> float:
    return median(sample.rate for sample in samples)
