"""Starts the processes that make load, lets them begin together, and waits for what they noted."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra.servers.ports import free_port, wait_until
from loadtests.live.plan import HERE, VARIABLE, Plan
from loadtests.live.platform import CannotLoad
from loadtests.live.records import Part, read_parts
from loadtests.live.shapes import shape_of

PER_CROWD = 5000
READY_S, PATIENCE_S = 90.0, 60.0
LEAD_S = 0.5
REHEARSAL_S = 4.0
FACTOR = 3.0


def crowds_for(viewers: int) -> int:
    """Return how many processes play so many viewers: two cores are shared with the platform."""
    return max(1, min(4, -(-viewers // PER_CROWD)))


def run(plan: Plan, roles: list[str], on_begin: Callable[[float], None] = lambda starts_at: None) -> list[Part]:
    """Run the plan with a Locust process for each role; return what they noted.

    Raises:
        CannotLoad: a process did not begin, or did not end.
    """
    folder = Path(plan.folder)
    plan.write(folder / "plan.json")
    running = [_start(plan, role, folder) for role in roles]
    try:
        if not wait_until(lambda: all((folder / f"{role}.ready").exists() for role in roles), READY_S):
            raise CannotLoad(f"the makers of load did not start: {_last_words(folder)}")
        starts_at = time.monotonic() + LEAD_S
        (folder / "begin.part").write_text(str(starts_at))
        (folder / "begin.part").rename(folder / "begin")
        on_begin(starts_at)
        ends = shape_of(plan.shape, plan.viewers, plan.seed, **(plan.options or {})).ends_at
        for process in running:
            process.wait(max(1.0, starts_at + ends + PATIENCE_S - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise CannotLoad(f"a maker of load did not end: {_last_words(folder)}") from error
    finally:
        for process in running:
            process.kill()
            process.wait()
    parts = list(read_parts(folder))
    if len(parts) != len(roles):
        raise CannotLoad(f"a maker of load failed: {_last_words(folder)}")
    return parts


def rehearse(plan: Plan, folder: Path) -> list[Part]:
    """Run three times the plan's load against a bare server for a few seconds; return what was noted."""
    shape = shape_of(plan.shape, plan.viewers, plan.seed, **(plan.options or {}))
    port, per_s = free_port(), FACTOR * shape.news_per_s
    folder.mkdir()
    bare = subprocess.Popen([sys.executable, "-m", "loadtests.live.bare", str(port), str(per_s)])
    try:
        viewers = round(FACTOR * shape.peak_per_s() * REHEARSAL_S)
        options = {"calm_s": REHEARSAL_S / 0.7, "load_s": 3.0, "after_s": 0.0, "news_per_s": per_s}
        test = Plan(
            port=port, folder=str(folder), shape="baseline", viewers=viewers, seed=plan.seed, crowds=plan.crowds,
            starts_at=0.0, keys=("mm_x",), options=options,
        )  # fmt: skip
        return run(test, [f"crowd-{number}" for number in range(plan.crowds)])
    finally:
        bare.kill()
        bare.wait()


def _start(plan: Plan, role: str, folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "--only-summary"]
    command += ["--host", f"http://{HERE}:{plan.port}", "--loglevel", "ERROR", "--stop-timeout", "0"]
    env = {**os.environ, VARIABLE: str(folder / "plan.json"), "LOAD_ROLE": role}
    with (folder / f"{role}.log").open("wb") as log:
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _last_words(folder: Path) -> str:
    return "\n".join(path.read_text(errors="replace")[-1500:] for path in sorted(folder.glob("*.log")))
