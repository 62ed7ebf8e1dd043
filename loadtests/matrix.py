"""Reading the matrix from the worker's built answers, beside a bare ASGI hello on the same gunicorn worker."""

import json
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from infra.servers.ports import free_port
from loadtests.cpu import cpu_s, family
from loadtests.embedded import Served, await_port, embedded
from loadtests.peers import Comparison, Sample, compare
from loadtests.processes import end

CONNECTIONS = 8
SLICE_S = 0.6
UNITS = ("体育学院", "传媒学院", "法学院", "医学院", "新闻中心")
PATH = "/v1/matrix?period=2021"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def matrix_reads() -> list[Comparison]:
    """Return answers per second: the whole answer, ``304`` to who has it already, and one built for each asker."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder, embedded(Path(folder)) as served:
        gateway, key = served
        for name in UNITS:
            body = {"name": name, "kind": "college", "parent_id": None, "since": "2000-09-01"}
            _ask(gateway.port, key, "/v1/units", body)
        time.sleep(1.0)  # the read model follows
        tag = str(_ask(gateway.port, key, PATH).headers["ETag"])
        with _hello() as hello:

            def beside_hello(name: str, what: str, asked: Callable[[], bytes], status: int) -> Comparison:
                bare = _request("/", key)
                return compare(
                    name, what, "bare ASGI hello", "answers/s",
                    lambda: _rate(gateway, asked, status), lambda: _rate(hello, lambda: bare, 200),
                )  # fmt: skip

            whole, known = _request(PATH, key), _request(PATH, key, f"If-None-Match: {tag}\r\n")
            days = (date(1900, 1, 1) + timedelta(days=number) for number in count())  # nobody asked for these before
            return [
                beside_hello("matrix-cached", "matrix answer, cached", lambda: whole, 200),
                beside_hello("matrix-304", "matrix answer, known already", lambda: known, 304),
                beside_hello(
                    "matrix-uncached", "matrix answer, built anew",
                    lambda: _request(f"/v1/matrix?period={next(days)}..2021-12-31", key), 200,
                ),
            ]  # fmt: skip


@contextmanager
def _hello() -> Iterator[Served]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "loadtests.hello:app", "--worker-class", "asgi", "--workers", "1"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    process = subprocess.Popen(command)
    try:
        await_port(port, process)
        yield Served(port, family(process.pid))
    finally:
        end(process)


def _ask(port: int, key: str, path: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", data, headers), timeout=10) as answer:
        answer.read()
        return answer


def _request(path: str, key: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{more}\r\n".encode()


def _rate(served: Served, asked: Callable[[], bytes], status: int) -> Sample:
    """Return answers per second over one slice; each connection asks again as soon as it has its answer."""
    answers, expected, used = 0, f"HTTP/1.1 {status}".encode(), cpu_s(served.pids)
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", served.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, bytearray())
            connection.sendall(asked())
        started = time.perf_counter()
        while (now := time.perf_counter()) < started + SLICE_S:
            for ready, _ in selector.select(0.1):
                ready.data.extend(ready.fileobj.recv(262_144))  # type: ignore[union-attr]
                if _whole(ready.data):
                    assert ready.data.startswith(expected), bytes(ready.data[:300])
                    ready.data.clear()
                    answers += 1
                    ready.fileobj.sendall(asked())  # type: ignore[union-attr]
        for held in list(selector.get_map().values()):
            held.fileobj.close()  # type: ignore[union-attr]
    return Sample(answers / (now - started), (cpu_s(served.pids) - used) * 1e6 / max(answers, 1))


def _whole(received: bytearray) -> bool:
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = _LENGTH.search(received, 0, head)
    return len(received) >= head + 4 + (int(length.group(1)) if length else 0)
