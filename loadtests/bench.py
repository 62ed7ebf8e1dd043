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

from infra.prepare import prepare
from infra.servers import start_servers
from loadtests.append import appends
from loadtests.matrix import matrix_reads
from loadtests.peers import Comparison, table
from loadtests.relay import publishing
from shared.config import Settings, load_settings

RESULTS = Path("var/bench")


@contextmanager
def private_world() -> Iterator[Settings]:
    """Give the settings of freshly started, durable servers with migrated databases; remove them at the end."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        servers = start_servers(Path(folder) / "servers")
        try:
            env = {**servers.environment(), "MATRIX_DATA": folder, "MATRIX_BLOBS": f"file://{folder}/blobs"}
            settings = load_settings(env)
            prepare(settings)
            yield settings
        finally:
            servers.forget()


@click.command()
def bench() -> None:
    """Measure appending, publishing and reading beside peers; print a table, keep all rates in var/bench/."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    started, load = time.monotonic(), os.getloadavg()[0]
    with private_world() as settings:
        comparisons = [appends(settings, 1), appends(settings, 8), publishing(settings)]
    comparisons += matrix_reads()
    click.echo(table(comparisons))
    path = keep(comparisons, load)
    click.echo(f"{time.monotonic() - started:.0f} s, load {load:.1f} at the start of {os.cpu_count()} cores; {path}")


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
    text = json.dumps(
        {"at": now.isoformat(), "machine": machine, "durable": True, "rows": [each.as_json() for each in comparisons]},
        indent=2,
    )
    path = RESULTS / f"{now:%Y%m%dT%H%M%S}.json"
    path.write_text(text + "\n")
    return path


if __name__ == "__main__":
    bench()
