"""HTTP and server-sent events with as little work as can be: thousands of viewers share a core with the platform.

One socket, no client library. An event is expected whole in one chunk, as the platform writes it; anything else is
counted as malformed, never passed over.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import gevent
from gevent import socket

PATIENCE_S = 30.0
SILENCE_S = 45.0  # the platform beats every 15 s
CHUNK = 65_536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_TAG = re.compile(rb"\r\netag: *(\S+)", re.IGNORECASE)
_EVENT = re.compile(rb"(?:retry: (\d+)\n)?(?:id: (\d+)\n)?event: (\w+)\n(?:retry: (\d+)\n)?data: ([^\n]*)\n\n")
_NOISE = re.compile(rb"(?:[0-9a-fA-F]*\r\n|: \w+\n\n)*")
_AT_ONCE = struct.pack("ii", 1, 0)


class Closed(OSError):
    """The other side ended the connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and what follows from the headers."""

    status: int
    body: bytes
    tag: str = ""
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class News:
    """One event. ``position`` is its id, ``retry_ms`` how long to wait before coming back, where told."""

    name: str
    position: int | None
    data: bytes
    retry_ms: int | None = None


class Connection:
    """One connection to the platform, used for one thing after the other."""

    def __init__(self, host: str, port: int, key: str, receive_buffer: int | None = None) -> None:
        self._host, self._key = host, key
        self._received = b""
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect((host, port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Return the answer to one request.

        Raises:
            OSError: there was none.
        """
        self._send(method, path, body, headers)
        head = self._head()
        length = _LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        parts, have = [self._received], len(self._received)
        while have < wanted:
            parts.append(self._more())
            have += len(parts[-1])
        whole = b"".join(parts)
        self._received = whole[wanted:]
        return _answer(head, whole[:wanted])

    def subscribe(self, last_id: int | None) -> Answer:
        """Ask for the stream; its events follow when the status is 200.

        Raises:
            OSError: there was no answer.
        """
        self._send("GET", "/v1/stream", b"", {} if last_id is None else {"Last-Event-ID": str(last_id)})
        head = self._head()
        answer = _answer(head, b"")
        if answer.status != 200:
            return answer
        self._socket.settimeout(SILENCE_S)
        return answer

    def events(self, at_most: int = CHUNK, pause_s: float = 0.0) -> Iterator[News]:
        """Give the events as they come, reading so many bytes at once, with a pause after each read.

        Raises:
            OSError: the connection broke, or was silent for three beats.
            ValueError: what came is no event.
        """
        data = self._received
        while True:
            place = _after_noise(data, 0)
            while found := _EVENT.match(data, place):
                place = _after_noise(data, found.end())
                yield _news(found)
            data = data[place:]
            if b"\n\n" in data:
                raise ValueError(f"no event: {data[:200]!r}")
            data += self._more(at_most)
            if pause_s:
                gevent.sleep(pause_s)

    def cut(self) -> None:
        """End the connection as a broken cable would: with a reset, without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._socket.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._key}\r\n{named}{length}"
        self._socket.sendall(head.encode() + b"\r\n" + body)

    def _head(self) -> bytes:
        data = self._received
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        self._received = data[end + 4 :]
        return data[: end + 2]

    def _more(self, at_most: int = CHUNK) -> bytes:
        data: bytes = self._socket.recv(at_most)
        if not data:
            raise Closed("the connection was ended")
        return data


def _after_noise(data: bytes, place: int) -> int:
    """Return where the next event begins: behind the frames of chunks, and beats."""
    found = _NOISE.match(data, place)
    return found.end() if found else place


def _answer(head: bytes, body: bytes) -> Answer:
    after, tag = _RETRY_AFTER.search(head), _TAG.search(head)
    return Answer(int(head[9:12]), body, tag[1].decode() if tag else "", float(after[1]) if after else 0.0)


def _news(found: "re.Match[bytes]") -> News:
    retry, position = found[1] or found[4], found[2]
    return News(found[3].decode(), int(position) if position else None, found[5], int(retry) if retry else None)
