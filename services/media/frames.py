"""Messages between a service and its decoder: four bytes of length, then the message."""

import socket
import struct

_LENGTH = struct.Struct(">I")


class Broken(Exception):
    """The other side ended in the middle of a message, or sent one that is too long."""


def send(line: socket.socket, message: bytes) -> None:
    """Send one message."""
    line.sendall(_LENGTH.pack(len(message)))
    line.sendall(message)


def receive(line: socket.socket, limit: int) -> bytes | None:
    """Return the next message of at most ``limit`` bytes, or None when the other side ended.

    Raises:
        Broken: it ended in the middle of a message, or the message is too long.
    """
    first = line.recv(_LENGTH.size)
    if not first:
        return None
    (length,) = _LENGTH.unpack(first + _exactly(line, _LENGTH.size - len(first)))
    if length > limit:
        raise Broken(f"{length} bytes, at most {limit} are taken")
    return _exactly(line, length)


def _exactly(line: socket.socket, length: int) -> bytes:
    message = bytearray(length)
    rest = memoryview(message)
    while rest:
        received = line.recv_into(rest)
        if not received:
            raise Broken("ended in the middle of a message")
        rest = rest[received:]
    return bytes(message)
