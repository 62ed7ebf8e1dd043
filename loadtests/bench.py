"""Ratios beside peers in the same run, on servers of their own: ``python -m loadtests.bench``."""

import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog
from sqlalchemy import text

from infra.prepare import prepare
from infra.servers import start_servers
from loadtests.append import appends, appends_beside_a_lock
from loadtests.log import appends_beside_eventsourcing, loading
from loadtests.matrix import matrix_reads
from loadtests.peers import Comparison, rows, table
from loadtests.relay import publishing
from loadtests.rpc import calls
from shared.config import Settings, load_settings
from shared.database import open_engine

RESULTS, PAGE = Path("var/bench"), Path("docs/performance.md")


@contextmanager
def private_world() -> Iterator[tuple[Settings, int]]:
    """Give the settings of freshly started, durable servers with migrated databases, and the database's process.

    They are removed at the end.
    """
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        servers = start_servers(Path(folder) / "servers")
        try:
            env = {**servers.environment(), "MATRIX_DATA": folder, "MATRIX_BLOBS": f"file://{folder}/blobs"}
            settings = load_settings(env)
            prepare(settings)
            with open_engine(servers.postgres_url).connect() as db:
                told = db.execute(text("select pg_read_file('postmaster.pid')")).scalar_one()
            yield settings, int(told.split()[0])
        finally:
            servers.forget()


@click.command()
@click.option("--page", is_flag=True, help="Write the table to docs/performance.md too.")
def bench(page: bool) -> None:
    """Measure appending, publishing and reading beside peers; print a table, keep all samples in var/bench/."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    started, load = time.monotonic(), os.getloadavg()[0]
    with private_world() as (settings, server):
        comparisons = [appends(settings, server, 1), appends(settings, server, 8)]
        comparisons += [
            appends_beside_a_lock(settings, server, 8),
            loading(settings),
            publishing(settings),
            calls(settings),
        ]
    comparisons += [appends_beside_eventsourcing(), *matrix_reads()]
    click.echo(table(comparisons))
    path = keep(comparisons, load)
    if page:
        write_page(comparisons, load)
    click.echo(f"{time.monotonic() - started:.0f} s, load {load:.1f} at the start of {os.cpu_count()} cores; {path}")


def write_page(comparisons: list[Comparison], load: float) -> None:
    """Put the table into docs/performance.md, between its two marks, with the machine and the moment."""
    begin, end = "<!-- bench -->", "<!-- /bench -->"
    page = PAGE.read_text()
    before, after = page.partition(begin)[0], page.partition(end)[2]
    head, *found = rows(comparisons)
    lines = [head, tuple("---" for _ in head), *found]
    said = (
        f"Measured {datetime.now(UTC):%Y-%m-%d}: {platform.platform()}, {os.cpu_count()} cores, load {load:.1f} at the "
        f"start, Python {platform.python_version()}."
    )
    drawn = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    PAGE.write_text(f"{before}{begin}\n{said}\n\n{drawn}\n{end}{after}")


def keep(comparisons: list[Comparison], load: float) -> Path:
    """Write everything measured to a file; return its path."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    machine = {
        "cores": os.cpu_count(),
        "load": load,
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    told = json.dumps(
        {"at": now.isoformat(), "machine": machine, "durable": True, "rows": [each.as_json() for each in comparisons]},
        indent=2,
    )
    path = RESULTS / f"{now:%Y%m%dT%H%M%S}.json"
    path.write_text(told + "\n")
    return path


if __name__ == "__main__":
    bench()
