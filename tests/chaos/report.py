"""What a run says: a few lines for the terminal, and a page with a timeline that needs nothing but itself."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from statistics import median, quantiles

from tests.chaos.history import Fault, Operation
from tests.chaos.run import Result

WIDTH, LEFT, BAR, CHART = 1000, 40, 14, 90
SHOWN = 20
STYLE = """
body{font:14px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;padding:0 1rem;color:#1d2733}
h1{font-size:1.5rem} h2{font-size:1.2rem;margin-top:2.5rem} table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.2rem .8rem;border-bottom:1px solid #dde3ea;text-align:left;font-weight:400}
th{color:#5b6b7c} td.n{text-align:right;font-variant-numeric:tabular-nums} .ok{color:#13795b} .no{color:#b42318}
pre{white-space:pre-wrap;background:#f5f7f9;padding:1rem;font-size:12px} svg text{font-size:10px;fill:#5b6b7c}
"""


def counts(result: Result) -> dict[str, int | str]:
    """Return the figures of a run under the names of a consistency checker."""
    operations, verdict = result.history.operations, result.verdict
    return {
        "attempted": len(operations),
        "acknowledged": sum(one.outcome == "ok" for one in operations),
        "refused": sum(one.outcome == "fail" for one in operations),
        "never answered": sum(one.outcome in ("info", "invoked") for one in operations),
        "attempts without an answer": sum(one.unanswered for one in operations),
        "attempts put off": sum(one.put_off for one in operations),
        "lost": len(verdict.lost),
        "duplicated (raw)": "–" if verdict.raw is None else verdict.raw,
        "duplicated (effect)": len(verdict.doubled),
        "reordered": len(verdict.reordered),
        "unexpected": len(verdict.unexpected),
        "faults not hit": len(result.missed),
        "wrong after a restore": len(result.restored),
    }


def findings(result: Result) -> list[str]:
    """Return everything that should not be, a line each."""
    verdict = result.verdict
    kinds = {"lost": verdict.lost, "duplicated": verdict.doubled, "reordered": verdict.reordered,
             "unexpected": verdict.unexpected, "not hit": result.missed,
             "after a restore": result.restored}  # fmt: skip
    return [f"{kind}: {line}" for kind, lines in kinds.items() for line in lines]


def summary(result: Result) -> str:
    """Return the lines for the terminal."""
    times = recoveries(result.history.faults)
    lines = [f"{result.plan.mode}, seed {result.plan.seed}: {'every promise was kept' if result.holds else 'BROKEN'}"]
    lines += [f"  {name:<28}{value:>8}" for name, value in counts(result).items()]
    lines.append(
        f"  {len(result.history.faults)} faults in {result.faults_s:.0f} s, calm after {result.calmed_s:.0f} s"
    )
    if times:
        lines.append(f"  recovery: median {median(times):.1f} s, longest {max(times):.1f} s")
    found = findings(result)
    lines += [f"  {line}" for line in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"  … and {len(found) - SHOWN} more: in the report")
    return "\n".join(lines)


def recoveries(faults: Sequence[Fault]) -> list[float]:
    """Return the seconds that passed from each fault's end to the next acknowledgement of what it had hit."""
    return [fault.recovered for fault in faults if fault.recovered is not None]


def write_report(results: Sequence[Result], folder: Path) -> Path:
    """Write the page of some runs; return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    seed = results[0].plan.seed
    path = folder / f"chaos-{seed}.html"
    parts = "".join(map(_part, results))
    title = f"Chaos, seed {seed}"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1><p>People write, review and publish through the API while processes, network, broker,"
        f" database, disk and clock fail. Above: the faults; a tick marks where what a fault had hit answered again."
        f" Below: acknowledgements a second, and how long they took. Again: <code>make chaos SEED={seed}</code></p>"
        f"{parts}</html>"
    )
    return path


def _part(result: Result) -> str:
    word = '<span class="ok">every promise was kept</span>' if result.holds else '<span class="no">broken</span>'
    rows = "".join(f'<tr><th>{name}<td class="n">{value}' for name, value in counts(result).items())
    faults = "".join(map(_fault_row, result.history.faults))
    found = "\n".join(findings(result))
    words = f"<h3>Findings</h3><pre>{escape(found)}</pre><h3>Last words</h3><pre>{escape(result.said)}</pre>"
    return (
        f"<h2>{result.plan.mode}: {word}</h2>{_timeline(result)}<table>{rows}</table>{words if found else ''}"
        f"<h3>Faults</h3><table><tr><th>from<th>to<th>fault<th>recovered after{faults}</table>"
    )


def _fault_row(fault: Fault) -> str:
    after = "–" if fault.recovered is None else f"{fault.recovered:.1f} s"
    name = escape(f"{fault.name}: {fault.detail}" if fault.detail else fault.name)
    return f'<tr><td class="n">{fault.begin:.1f} s<td class="n">{fault.end:.1f} s<td>{name}<td class="n">{after}'


def _timeline(result: Result) -> str:
    done = result.history.acknowledged()
    length = max([fault.end for fault in result.history.faults] + [one.ended for one in done] + [1.0])
    scale = (WIDTH - LEFT) / length
    rows, bars = _rows(result.history.faults), []
    for fault, row in rows:
        x, y = LEFT + fault.begin * scale, row * BAR
        width = max(2.0, (fault.end - fault.begin) * scale)
        bars.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR - 3}" fill="#e4a11b" opacity=".8">'
                    f"<title>{escape(fault.name)}</title></rect>"
                    f'<text x="{x + width + 3:.1f}" y="{y + 9}">{escape(fault.name)}</text>')  # fmt: skip
        if fault.recovered is not None:
            at = LEFT + (fault.end + fault.recovered) * scale
            bars.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y}" y2="{y + BAR - 3}" stroke="#13795b" stroke-width="2"/>'
            )
    top = (max((row for _, row in rows), default=0) + 1) * BAR + 10
    seconds = range(int(length) + 1)
    rate = [float(sum(int(one.ended) == second for one in done)) for second in seconds]
    writes = [one for one in done if one.kind != "read"]
    slow = [_high([one for one in writes if int(one.ended) == second]) for second in seconds]
    charts = _chart(rate, top, scale, "acknowledged / s", "#2a6fdb")
    charts += _chart(slow, top + CHART + 30, scale, "p95 of the answered attempt, ms", "#7a4fd0")
    height = top + 2 * (CHART + 30)
    axis = "".join(f'<text x="{LEFT + at * scale:.0f}" y="{height - 4}">{at} s</text>' for at in seconds[::10])
    return f'<svg viewBox="0 0 {WIDTH + 160} {height}" width="100%" role="img">{"".join(bars)}{charts}{axis}</svg>'


def _rows(faults: Sequence[Fault]) -> list[tuple[Fault, int]]:
    """Return each fault with a row in which its bar and name meet no other's."""
    free: list[float] = []
    found = []
    for fault in sorted(faults, key=lambda one: one.begin):
        row = next((number for number, since in enumerate(free) if since <= fault.begin), len(free))
        if row == len(free):
            free.append(0.0)
        free[row] = max(fault.end, fault.begin) + 0.5 * len(fault.name) ** 0.9
        found.append((fault, row))
    return found


def _chart(values: Sequence[float], top: int, scale: float, name: str, colour: str) -> str:
    highest = max([*values, 1.0])
    points = " ".join(
        f"{LEFT + at * scale:.1f},{top + CHART - value / highest * CHART:.1f}" for at, value in enumerate(values)
    )
    return (
        f'<text x="{LEFT}" y="{top - 4}">{name}, up to {highest:.0f}</text><line x1="{LEFT}" x2="{WIDTH}" '
        f'y1="{top + CHART}" y2="{top + CHART}" stroke="#dde3ea"/><polyline points="{points}" fill="none" '
        f'stroke="{colour}" stroke-width="1.5"/>'
    )


def _high(answered: Sequence[Operation]) -> float:
    """Return the 95th percentile of the answered attempts, in ms."""
    took = [1000 * one.took for one in answered]
    return quantiles(took, n=20)[-1] if len(took) > 1 else (took[0] if took else 0.0)
