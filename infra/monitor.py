"""A process's own port for operators: ``/metrics`` for Prometheus and ``/healthz`` for the container's health check."""

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from infra.health import Check

PLAIN = ("Content-Type", "text/plain; charset=utf-8")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: who scrapes is no news."""


def monitor(where: str, check: Check) -> None:
    """Serve on ``where`` (host:port) from a thread for as long as the process lives; do nothing where it is empty.

    ``/healthz`` answers 200, or 503 with what ``check`` says is wrong.

    Raises:
        OSError: the port is taken.
    """
    if not where:
        return
    host, _, port = where.rpartition(":")
    server = make_server(host, int(port), application(check), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, name="monitor", daemon=True).start()


def application(check: Check) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application."""
    metrics = make_wsgi_app()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            return metrics(environ, start_response)  # type: ignore[no-any-return]
        try:
            wrong = check()
        except Exception as error:  # it could not be asked, which is as bad
            wrong = repr(error)
        start_response("503 Service Unavailable" if wrong else "200 OK", [PLAIN])
        return [(wrong or "well").encode()]

    return answer
