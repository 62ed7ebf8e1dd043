"""Processes of the platform, started and ended by the benchmark."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

PATIENCE_S = 40.0


def plain_environment() -> dict[str, str]:
    """Return this process's environment without the platform's settings: what is started has its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MATRIX_")}


@contextmanager
def matrix(environment: Mapping[str, str], *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a ``matrix`` command beside the work in this block."""
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "infra.cli", *arguments]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            yield process
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that may have ended, or may be stopped; kill it when it does not go."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
