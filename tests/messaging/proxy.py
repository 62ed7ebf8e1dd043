"""A TCP proxy that tests can cut."""

import gc
import socket
import threading
from contextlib import suppress


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes everything to another port, until ``cut``."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Drop every connection that is open now."""
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        """Stop listening and drop everything."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()
        self.cut()
        for thread in self._pumps:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += [client, server]
                for ends in ((client, server), (server, client)):
                    self._pumps.append(threading.Thread(target=self._pump, args=ends, daemon=True))
                    self._pumps[-1].start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        sink.close()


def sockets_to(port: int) -> list[socket.socket]:
    """Return this process's open sockets that are connected to a port of 127.0.0.1."""
    sockets = [each for each in gc.get_objects() if isinstance(each, socket.socket) and each.fileno() >= 0]
    return [each for each in sockets if each.family == socket.AF_INET and _peer(each) == port]


def _peer(end: socket.socket) -> int | None:
    with suppress(OSError):
        return int(end.getpeername()[1])
    return None
