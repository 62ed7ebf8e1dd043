"""Two that do the same work, measured in turns: ours, the peer, the peer, ours. Only their ratio is worth keeping."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

ROUNDS = 5
Slice = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Rates (per second) of both in the order measured; ``busy`` is the share of a core the measuring process used."""

    name: str
    peer: str
    unit: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    busy: float

    @property
    def ratio(self) -> float:
        """Our median rate over the peer's."""
        return median(self.ours) / median(self.theirs)

    def as_row(self) -> tuple[str, ...]:
        """Return what a table shows of it."""
        return (self.name, self.peer, self.unit, spread(self.ours), spread(self.theirs), f"{self.ratio:.2f}")

    def as_json(self) -> dict[str, Any]:
        """Return everything measured."""
        return {
            "name": self.name,
            "peer": self.peer,
            "unit": self.unit,
            "ours": self.ours,
            "theirs": self.theirs,
            "ratio": self.ratio,
            "client_cpu": self.busy,
        }


def compare(name: str, peer: str, unit: str, ours: Slice, theirs: Slice, rounds: int = ROUNDS) -> Comparison:
    """Return the comparison; each slice measures one of the two once and returns its rate."""
    for warm_up in (ours, theirs):
        warm_up()
    rates: tuple[list[float], list[float]] = ([], [])
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(rounds):
        rates[0].append(ours())
        rates[1].append(theirs())
        rates[1].append(theirs())
        rates[0].append(ours())
    busy = (time.process_time() - cpu) / (time.perf_counter() - started)
    return Comparison(name=name, peer=peer, unit=unit, ours=tuple(rates[0]), theirs=tuple(rates[1]), busy=busy)


def spread(rates: Sequence[float]) -> str:
    """Return the median and the middle half."""
    low, _, high = quantiles(rates, n=4)
    return f"{median(rates):,.0f} ({low:,.0f}–{high:,.0f})"


def table(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as text."""
    rows: list[tuple[str, ...]] = [("what", "peer", "unit", "ours: median (middle half)", "peer", "ratio")]
    rows += [comparison.as_row() for comparison in comparisons]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
