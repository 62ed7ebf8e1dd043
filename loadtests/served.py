"""How fast a gateway answers, and its bare peer, a process of its own."""

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from infra.servers.ports import free_port
from loadtests.cpu import cpu_s, family
from loadtests.embedded import Served, await_port
from loadtests.peers import Sample
from loadtests.processes import end

CONNECTIONS = 8
SLICE_S = 0.6
PATIENCE_S = 60.0
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@contextmanager
def hello() -> Iterator[Served]:
    """Give the peer's server."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "loadtests.hello:app", "--worker-class", "asgi", "--workers", "1"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    process = subprocess.Popen(command)
    try:
        await_port(port, process)
        yield Served(port, family(process.pid))
    finally:
        end(process)


def ask(port: int, key: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Return the answer to one request, on a connection of its own."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", data, headers), timeout=PATIENCE_S) as answer:
        answer.read()
        return answer


def request(path: str, key: str, more: str = "") -> bytes:
    """Return a GET request as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{more}\r\n".encode()


def rate(served: Served, asked: Callable[[], bytes], status: int) -> Sample:
    """Return answers per second over one slice; each connection asks again as soon as it has its answer."""
    pids = family(served.pids[0])  # the port was open before the worker was there
    answers, expected, used = 0, f"HTTP/1.1 {status}".encode(), cpu_s(pids)
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
    return Sample(answers / (now - started), (cpu_s(pids) - used) * 1e6 / max(answers, 1))


def _whole(received: bytearray) -> bool:
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = _LENGTH.search(received, 0, head)
    return len(received) >= head + 4 + (int(length.group(1)) if length else 0)
