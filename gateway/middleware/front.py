"""Names every request, measures it, and puts on every answer what all answers carry."""

import re
import time
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from falcon.asgi import Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.operations import SAFE
from shared.ids import new_id
from shared.logs import log

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
API = "/v1/"
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; "
    "img-src 'self' data: blob:; media-src 'self' https: blob:; style-src 'self' 'unsafe-inline'"
)
HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
# With what matters to a document only. Source: ASVS 5.0 V3.4.5, V3.4.6, V3.4.8.
PAGE_HEADERS = HEADERS | {
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
VARY = "Authorization, Cookie, Origin"
HSTS = "max-age=31536000"
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


class Front:
    """``requests`` and ``seconds`` are counted by route, never by what a client typed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "gateway_requests_total", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "gateway_request_seconds", "Time to the answer's first byte.", ("method", "route"),
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip

        self._measures = cache(self._labelled)  # finding a measure by its labels costs more than counting

    def _labelled(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)

    async def process_request(self, req: Request, resp: Response) -> None:
        """Give the request its id, and the correlation id of the trace it is part of."""
        context = req.context
        context.began = time.perf_counter()
        context.request_id = str(new_id())
        context.correlation_id = correlation_of(req.get_header("traceparent")) or context.request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=context.request_id, correlation_id=context.correlation_id)
        resp.set_header("X-Request-Id", context.request_id)

    async def process_response(self, req: Request, resp: Response, resource: Any, succeeded: bool) -> None:
        """Put on the headers and count."""
        api = req.path.startswith(API)
        for name, value in (HEADERS if api else PAGE_HEADERS).items():
            resp.set_header(name, value)
        for name, value in (
            ("Content-Security-Policy", API_POLICY if api else PAGE_POLICY),
            ("Cache-Control", "private, no-cache" if api else "no-cache"),
        ):
            if resp.get_header(name) is None:
                resp.set_header(name, value)
        resp.append_header("Vary", VARY)
        if req.forwarded_scheme == "https":
            resp.set_header("Strict-Transport-Security", HSTS)
        self._measure(req, resp)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer and the time it took."""
        requests, durations = self._measures(method, route, status)
        requests.inc()
        durations.observe(seconds)

    def _measure(self, req: Request, resp: Response) -> None:
        method = req.method if req.method in METHODS else "OTHER"
        route, seconds = req.uri_template or "unmatched", time.perf_counter() - req.context.began
        self.count(method, route, resp.status_code, seconds)
        if resp.status_code >= 500 or req.method not in SAFE:
            log.info(
                "request.answered", method=method, path=req.path, status=resp.status_code, ms=round(seconds * 1000, 1)
            )


def correlation_of(traceparent: str | None) -> str | None:
    """Return the trace's id as a UUID, or None where there is no valid one. Source: W3C Trace Context §3.2."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return str(UUID(found[1])) if found and int(found[1], 16) else None
