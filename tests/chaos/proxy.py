"""A wire with a fault in it: a TCP proxy that can be slow, stand still, or be cut."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends RST
CHUNK = 65536
See = Callable[[int, bytes], None]


class Wires:
    """All proxies of a run, on one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wires: list[Wire] = []

    def to(self, port: int, see: See | None = None) -> "Wire":
        """Return a wire to a port of 127.0.0.1; ``see`` is shown (connection, bytes) of what clients send."""
        wire = Wire(port, see)
        asyncio.run_coroutine_threadsafe(wire.listen(), self._loop).result()
        self._wires.append(wire)
        return wire

    def close(self) -> None:
        """Drop everything."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for wire in self._wires:
            wire.leave()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Wire:
    """One proxy. ``delay`` holds up whatever passes (seconds); ``stands`` lets nothing pass."""

    _stale = 0  # connections up to this number are half open

    def __init__(self, target: int, see: See | None) -> None:
        self._target, self._see = target, see
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._connections = 0
        self.delay = 0.0
        self.stands = False
        self.port = 0

    def over(self, amqp_url: str) -> str:
        """Return the broker's address at this end of the wire."""
        url = urlsplit(amqp_url)
        return url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{self.port}").geturl()

    async def listen(self) -> None:
        """Begin to take connections, on a free ``port``."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def leave(self) -> None:
        """Take no connections any longer; called on the proxies' own thread."""
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Reset every connection that is open now."""
        if self._server is not None:
            self._server.get_loop().call_soon_threadsafe(self._reset_all)

    def forget(self) -> None:
        """Let nothing pass any more on connections that are open now, and tell neither end: new ones work."""
        self._stale = self._connections

    def _reset_all(self) -> None:
        for end in list(self._ends):
            self._reset(end)

    @staticmethod
    def _reset(end: asyncio.StreamWriter) -> None:
        wire: Any = end.get_extra_info("socket")
        with suppress(OSError):
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._reset(writer)
            return
        self._connections += 1
        number, ends = self._connections, {writer, onward[1]}
        self._ends |= ends
        try:
            with suppress(asyncio.CancelledError):  # the run is over
                await asyncio.gather(
                    self._pump(reader, onward[1], number, self._see), self._pump(onward[0], writer, number)
                )
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int, see: See | None = None
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                while self.stands or number <= self._stale:
                    await asyncio.sleep(0.02)
                if self.delay:
                    await asyncio.sleep(self.delay)
                if see is not None:
                    see(number, data)
                sink.write(data)
                await sink.drain()
        with suppress(OSError, RuntimeError):
            sink.close()
