"""Which other origins' pages may use the API: those of an exact list, with keys, never with cookies."""

from collections.abc import Iterable

from falcon.asgi import Request, Response

from shared.config import BadSetting

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, traceparent, "
    "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum"
)
EXPOSED = (
    "ETag, Location, Idempotent-Replayed, Retry-After, X-Request-Id, "
    "Tus-Resumable, Upload-Offset, Upload-Length, Upload-Expires, Upload-Asset"
)
PREFLIGHT_S = "600"


class CrossOrigin:
    """Answers preflight requests and marks answers for the listed origins."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)
        for origin in self._origins:
            if not origin.startswith(("http://", "https://")) or "*" in origin or origin.count("/") != 2:
                raise BadSetting(f"MATRIX_CORS_ORIGINS: {origin!r} is no origin; say https://portal.example.edu")

    async def process_request(self, req: Request, resp: Response) -> None:
        """Mark the answer, and end a preflight request here."""
        origin = req.get_header("Origin")
        if origin is None or origin not in self._origins:
            return
        resp.set_header("Access-Control-Allow-Origin", origin)
        resp.set_header("Access-Control-Expose-Headers", EXPOSED)
        if req.method == "OPTIONS" and req.get_header("Access-Control-Request-Method"):
            resp.set_header("Access-Control-Allow-Methods", METHODS)
            resp.set_header("Access-Control-Allow-Headers", HEADERS)
            resp.set_header("Access-Control-Max-Age", PREFLIGHT_S)
            resp.status = 204
            resp.complete = True
