"""Loading the golden year into the embedded platform, starting on it, and its memory, beside what is allowed."""

import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from infra.servers.ports import free_port
from loadtests.cpu import cpu_s, family
from loadtests.embedded import START_S, environment, starting
from loadtests.memory import shared_out_mib
from loadtests.peers import Comparison, Sample, allowed

STARTS, REST_S = 5, 3.0
ALLOWED_LOAD_S, ALLOWED_S, ALLOWED_MIB = 60.0, 3.0, 250.0
Measured = tuple[Sample, Sample]


def starts() -> list[Comparison]:
    """Return seconds in which the year is loaded, seconds from ``matrix run`` until ready, and mebibytes at rest."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        year = Path(folder)
        loaded = _load(year)
        found = [_start(year) for _ in range(STARTS)]
    return [
        allowed("load-year", "load the golden year", "s", (loaded,), ALLOWED_LOAD_S),
        allowed("start-year", "start on the golden year", "s until ready", [ready for ready, _ in found], ALLOWED_S),
        allowed(
            "rest-memory", "the golden year at rest, memory", "MiB together", [memory for _, memory in found],
            ALLOWED_MIB,
        ),
    ]  # fmt: skip


def _load(folder: Path) -> Sample:
    """Measure ``matrix demo`` on a new platform, and the processor time of the platform."""
    port = free_port()
    with starting(folder, port) as process:
        _await_ready(port, process)
        used, started = cpu_s(family(process.pid)), time.perf_counter()
        command = [sys.executable, "-m", "infra.cli", "demo"]
        subprocess.run(command, env=environment(folder, port), check=True, capture_output=True)
        return Sample(time.perf_counter() - started, (cpu_s(family(process.pid)) - used) * 1e6)


def _start(year: Path) -> Measured:
    port, started = free_port(), time.perf_counter()
    with starting(year, port) as process:
        _await_ready(port, process)
        seconds, pids = time.perf_counter() - started, family(process.pid)
        used = cpu_s(pids)
        time.sleep(REST_S)
        return Sample(seconds, used * 1e6), Sample(shared_out_mib(family(process.pid)))


def _await_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        if _is_ready(port):
            return
        time.sleep(0.02)
    raise RuntimeError(f"it did not become ready: {process.args!r}")


def _is_ready(port: int) -> bool:
    """Ask by the barest client: another would take the processor from who starts."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection, suppress(OSError, HTTPException):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False
