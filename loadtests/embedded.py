"""The whole embedded platform, a process of its own on a data directory."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infra.servers.ports import free_port
from loadtests.cpu import family
from loadtests.processes import end, plain_environment

START_S = 60.0


class Served(NamedTuple):
    """A server's port and processes."""

    port: int
    pids: list[int]


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return what a process of the platform with that data and port is told."""
    return {**plain_environment(), "MATRIX_MODE": "embedded", "DATA": str(folder), "PORT": str(port)}


@contextmanager
def starting(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Give the platform's first process at once; what it says is in ``said.txt`` in the folder."""
    with (folder / "said.txt").open("w") as said:
        command = [sys.executable, "-m", "infra.cli", "run"]
        process = subprocess.Popen(command, env=environment(folder, port), stdout=said, stderr=said)
    try:
        yield process
    finally:
        end(process)


@contextmanager
def embedded(folder: Path) -> Iterator[tuple[Served, str]]:
    """Give the server and the administrator's key of a platform whose data begin in a folder."""
    port = free_port()
    with starting(folder, port) as process:
        await_port(port, process)
        said = (folder / "said.txt").read_text()
        found = re.search(r"mm_[\w-]+", said)
        assert found, said
        yield Served(port, family(process.pid)), found.group()


def await_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when somebody listens. Raises: RuntimeError: nobody does, or the process ended."""
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}: {process.args!r}")
