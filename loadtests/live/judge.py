"""What a run amounts to: figures, each beside its threshold, and whether the makers of load were fit to judge."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.live.ledger import Verdict, judge, spreads, unheard
from loadtests.live.records import DELAYED, GAVE_UP, OK, Done, Part
from loadtests.live.shapes import Shape

THRESHOLDS = Path(__file__).parents[1] / "thresholds.toml"
ASKED = frozenset({"join", "reconnect", "board", "reread", "append", "news"})
ANSWERED = frozenset({OK, DELAYED, GAVE_UP})
STEADY_S = 3  # seconds in a row that must be as before, to count as recovered
AS_BEFORE = 2.0
WINDOW_US = 5_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, what it may be at most, and what it says in plain words. ``limit`` None: nothing is asked of it."""

    name: str
    value: float | None
    limit: float | None
    unit: str
    about: str

    @property
    def holds(self) -> bool:
        """Whether it is within its limit; what could not be measured is not."""
        return self.limit is None or (self.value is not None and self.value <= self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """``void`` says why nothing can be concluded; empty where it can."""

    lines: list[Line]
    void: list[str]
    verdict: Verdict
    held: int
    counts: dict[str, int]

    @property
    def passed(self) -> bool:
        """Whether the run counts and every figure is within its limit."""
        return not self.void and all(line.holds for line in self.lines)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the value below which that share lies (nearest rank), or None where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def conclude(parts: Sequence[Part], rehearsal: Sequence[Part], shape: Shape, limits: Mapping[str, Any]) -> Judgement:
    """Return the judgement of a run."""
    done = [each for part in parts for each in part.done]
    viewers = [segments for part in parts for segments in part.viewers]
    verdict, load = judge(viewers, shape.grace_s), limits["load"]
    lines = [*_latencies(done, shape, load), *_deliveries(parts, done, verdict, shape, load)]
    lines.append(
        Line("fan-out, p99", _spread(viewers, shape), None, "ms", "from the first viewer who is told to this one")
    )
    if backs := [each.ended - each.due for each in done if each.kind == "reconnect"]:
        back = percentile(_away(done, shape) or [each / 1e6 for each in backs], 0.95)
        lines.append(Line("back after a cut, 95 %", back, load["reconnect_s"], "s", "with the pause they are told"))
    return Judgement(
        lines=lines, void=_void(parts, rehearsal, limits["generator"]), verdict=verdict,
        held=max((sum(point) for point in zip(*_aligned(parts), strict=False)), default=0),
        counts=_counts(parts),
    )  # fmt: skip


def _latencies(done: Sequence[Done], shape: Shape, load: Mapping[str, Any]) -> list[Line]:
    """Return how long joining and appending took before and during the disturbance, and what failed of both."""
    joins, appends = _phases(done, "join", shape), _phases(done, "append", shape)
    asked = [each for each in done if each.kind in ASKED]
    errors = sum(each.outcome not in (OK, DELAYED) for each in asked) / max(1, len(asked))
    ends = shape.disturbed_until + STEADY_S < shape.ends_at  # else nobody can see whether it recovered
    recovery = load["recovery_s"] if ends else None

    def bound(name: str) -> float | None:
        """Return the limit; what is under way when a process is killed fails, and is asked again."""
        return None if shape.faults else load[name]

    return [
        Line("joining, p99 before", percentile(joins[0], 0.99), None, "ms", "open the board and be on the stream"),
        Line("joining, p99 during", percentile(joins[1], 0.99), None, "ms", "from when the viewer came"),
        Line("joining, during / before", _ratio(joins), bound("join_p99_ratio"), "×", ""),
        Line("appending, p99 before", percentile(appends[0], 0.99), None, "ms", "an editor's draft is answered"),
        Line("appending, p99 during", percentile(appends[1], 0.99), None, "ms", "from when it was due"),
        Line("appending, during / before", _ratio(appends), bound("append_p99_ratio"), "×", ""),
        Line("failed requests", errors, bound("error_ratio"), "of all", "refusals that pass are not"),
        Line("recovery", recovery_s(done, shape), recovery, "s", "until joining costs what it did"),
    ]


def _deliveries(
    parts: Sequence[Part], done: Sequence[Done], verdict: Verdict, shape: Shape, load: Mapping[str, Any]
) -> list[Line]:
    """Return what viewers missed, heard twice or in disorder, and which changes nobody heard of."""
    heard = [at for part in parts for at in part.notes.get("heard", ())]
    told = [(each.began, each.ended) for each in done if each.kind == "news" and each.outcome == OK]
    silent = unheard(told, heard, shape.grace_s)
    return [
        Line("missing news", verdict.missing, load["missing"], "", f"of {verdict.delivered:,} deliveries"),
        Line("doubled news", verdict.doubled, load["doubled"], "", "told twice to one viewer"),
        Line("disordered news", verdict.disordered, load["disordered"], "", ""),
        Line("changes nobody heard of", silent, load["unheard"], "", f"of {len(told)} acknowledged"),
    ]


def recovery_s(done: Iterable[Done], shape: Shape) -> float | None:
    """Return how long after the disturbance joining was again at most twice what it was before, for 3 s in a row."""
    before = percentile(_phases(done, "join", shape)[0], 0.99)
    begin = shape.disturbed_until
    seconds: dict[int, list[float]] = {}
    for each in done:
        if each.kind == "join" and each.due / 1e6 >= begin:
            seconds.setdefault(int(each.due / 1e6 - begin), []).append(each.corrected_ms)
    if before is None:
        return None
    well = [second for second in sorted(seconds) if (percentile(seconds[second], 0.95) or 0) <= AS_BEFORE * before]
    for place in range(len(well) - STEADY_S + 1):
        if well[place + STEADY_S - 1] - well[place] == STEADY_S - 1:
            return float(well[place])
    return None


def limits() -> dict[str, Any]:
    """Return the thresholds."""
    return tomllib.loads(THRESHOLDS.read_text())


def _phases(done: Iterable[Done], kind: str, shape: Shape) -> tuple[list[float], list[float]]:
    """Return the corrected milliseconds of what was due in the calm (behind its first seconds), and in the load."""
    begin, calm, end = min(3.0, shape.calm_s / 4), shape.calm_s, shape.calm_s + shape.load_s
    well = [(each.due / 1e6, each.corrected_ms) for each in done if each.kind == kind and each.outcome in ANSWERED]
    return [ms for at, ms in well if begin <= at < calm], [ms for at, ms in well if calm <= at < end]


def _ratio(phases: tuple[list[float], list[float]]) -> float | None:
    before, during = (percentile(phase, 0.99) for phase in phases)
    return during / before if before and during is not None else None


def _spread(viewers: Sequence[Any], shape: Shape) -> float | None:
    return percentile((ms for at, ms in spreads(viewers) if at / 1e6 >= shape.calm_s), 0.99)


def _away(done: Iterable[Done], shape: Shape) -> list[float]:
    """Return for everybody who came back after a cut how many seconds it was."""
    return [
        each.ended / 1e6 - cut
        for each in done if each.kind == "reconnect" and each.outcome in (OK, DELAYED)
        for cut in [max((cut for cut in shape.cuts + shape.faults if cut <= each.ended / 1e6), default=None)]
        if cut is not None
    ]  # fmt: skip


def _aligned(parts: Sequence[Part]) -> list[list[int]]:
    return [[count for _, count in part.open] for part in parts if part.open]


def _counts(parts: Sequence[Part]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in parts:
        for what, count in part.counts.items():
            counts[what] = counts.get(what, 0) + count
        for each in part.done:
            if each.outcome != OK:
                counts[f"{each.kind}: {each.outcome}"] = counts.get(f"{each.kind}: {each.outcome}", 0) + 1
    return dict(sorted(counts.items()))


def _void(parts: Sequence[Part], rehearsal: Sequence[Part], limits: Mapping[str, float]) -> list[str]:
    """Return why the makers of load were the limit, if they were."""
    found = []
    late, asked = lateness(rehearsal), limits["rehearsal_late_p99_ms"]
    if rehearsal and (late is None or late > asked):
        found.append(
            f"with three times the load on a bare server they were {late or 0:.0f} ms late (at most {asked:g})"
        )
    late = lateness(parts)
    if late is None or late > limits["late_p99_ms"]:
        found.append(f"they were {late or 0:.0f} ms late with what was due (at most {limits['late_p99_ms']:g})")
    busy = [(part.name, used) for part in parts if (used := busiest(part)) > limits["cpu"]]
    return found + [f"{name} used {used:.0%} of a core (at most {limits['cpu']:.0%})" for name, used in busy]


def lateness(parts: Sequence[Part]) -> float | None:
    """Return the p99 of how late viewers were begun, in milliseconds."""
    return percentile(((e.began - e.due) / 1000 for part in parts for e in part.done if e.kind == "join"), 0.99)


def busiest(part: Part) -> float:
    """Return the share of a core the process used in its busiest five seconds."""
    used, begin = [0.0], 0
    for end, (at, cpu) in enumerate(part.cpu):
        while at - part.cpu[begin][0] > WINDOW_US and begin < end:
            at0, cpu0 = part.cpu[begin]
            used.append((cpu - cpu0) / ((at - at0) / 1e6))
            begin += 1
    return max(used)
