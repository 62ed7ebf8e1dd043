"""What a process that makes load notes: what was done and how long it took, and which news each viewer had."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OK = "ok"
DELAYED = "delayed"  # refused with Retry-After at first, and answered later
GAVE_UP = "gave up"  # not answered when the viewer left, or the run ended: it took at least as long as it did


@dataclass(slots=True)
class Segment:
    """News a viewer had between two words to start over: after ``start``, ``ids`` in the order of arrival.

    ``at`` is when each came (microseconds; -1 where it was caught up with after an absence), ``end`` when the viewer
    left while connected, else 0.
    """

    start: int
    ids: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    end: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """One thing done. Times in microseconds since the run's start; ``due`` is when it ought to have begun."""

    kind: str
    due: int
    began: int
    ended: int
    outcome: str

    @property
    def raw_ms(self) -> float:
        """How long it took from when it was begun."""
        return (self.ended - self.began) / 1000

    @property
    def corrected_ms(self) -> float:
        """How long it took from when it was due: what waits behind something slow is not forgotten.

        Source: G. Tene, "How NOT to measure latency" (coordinated omission); wrk2's README.
        """
        return (self.ended - self.due) / 1000


class Records:
    """The notes of one process."""

    def __init__(self, starts_at: float, tell: Callable[[Done], None] | None = None) -> None:
        self._starts_at, self._tell = starts_at, tell
        self.done: list[Done] = []
        self.viewers: list[list[Segment]] = []
        self.open: list[tuple[int, int]] = []
        self.late: list[tuple[int, int]] = []
        self.counts: dict[str, int] = {}
        self.notes: dict[str, Any] = {}
        self._cpu: list[tuple[int, float]] = []

    def now(self) -> int:
        """Return microseconds since the run's start; negative before it."""
        return round((time.monotonic() - self._starts_at) * 1e6)

    def note(self, kind: str, due: int, began: int, outcome: str) -> None:
        """Note that something that began then has ended now."""
        self.done.append(Done(kind, due, began, self.now(), outcome))
        if self._tell is not None:
            self._tell(self.done[-1])

    def count(self, what: str) -> None:
        """Count that something happened."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def tick(self, connected: int, late: int) -> None:
        """Note how many are connected, how late this process is with its own work, and what CPU it used."""
        now = self.now()
        self.open.append((now, connected))
        self.late.append((now, late))
        self._cpu.append((now, time.process_time()))

    def write(self, folder: Path, name: str) -> None:
        """Keep the notes in ``folder``."""
        text = {
            "done": [(each.kind, each.due, each.began, each.ended, each.outcome) for each in self.done],
            "viewers": [[(e.start, e.ids, e.at, e.end) for e in segments] for segments in self.viewers],
            "open": self.open, "late": self.late, "cpu": self._cpu, "counts": self.counts, "notes": self.notes,
        }  # fmt: skip
        path = folder / f"{name}-{os.getpid()}.part"
        path.write_text(json.dumps(text))
        path.rename(path.with_suffix(".json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The notes of one process, read again."""

    name: str
    done: list[Done]
    viewers: list[list[Segment]]
    open: list[tuple[int, int]]
    late: list[tuple[int, int]]
    cpu: list[tuple[int, float]]
    counts: dict[str, int]
    notes: dict[str, Any]


def read_parts(folder: Path) -> Iterator[Part]:
    """Give the notes of every process of a run."""
    for path in sorted(folder.glob("*-*.json")):
        found = json.loads(path.read_text())
        found["done"] = [Done(*each) for each in found["done"]]
        found["viewers"] = [[Segment(*each) for each in segments] for segments in found["viewers"]]
        yield Part(name=path.stem.rpartition("-")[0], **found)
