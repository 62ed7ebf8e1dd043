"""``make load SHAPE=spike VIEWERS=5000``: play a live event on the platform that runs here, judge, report."""

import json
import os
import platform as machine
import resource
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from loadtests.live.judge import Judgement, conclude, limits
from loadtests.live.many import many
from loadtests.live.plan import Plan
from loadtests.live.platform import CannotLoad, Gauge, Platform, now, people, platform
from loadtests.live.report import Run, page, written
from loadtests.live.run import crowds_for, rehearse, run
from loadtests.live.shapes import SHAPES, Shape, shape_of
from shared.errors import PlatformError

RESULTS = Path("var/load")
SPARE_FILES = 1000


@click.command()
@click.option("--shape", "name", type=click.Choice(list(SHAPES)), default="spike", show_default=True)
@click.option("--viewers", default=1000, show_default=True, help="How many come, besides passers-by.")
@click.option("--seed", default=2021, show_default=True, help="The same seed gives the same event.")
@click.option("--url", help="The platform, on this machine's loopback; by default what runs here, else one of its own.")
@click.option("--fresh", is_flag=True, help="Start a platform for this run, whatever runs here.")
@click.option(
    "--many", "of_many", is_flag=True, help="Start one of many processes; `fault` kills relay, broker, database."
)
@click.option("--calm", "calm_s", default=20.0, show_default=True, help="Seconds before the load.")
@click.option("--load", "load_s", default=30.0, show_default=True, help="Seconds of it.")
@click.option("--after", "after_s", default=20.0, show_default=True, help="Seconds after it.")
@click.option(
    "--news", "news_per_s", type=float, help="Changes a second that the editors make; by default the shape's."
)
@click.option("--rehearsal/--no-rehearsal", default=True, help="Prove first that the makers of load can do it.")
def load(name: str, viewers: int, seed: int, url: str | None, fresh: bool, of_many: bool, calm_s: float, load_s: float,
         after_s: float, news_per_s: float | None, rehearsal: bool) -> None:  # fmt: skip
    """Play a live event and judge it; exit code 1 when a threshold is not kept, 2 when the run is void."""
    _raise_files(viewers)
    options = {"calm_s": calm_s, "load_s": load_s, "after_s": after_s, "many": float(of_many)}
    if news_per_s is not None:
        options["news_per_s"] = news_per_s
    shape = shape_of(name, viewers, seed, **options)
    folder = RESULTS / f"{now()}-{name}-{viewers}"
    folder.mkdir(parents=True)
    with (
        many() if of_many else platform(url, fresh or name == "fault") as of,
        people(of, len_streams(shape)) as who,
    ):
        plan = Plan(
            port=of.port, folder=str(folder), shape=name, viewers=viewers, seed=seed, crowds=crowds_for(viewers),
            starts_at=0.0, keys=who.viewers, editor_key=who.editor, unit=who.unit, channels=who.channels,
            options=options,
        )  # fmt: skip
        click.echo(f"{shape.about}\n{viewers:,} viewers, seed {seed}, on {of.url}{' (started for this)' * of.own}")
        before = rehearse(plan, folder / "rehearsal") if rehearsal else []
        gauge = Gauge(of)
        parts = run(plan, ["desk", *(f"crowd-{number}" for number in range(plan.crowds))], _begin(of, shape, gauge))
        gauge.stop()
        facts = _facts(of, plan, gauge)
    judgement = conclude(parts, before, shape, limits())
    found = Run(shape=shape, parts=parts, rehearsal=before, judgement=judgement, gauge=gauge.taken, facts=facts)
    (folder / "report.html").write_text(page(found))
    (folder / "result.json").write_text(json.dumps(_result(found), indent=2))
    _clean(folder)
    _say(judgement, folder)
    sys.exit(0 if judgement.passed else 2 if judgement.void else 1)


def len_streams(shape: Shape) -> int:
    """Return how many streams may be open at once: who was cut may be back before he is missed."""
    return round((shape.viewers * 1.05 + 200) * (1.5 if shape.cuts or shape.faults else 1.0))


def _begin(of: Platform, shape: Shape, gauge: Gauge) -> Callable[[float], None]:
    def begin(starts_at: float) -> None:
        gauge.start(starts_at)
        for at, fault in zip(shape.faults, of.faults or (of.kill_worker,), strict=False):
            timer = threading.Timer(starts_at + at - time.monotonic(), fault)
            timer.daemon = True
            timer.start()

    return begin


def _raise_files(viewers: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if viewers + SPARE_FILES > hard:
        raise CannotLoad(f"{viewers} viewers need {viewers + SPARE_FILES} open files, the limit is {hard}: ulimit -Hn")


def _facts(of: Platform, plan: Plan, gauge: Gauge) -> dict[str, str]:
    memory = [each["rss_mb"] for each in gauge.taken]
    return {
        "machine": f"{os.cpu_count()} cores, {machine.platform()}, Python {machine.python_version()}",
        "load average while it ran": ", ".join(
            f"{each['load']:.1f}" for each in gauge.taken[:: max(1, len(memory) // 6)]
        ),
        "platform": f"{of.about}, started for this run" if of.own else of.url,
        "gateway's memory, first and most": f"{memory[0]:.0f} MB, {max(memory):.0f} MB" if memory else "hidden",
        "open files, most": f"{max((each['files'] for each in gauge.taken), default=0):.0f}",
        "again": f"make load SHAPE={plan.shape} VIEWERS={plan.viewers} SEED={plan.seed}{' MANY=1' * bool(of.faults)}",
    }


def _result(found: Run) -> dict[str, object]:
    said = found.judgement
    return {
        "facts": found.facts, "passed": said.passed, "void": said.void, "held": said.held, "counts": said.counts,
        "verdict": asdict(said.verdict), "lines": [asdict(line) for line in said.lines], "gauge": found.gauge,
    }  # fmt: skip


def _clean(folder: Path) -> None:
    """Leave the report and the result; plans hold keys, notes are large."""
    shutil.rmtree(folder / "rehearsal", ignore_errors=True)
    for path in (*folder.glob("*-*.json"), *folder.glob("*.ready"), folder / "plan.json", folder / "begin"):
        path.unlink(missing_ok=True)


def _say(judgement: Judgement, folder: Path) -> None:
    for line in judgement.lines:
        limit = "" if line.limit is None else f"at most {line.limit:g}"
        mark = click.style("ok" if line.holds else "FAILED", fg="green" if line.holds else "red") if limit else ""
        click.echo(f"  {line.name:<28} {written(line):>14}  {limit:<14} {mark}")
    click.echo(f"  {judgement.held:,} viewers held at once; {folder / 'report.html'}")
    for reason in judgement.void:
        click.secho(f"void, the makers of load were the limit: {reason}", fg="yellow")


def main() -> None:
    """Run; what goes wrong is one line that says how to mend it."""
    try:
        load(standalone_mode=True)
    except (CannotLoad, PlatformError) as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
