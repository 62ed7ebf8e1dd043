"""A real worker: its streams tell of what was just done, and its end and return lose nobody a change."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.prepare import prepare
from infra.servers.ports import free_port
from infra.sign_in import first_sign_in
from shared.config import load_settings
from shared.testing import SECRET

STREAMS = 6


class Worker:
    """The embedded platform behind gunicorn."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.env = {
            "MATRIX_MODE": "embedded", "MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET,
            "MATRIX_PORT": str(self.port),
        }  # fmt: skip
        settings = load_settings(self.env)
        prepare(settings)
        first = first_sign_in(settings)
        assert first is not None
        self.key = first.key
        self.process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the worker; at the end tell it to stop, and wait."""
        command = [
            sys.executable, "-m", "gunicorn", "infra.embedded_asgi:app", "--worker-class", "asgi", "--bind",
            f"127.0.0.1:{self.port}", "--graceful-timeout", "25", "--log-level", "warning",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, env={**os.environ, **self.env}, cwd=Path(__file__).parents[3])
        try:
            self._wait()
            yield
        finally:
            self.process.terminate()
            self.process.wait(30)

    def establish(self, name: str) -> str:
        """Establish a unit over HTTP; return its id."""
        body = {"name": name, "kind": "college", "parent_id": None, "since": "2020-01-01"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/units",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["id"])

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.05)


class Reader:
    """One open stream over a socket of its own."""

    def __init__(self, worker: Worker, last_id: str | None) -> None:
        self._worker, self.last_id = worker, last_id
        self.text = ""

    async def open(self) -> None:
        """Connect, and wait for the greeting."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._worker.port)
        more = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        request = f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._worker.key}\r\n{more}\r\n"
        self._writer.write(request.encode())
        await self.until("event: hello")

    async def until(self, wanted: str) -> None:
        """Read until the text was heard."""
        async with asyncio.timeout(10):
            while wanted not in self.text:
                read = await self._reader.read(65536)
                assert read, f"the stream ended without {wanted}"
                self.text += read.decode()
        for found in re.findall(r"^id: (\d+)\r?$", self.text, re.M):
            self.last_id = found

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    def units(self) -> list[str]:
        """Return the units that changes were told of, in order."""
        told = re.findall(r'^data: (\{.*"units".*\})\r?$', self.text, re.M)
        return [unit for data in told for unit in json.loads(data)["units"] or ()]


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)


async def _read_and_end(worker: Worker, readers: list[Reader]) -> list[str]:
    for reader in readers:
        await reader.open()
    made = [await asyncio.to_thread(worker.establish, f"unit {n}") for n in range(3)]
    for reader in readers:
        await reader.until(made[-1])
    process: Any = worker.process
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    for reader in readers:
        await reader.until("event: drain")
        reader.close()
    await asyncio.to_thread(process.wait, 20)
    assert time.monotonic() - began < 15
    return made


def test_a_worker_that_ends_says_so_and_what_happened_meanwhile_is_told_after_its_return(worker: Worker) -> None:
    """F50, F52, small: each reader hears of each change exactly once."""
    readers = [Reader(worker, None) for _ in range(STREAMS)]
    with worker.running():
        made = asyncio.run(_read_and_end(worker, readers))
    with worker.running():
        made.append(worker.establish("while nobody listened"))
        again = [Reader(worker, reader.last_id) for reader in readers]
        made += asyncio.run(_read_and_end(worker, again))
    for before, after in zip(readers, again, strict=True):
        assert before.units() + after.units() == made
