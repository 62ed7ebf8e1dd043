"""A run as one page that needs nothing else: charts in SVG, figures with what they mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log10
from typing import Any

from loadtests.live.judge import Judgement, Line, busiest, lateness, percentile
from loadtests.live.ledger import spreads
from loadtests.live.records import DELAYED, GAVE_UP, OK, Part
from loadtests.live.shapes import Shape

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 860, 220, 56, 26, 10
COLOURS = ("#2563eb", "#dc2626", "#059669", "#a16207")
STYLE = """
body{font:15px/1.55 system-ui,sans-serif;max-width:900px;margin:2rem auto;padding:0 1rem;color:#1f2937}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin:1.8rem 0 .2rem}p.about{color:#4b5563;margin:.2rem 0}
.banner{padding:.7rem 1rem;border-radius:6px;color:#fff;font-weight:600;margin:1rem 0}.ok{background:#059669}
.bad{background:#dc2626}.void{background:#a16207}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #e5e7eb}td.n{text-align:right;white-space:nowrap}
td.no{color:#dc2626;font-weight:600}td.yes{color:#059669}
svg{width:100%;height:auto}svg text{font:11px sans-serif;fill:#4b5563}
.key span{margin-right:1.2rem;white-space:nowrap}
.key i{display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything a report is made of. ``gauge`` are the platform's memory, CPU and files, second by second."""

    shape: Shape
    parts: Sequence[Part]
    rehearsal: Sequence[Part]
    judgement: Judgement
    gauge: Sequence[Mapping[str, float]]
    facts: Mapping[str, Any]


def page(run: Run) -> str:
    """Return the report as HTML."""
    name = type(run.shape).__name__.lower()
    body = [
        f"<h1>Load: {name}, {run.shape.viewers:,} viewers</h1>",
        f'<p class="about">{escape(run.shape.about)}</p>',
        _banner(run.judgement),
        _table(run.judgement.lines),
        *_charts(run),
        "<h2>The makers of load</h2>",
        '<p class="about">A load test is worth nothing when the program that makes the load is what was slow. Before '
        "the run each process had to carry three times the load on a bare server.</p>",
        _pairs(_makers(run)),
        "<h2>What else was counted</h2>",
        _pairs({**run.judgement.counts, "words to start over (resync)": run.judgement.verdict.restarts}),
        "<h2>The run</h2>",
        _pairs(run.facts),
    ]
    title = f"Load: {name}"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return head + "".join(body) + "</html>\n"


def _banner(judgement: Judgement) -> str:
    if judgement.void:
        return f'<div class="banner void">Void: {escape("; ".join(judgement.void))}</div>'
    if judgement.passed:
        return f'<div class="banner ok">Passed. {judgement.held:,} viewers were held at once.</div>'
    failed = ", ".join(line.name for line in judgement.lines if not line.holds)
    return f'<div class="banner bad">Failed: {escape(failed)}. {judgement.held:,} viewers were held at once.</div>'


def _table(lines: Sequence[Line]) -> str:
    rows = ["<tr><th>what</th><th>measured</th><th>at most</th><th></th></tr>"]
    for line in lines:
        mark = "" if line.limit is None else "yes" if line.holds else "no"
        rows.append(
            f'<tr><td>{escape(line.name)}</td><td class="n {mark}">{written(line)}</td>'
            f'<td class="n">{"" if line.limit is None else f"{line.limit:g}"}</td><td>{escape(line.about)}</td></tr>'
        )
    return f"<table>{''.join(rows)}</table>"


def written(line: Line) -> str:
    """Return the figure as people read it."""
    if line.value is None:
        return "not measured"
    number = f"{line.value:,.0f}" if line.value == int(line.value) or line.value >= 100 else f"{line.value:.3g}"
    return f"{number} {line.unit}".strip()


def _charts(run: Run) -> list[str]:
    done = [each for part in run.parts for each in part.done if each.outcome in (OK, DELAYED, GAVE_UP)]
    joins = [(each.due / 1e6, each.corrected_ms, each.raw_ms) for each in done if each.kind == "join"]
    appends = [(each.due / 1e6, each.corrected_ms, each.raw_ms) for each in done if each.kind == "append"]
    fan = [(at / 1e6, ms) for at, ms in spreads([segments for part in run.parts for segments in part.viewers])]
    own = [(at / 1e6, ms / 1000) for part in run.parts for at, ms in part.late]
    return [
        _chart(run.shape, "Viewers connected", "Who has the stream open at each moment.", {"viewers": _connected(run)}),
        _chart(
            run.shape, "Joining (ms)", "Open the board and be on the stream: 99 of 100 viewers were faster. Corrected "
            "counts from when the viewer came, raw from when the program got round to it.",
            {"p50": _each_second(joins, 1, 0.5), "p99 corrected": _each_second(joins, 1, 0.99),
             "p99 raw": _each_second(joins, 2, 0.99)}, logarithmic=True,
        ),
        _chart(
            run.shape, "Appending (ms)", "Five drafts a second by an editor. Corrected counts from when each was due: "
            "a slow answer makes the next one late, and that is the platform's fault.",
            {"p50": _each_second(appends, 1, 0.5), "p99 corrected": _each_second(appends, 1, 0.99),
             "p99 raw": _each_second(appends, 2, 0.99)}, logarithmic=True,
        ),
        _chart(
            run.shape, "Fan-out (ms)", "From the first viewer who is told of a change to each other one.",
            {"p50": _each_second(fan, 1, 0.5), "p99": _each_second(fan, 1, 0.99)}, logarithmic=True,
        ),
        _chart(run.shape, "Deliveries per second", "", {"deliveries": _rate(fan)}),
        _chart(
            run.shape, "The platform's gateway", "Share of one core in per cent, memory in MB.",
            {"CPU %": _cpu(run.gauge), "memory MB": [(each["at"], each["rss_mb"]) for each in run.gauge]},
        ),
        _chart(run.shape, "How late the makers of load were (ms)", "", {"p99": _each_second(own, 1, 0.99)}),
    ]  # fmt: skip


def _chart(shape: Shape, title: str, about: str, series: Mapping[str, Points], logarithmic: bool = False) -> str:
    points = [point for each in series.values() for point in each]
    head = f'<h2>{escape(title)}</h2><p class="about">{escape(about)}</p>'
    if not points:
        return f"{head}<p>nothing was measured</p>"
    high = max(max(value for _, value in points), 1.0) * (1.5 if logarithmic else 1.08)
    low = max(min((value for _, value in points if value > 0), default=0.1) / 1.5, 0.01) if logarithmic else 0.0

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - 8) * min(max(at, 0.0), shape.ends_at) / shape.ends_at

    def y(value: float) -> float:
        share = log10(max(value, low) / low) / log10(high / low) if logarithmic else value / high
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share

    top, foot = f'y1="{TOP}"', f'y2="{HEIGHT - BOTTOM}"'
    begin, end = x(shape.calm_s), x(shape.calm_s + shape.load_s)
    box = f'y="{TOP}" height="{HEIGHT - BOTTOM - TOP}" fill="#f3f4f6"'
    drawn = [f'<rect x="{begin:.0f}" width="{end - begin:.0f}" {box}/>', *_grid(low, high, logarithmic, y)]
    for second in range(0, int(shape.ends_at) + 1, max(5, int(shape.ends_at / 12) // 5 * 5)):
        drawn += [f'<text x="{x(second):.0f}" y="{HEIGHT - 8}" text-anchor="middle">{second} s</text>']
    for cut in shape.cuts + shape.faults:
        drawn += [f'<line x1="{x(cut):.0f}" x2="{x(cut):.0f}" {top} {foot} stroke="#dc2626" stroke-dasharray="3"/>']
    keys = []
    for colour, (name, each) in zip(COLOURS, series.items(), strict=False):
        line = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in each)
        drawn += [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>']
        keys += [f'<span><i style="background:{colour}"></i>{escape(name)}</span>']
    return f'{head}<svg viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(drawn)}</svg><div class="key">{"".join(keys)}</div>'


def _grid(low: float, high: float, logarithmic: bool, y: Callable[[float], float]) -> Iterator[str]:
    for value in _marks(low, high, logarithmic):
        yield f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e5e7eb"/>'
        yield f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,.4g}</text>'


def _marks(low: float, high: float, logarithmic: bool) -> list[float]:
    if logarithmic:
        return [10.0**power for power in range(-2, 7) if low <= 10.0**power <= high]
    step = 10 ** int(log10(high)) / (1 if high / 10 ** int(log10(high)) >= 4 else 4)
    return [step * number for number in range(int(high / step) + 1)]


def _each_second(rows: Sequence[tuple[float, ...]], column: int, share: float) -> Points:
    seconds: dict[int, list[float]] = {}
    for row in rows:
        seconds.setdefault(int(row[0]), []).append(row[column])
    return [(second + 0.5, percentile(values, share) or 0.0) for second, values in sorted(seconds.items())]


def _rate(rows: Sequence[tuple[float, float]]) -> Points:
    seconds: dict[int, int] = {}
    for at, _ in rows:
        seconds[int(at)] = seconds.get(int(at), 0) + 1
    return [(second + 0.5, float(seconds.get(second, 0))) for second in range(max(seconds, default=0) + 1)]


def _connected(run: Run) -> Points:
    open_ = [part.open for part in run.parts if part.open]
    return [(each[0][0] / 1e6, float(sum(count for _, count in each))) for each in zip(*open_, strict=False)]


def _cpu(gauge: Sequence[Mapping[str, float]]) -> Points:
    return [(b["at"], 100 * max(0.0, b["cpu_s"] - a["cpu_s"]) / (b["at"] - a["at"])) for a, b in pairwise(gauge)]


def _makers(run: Run) -> dict[str, str]:
    said = {f"{part.name}, busiest five seconds": f"{busiest(part):.0%} of a core" for part in run.parts if part.cpu}
    return {
        "begun late, p99, rehearsal at three times the load": f"{lateness(run.rehearsal) or 0:.1f} ms",
        "begun late, p99, this run": f"{lateness(run.parts) or 0:.1f} ms", **said,
    }  # fmt: skip


def _pairs(pairs: Mapping[str, Any]) -> str:
    rows = (f"<tr><td>{escape(str(k))}</td><td>{escape(str(v))}</td></tr>" for k, v in pairs.items())
    return f"<table>{''.join(rows)}</table>"
