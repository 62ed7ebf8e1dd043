"""Starting the embedded platform on a year of data, and the memory it takes at rest, beside what is allowed.

The golden year is loaded once and kept in ``var/bench/year``; a start of a newer version brings it up to date.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx

from infra.servers.ports import free_port
from loadtests.cpu import cpu_s, family
from loadtests.embedded import START_S, environment, starting
from loadtests.memory import shared_out_mib
from loadtests.peers import Comparison, Sample

YEAR = Path("var/bench/year")
STARTS, REST_S = 5, 3.0
ALLOWED_S, ALLOWED_MIB = 3.0, 250.0
Measured = tuple[Sample, Sample]


def starts() -> list[Comparison]:
    """Return seconds from ``matrix run`` until it says it is ready, and mebibytes of all its processes at rest."""
    _load_once()
    _start()  # a newer version may have migrations to run
    found = [_start() for _ in range(STARTS)]
    return [
        Comparison(
            name="start-year", what="start on the golden year", peer="what is allowed", unit="s until ready",
            cost=True, ours=tuple(ready for ready, _ in found), theirs=(Sample(ALLOWED_S),),
        ),
        Comparison(
            name="rest-memory", what="the golden year at rest, memory", peer="what is allowed", unit="MiB together",
            cost=True, ours=tuple(memory for _, memory in found), theirs=(Sample(ALLOWED_MIB),),
        ),
    ]  # fmt: skip


def _load_once() -> None:
    """Load the golden year where it is not kept yet; it takes a minute or more. What was interrupted begins anew."""
    if YEAR.exists():
        return
    loading = YEAR.with_name("year-loading")
    shutil.rmtree(loading, ignore_errors=True)
    loading.mkdir(parents=True)
    port = free_port()
    with starting(loading, port) as process:
        _await_ready(port, process)
        command = [sys.executable, "-m", "infra.cli", "demo"]
        subprocess.run(command, env=environment(loading, port), check=True, capture_output=True)
    loading.rename(YEAR)


def _start() -> Measured:
    port, started = free_port(), time.perf_counter()
    with starting(YEAR, port) as process:
        _await_ready(port, process)
        seconds, pids = time.perf_counter() - started, family(process.pid)
        used = cpu_s(pids)
        time.sleep(REST_S)
        return Sample(seconds, used * 1e6), Sample(shared_out_mib(family(process.pid)))


def _await_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.02)
    raise RuntimeError(f"it did not become ready: {process.args!r}")
