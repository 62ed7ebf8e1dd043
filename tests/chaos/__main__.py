"""The command behind `make chaos`: both modes, or a mutant that has to be caught; exit code 1 when a promise broke."""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.chaos.mutants import MUTANTS, write_tree
from tests.chaos.report import summary, write_report
from tests.chaos.run import Plan, run
from tests.chaos.stage import DISTRIBUTED, EMBEDDED

REPORTS = Path("var/chaos")
CAUGHT = 1  # the exit code of a run in which a promise broke


@click.command()
@click.option("--minutes", default=1.0, show_default=True, help="How long faults go on in each mode, at least.")
@click.option("--seed", type=int, help="Repeats a run's faults, in their order and with their lengths.")
@click.option("--mode", type=click.Choice([EMBEDDED, DISTRIBUTED]), multiple=True, help="Only this mode.")
@click.option("--fault", multiple=True, help="Only this fault, by the name that a run prints.")
@click.option("--mutant", type=click.Choice([*MUTANTS, "all"]), help="Run a careless version, which has to be caught.")
@click.option("--calm", default=60.0, show_default=True, help="How long everything may take to calm down (s).")
@click.option("--drills/--no-drills", default=True, help="Bring copies back at the end, and judge them too.")
def chaos(
    minutes: float, seed: int | None, mode: tuple[str, ...], fault: tuple[str, ...], mutant: str | None, calm: float,
    drills: bool,
) -> None:  # fmt: skip
    """Let people work on the real platform while everything under it fails; then compare what was promised."""
    seed = random.randint(1, 999_999) if seed is None else seed
    if mutant:
        names = list(MUTANTS) if mutant == "all" else [mutant]
        escaped = [name for name in names if not is_caught(name, seed)]
        sys.exit(f"not caught: {', '.join(escaped)}" if escaped else 0)
    results = []
    for name in mode or (EMBEDDED, DISTRIBUTED):
        plan = Plan(mode=name, seed=seed, seconds=60 * minutes if not fault else 0, names=fault or None, calm_s=calm,
                    drills=drills)  # fmt: skip
        results.append(run(plan, click.echo))
        click.echo(summary(results[-1]))
    click.echo(f"report: {write_report(results, REPORTS)}")
    sys.exit(0 if all(result.holds for result in results) else CAUGHT)


def is_caught(name: str, seed: int) -> bool:
    """Run a mutant in a process of its own; return whether the harness found that it breaks a promise."""
    mutant = MUTANTS[name]
    with tempfile.TemporaryDirectory(prefix="matrix-mutant-") as folder:
        tree = write_tree(mutant.edits, Path(folder))
        faults = [word for one in mutant.faults for word in ("--fault", one)]
        command = [
            sys.executable,
            "-m",
            "tests.chaos",
            "--mode",
            mutant.mode,
            "--seed",
            str(seed),
            "--calm",
            "15",
            "--no-drills",
        ]
        env = {**os.environ, "PYTHONPATH": str(tree)}
        done = subprocess.run([*command, *faults], cwd=tree, env=env, check=False)
    click.echo(f"mutant {name}: {'caught' if done.returncode == CAUGHT else f'NOT CAUGHT ({done.returncode})'}")
    return done.returncode == CAUGHT


if __name__ == "__main__":
    chaos()
