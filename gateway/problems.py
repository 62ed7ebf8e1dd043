"""Every failure as an RFC 9457 problem: a stable code, one sentence, the fields that are to blame, the request's id."""

import json
from http import HTTPStatus
from typing import Any

import falcon
from falcon.asgi import App, Request, Response

from gateway.auth import Unknown
from gateway.limits import TooMany
from shared.disk import FULL
from shared.errors import PlatformError, RuleBroken, Unavailable
from shared.logs import log, log_failure

PROBLEM = "application/problem+json"
RETRY_AFTER_S = 2
INTERNAL = "The server failed. It has been noted under this request_id."
_STATUS = {
    "caller.denied": 403,
    "caller.forged": 401,
    "stream.changed": 412,
    "request.too_large": 413,
    "request.not_json": 415,
    "request.needs_version": 428,
    "upload.media_type": 415,
    "import.too_large": 413,
    "import.bomb": 413,
    "import.unknown_kind": 415,
    "import.not_a_workbook": 415,
    "import.encoding": 415,
    "database.full": 507,
    "blobs.full": 507,
    "disk.full": 507,
}
_HTTP = {
    404: ("http.not_found", "nothing is at this path"),
    405: ("http.method_not_allowed", "this path does not take that method"),
    413: ("request.too_large", "the body is too large"),
    503: ("gateway.busy", "too much at once; ask again after the seconds in Retry-After"),
}


def add_error_handlers(app: App[Request, Response]) -> None:
    """Have every error answered as a problem; what nobody foresaw says nothing of itself to the client."""
    app.add_error_handler(Exception, _on_anything)
    app.add_error_handler(falcon.HTTPError, _on_http_error)
    app.add_error_handler(PlatformError, _on_platform_error)


async def _on_platform_error(req: Request, resp: Response, error: PlatformError, _: dict[str, Any]) -> None:
    status = status_of(error, asked_for_version=req.get_header("If-Match") is not None)
    if status >= 500 and not isinstance(error, Unavailable):
        log.error("request.failed", code=error.code, detail=error.detail)
        answer_problem(req, resp, 500, error.code, INTERNAL)
        return
    if status == HTTPStatus.INSUFFICIENT_STORAGE:
        log_failure("request.no_room", error)
    if isinstance(error, Unknown):
        resp.set_header("WWW-Authenticate", 'Bearer realm="matrix"')
    if isinstance(error, Unavailable | TooMany):
        resp.set_header("Retry-After", str(error.retry_after_s if isinstance(error, TooMany) else RETRY_AFTER_S))
    if status in (401, 403) or error.code == "caller.no_such_unit":
        identity = req.context.get("identity")
        who = {"account": str(identity.account.id), "with": identity.name} if identity else {}
        log.warning("request.refused", code=error.code, method=req.method, path=req.path, **who)
    answer_problem(req, resp, status, error.code, error.detail, error.fields)


async def _on_http_error(req: Request, resp: Response, error: falcon.HTTPError, _: dict[str, Any]) -> None:
    for name, value in dict(error.headers or {}).items():
        resp.set_header(name, value)
    code, detail = _HTTP.get(error.status_code, ("http.refused", error.title or ""))
    answer_problem(req, resp, error.status_code, code, error.description or detail)


async def _on_anything(req: Request, resp: Response, error: Exception, told: dict[str, Any]) -> None:
    if isinstance(error, OSError) and error.errno in FULL:
        await _on_platform_error(req, resp, Unavailable("disk.full", "no space is left on the disk"), told)
        return
    log.exception("request.crashed", method=req.method, path=req.path)
    answer_problem(req, resp, 500, "internal", INTERNAL)


def status_of(error: PlatformError, *, asked_for_version: bool) -> int:
    """Return the HTTP status of a failure; a lost race is 412 for whoever named a version, else 409."""
    if error.code == "stream.changed" and not asked_for_version:
        return 409
    if isinstance(error, RuleBroken) and error.code.startswith("caller."):
        return _STATUS.get(error.code, 403)
    return _STATUS.get(error.code, error.status)


def answer_problem(
    req: Request, resp: Response, status: int, code: str, detail: str, fields: dict[str, list[str]] | None = None
) -> None:
    """Make the response a problem."""
    problem = {
        "type": f"urn:matrix:problem:{code}",
        "title": _title(status),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": field, "reason": why} for field, reasons in (fields or {}).items() for why in reasons],
        "request_id": req.context.get("request_id"),
    }
    resp.status = status
    resp.content_type = PROBLEM
    resp.text = resp.stream = resp.sse = None
    resp.data = json.dumps(problem, ensure_ascii=False).encode()
    for name in ("ETag", "Location"):
        resp.delete_header(name)
    resp.set_header("Cache-Control", "no-store")


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"
