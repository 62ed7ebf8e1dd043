"""Ratios beside peers in the same run, on servers of their own: ``python -m loadtests.bench``."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog

from loadtests.append import appends, appends_beside_locks, appends_of_many
from loadtests.consume import consuming
from loadtests.importing import imported
from loadtests.log import appends_beside_eventsourcing, loading
from loadtests.machine import Facts, machine, sentence, servers
from loadtests.matrix import matrix_reads
from loadtests.matrix_log import matrix_with_a_long_log
from loadtests.matrix_rebuild import rebuilding_matrix
from loadtests.outages import outages
from loadtests.peers import Comparison, missed, rows, table
from loadtests.photographs import renditions
from loadtests.readiness import readiness
from loadtests.rebuild import rebuilding
from loadtests.relay import publishing
from loadtests.residents import residents
from loadtests.rpc import calls
from loadtests.spreadsheets import imports
from loadtests.start import starts
from loadtests.storage import at_rest, written_ahead
from loadtests.texts import texts
from loadtests.uploads import uploading
from loadtests.visible import visibility
from loadtests.waiting import waiting
from loadtests.world import EVENTS, private_world

RESULTS, PAGE = Path("var/bench"), Path("docs/performance.md")


@click.command()
@click.option("--page", is_flag=True, help="Write the table to docs/performance.md too.")
@click.option("--scale", default=1, show_default=True, help=f"Times {EVENTS:,} events, and ten times as many beside.")
def bench(page: bool, scale: int) -> None:
    """Measure beside peers what the platform does; print a table, keep all samples in var/bench/.

    Fails when a target of bench/thresholds.toml is missed by more than a tenth.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    started, facts, comparisons = time.monotonic(), machine(), list[Comparison]()
    try:
        for some in measured(scale, facts):
            comparisons += some
    finally:  # what was measured is worth keeping when a later part fails
        click.echo(table(comparisons))
        path = keep(comparisons, facts)
    if page:
        write_page(comparisons, facts)
    click.echo(f"{sentence(facts)}\n{time.monotonic() - started:.0f} s; {path}")
    if found := missed(comparisons):
        raise click.ClickException(f"{len(found)} miss a target by more than a tenth: {'; '.join(found)}")


def measured(scale: int, facts: Facts) -> Iterator[Sequence[Comparison]]:
    """Measure one part after the other; add to the facts those of the servers."""
    with private_world(scale) as world:
        facts |= servers(world)
        for part in (rebuilding, rebuilding_matrix, at_rest, residents, readiness, loading, visibility):
            yield part(world)  # before others add to the logs, whose lengths these are about
        for part in (written_ahead, consuming, waiting, calls, publishing):
            yield part(world)  # the last makes the longer log so long that it stays the longer one
        for writers in (1, 8, 16):
            yield appends(world, writers)
        yield [*appends_of_many(world), *appends_beside_locks(world, 8)]
        yield outages(world)  # last: the broker restarts
    yield [appends_beside_eventsourcing(), *matrix_reads()]
    for alone in (matrix_with_a_long_log, texts, renditions, uploading, imports, imported, starts):
        yield alone()


def write_page(comparisons: list[Comparison], facts: Facts) -> None:
    """Put the table into docs/performance.md, between its two marks, with the moment and what it was measured on."""
    begin, end = "<!-- bench -->", "<!-- /bench -->"
    page = PAGE.read_text()
    before, after = page.partition(begin)[0], page.partition(end)[2]
    head, *found = rows(comparisons)
    lines = [head, tuple("---" for _ in head), *found]
    said = f"Measured {datetime.now(UTC):%Y-%m-%d}: {sentence(facts)}"
    drawn = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    PAGE.write_text(f"{before}{begin}\n{said}\n\n{drawn}\n{end}{after}")


def keep(comparisons: list[Comparison], facts: Facts) -> Path:
    """Write everything measured to a file; return its path."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    told = json.dumps(
        {"at": now.isoformat(), "measured_on": facts, "rows": [each.as_json() for each in comparisons]}, indent=2
    )
    path = RESULTS / f"{now:%Y%m%dT%H%M%S}.json"
    path.write_text(told + "\n")
    return path


if __name__ == "__main__":
    bench()
