"""Ports of the loopback interface, and waiting for them."""

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress

# Below what the kernel gives to outgoing connections, so that none takes a port between its choice and its use.
FIRST, LAST = 20_000, 32_000
POLL_S = 0.05


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    while True:
        port = random.randrange(FIRST, LAST)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def answers(port: int) -> bool:
    """Return whether something accepts connections on the port of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_until(condition: Callable[[], bool], patience_s: float) -> bool:
    """Return whether the condition came true within ``patience_s`` seconds."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(POLL_S)
    return False
