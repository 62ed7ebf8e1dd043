"""The least that could serve viewers: one answer, one stream for all. What the makers of load are measured against.

``python -m loadtests.live.bare PORT EVENTS_PER_S [drop|double]``; with a fault it cheats one viewer in ten.
"""

import asyncio
import resource
import sys
from typing import cast

import uvloop

BODY = b"x" * 20_000
ANSWER = b'HTTP/1.1 200 OK\r\nETag: W/"1"\r\nContent-Length: %d\r\n\r\n' % len(BODY) + BODY
DONE = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHEATED = 10


class Bare(asyncio.Protocol):
    """One connection."""

    listeners: dict["Bare", int] = {}
    sent: list[tuple[int, bytes]] = []
    fault = ""
    born = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self.listeners.pop(self, None)

    def data_received(self, data: bytes) -> None:
        """Answer; requests come whole here."""
        if data.startswith(b"GET /v1/stream"):
            self._subscribe(data)
        else:
            self.transport.write(ANSWER if data.startswith(b"GET") else DONE)

    def _subscribe(self, data: bytes) -> None:
        Bare.born += 1
        self.listeners[self] = Bare.born
        last = self.sent[-1][0] if self.sent else 0
        greeting = b"retry: 1000\n"
        missed = b""
        if (place := data.find(b"Last-Event-ID: ")) >= 0:
            known = int(data[place + 15 : data.index(b"\r\n", place)])
            missed = b"".join(_chunk(wire) for position, wire in self.sent if position > known)
        else:
            greeting += b"id: %d\n" % last
        self.transport.write(STREAM + _chunk(greeting + b"event: hello\ndata: {}\n\n") + missed)

    @classmethod
    def tell(cls, position: int) -> None:
        """Send one event to everybody; with a fault, every third not at all or twice to one in ten."""
        wire = b'id: %d\nevent: change\ndata: {"position":"%d","units":null}\n\n' % (position, position)
        cls.sent.append((position, wire))
        chunk = _chunk(wire)
        for listener, number in cls.listeners.items():
            cheated = cls.fault and position % 3 == 0 and number % CHEATED == 0
            if not cheated:
                listener.transport.write(chunk)
            elif cls.fault == "double":
                listener.transport.write(chunk + chunk)


def _chunk(wire: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(wire), wire)


async def serve(port: int, per_s: float, fault: str) -> None:
    """Serve until killed."""
    Bare.fault = fault
    await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port, backlog=4096)
    position = 0
    while True:
        await asyncio.sleep(1 / per_s)
        position += 1
        Bare.tell(position)


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2]), "".join(sys.argv[3:])))
