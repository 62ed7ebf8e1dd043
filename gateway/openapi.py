"""OpenAPI 3.1, generated from the table of routes and the schemas of requests and answers."""

import json
import re
from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from gateway.described import of_text
from gateway.operations import JSON, PUBLIC, SAFE, Operation, Route
from gateway.problems import PROBLEM
from gateway.schemas import Problem
from gateway.services import MAX_KEY

TITLE, VERSION = "Media Matrix", "1"
PROBLEM_SCHEMA = "#/components/schemas/Problem"
PRINTABLE = "^[\\x20-\\x7e]*$"
_PARAMETER = re.compile(r"{([a-z_]+)(:uuid)?}")


def document(routes: Iterable[Route]) -> bytes:
    """Return the description as JSON."""
    return json.dumps(describe(routes), ensure_ascii=False, indent=1).encode()


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the description of every operation of the routes."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: "")
    spec = APISpec(title=TITLE, version=VERSION, openapi_version="3.1.0", plugins=[plugin], info=_info())
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(of_text)  # type: ignore[no-untyped-call]
    spec.components.schema("Problem", schema=Problem)
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer", "description": "mm_…_…"})
    cookie = {"type": "apiKey", "in": "cookie", "name": "matrix_session"}
    spec.components.security_scheme("session", cookie)
    for route in routes:
        operations = {
            method.lower(): _operation(route, method, operation, plugin)
            for method, operation in route.operations.items()
        }
        spec.path(path=route.template, operations=operations, parameters=_path_parameters(route))
    found: dict[str, Any] = spec.to_dict()
    return found


def _info() -> dict[str, str]:
    return {"description": "A university's media matrix: content, review, media, training and figures of every unit."}


def _operation(route: Route, method: str, operation: Operation, plugin: MarshmallowPlugin) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": _operation_id(route, method),
        "summary": operation.summary,
        "tags": [route.template.split("/")[2] if route.template.startswith("/v1/") else "operators"],
        "x-action": operation.action,
        "security": [] if operation.action == PUBLIC else [{"key": []}, {"session": []}],
        "parameters": [*_query_parameters(operation, plugin), *_headers(method, operation)],
        "responses": {
            str(operation.status): _answer(operation),
            "default": {"description": "A problem.", "content": {PROBLEM: {"schema": {"$ref": PROBLEM_SCHEMA}}}},
        },
    }
    if operation.body is not None:
        made["requestBody"] = {"content": {operation.takes: {"schema": operation.body}}, "required": True}
    elif operation.takes != JSON:
        binary = {"type": "string", "format": "binary"}
        made["requestBody"] = {"content": {operation.takes: {"schema": binary}}}
    return made


def _operation_id(route: Route, method: str) -> str:
    parts = [part.strip("{}") for part in route.template.split("/") if part and part != "v1"]
    return "_".join([method.lower(), *parts]).replace("-", "_").replace(".", "_")


def _answer(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        described["content"] = {operation.answers_with: {"schema": operation.answer}}
    elif operation.answers_with != JSON:
        described["content"] = {operation.answers_with: {"schema": {"type": "string"}}}
    return described


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if is_id else {"type": "string"},
        }
        for name, is_id in _PARAMETER.findall(route.path)
    ]


def _query_parameters(operation: Operation, plugin: MarshmallowPlugin) -> list[dict[str, Any]]:
    schema: Schema | None = operation.query
    if schema is None:
        return []
    assert plugin.converter is not None
    return list(plugin.converter.schema2parameters(schema, location="query"))


def _headers(method: str, operation: Operation) -> list[dict[str, Any]]:
    headers = []
    if method == "POST":
        same = "The same key again gets the same answer and does nothing."
        headers.append(_header("Idempotency-Key", same, minLength=1, maxLength=MAX_KEY, pattern=PRINTABLE))
    if method not in SAFE and operation.action != PUBLIC:
        headers.append(_header("If-Match", "The ETag last seen.", required=operation.needs_version))
    if method == "GET":
        headers.append(_header("If-None-Match", "The ETag of what one has: 304 when that is still right."))
    return headers


def _header(name: str, meaning: str, *, required: bool = False, **limits: Any) -> dict[str, Any]:
    schema = {"type": "string", **limits}
    return {"name": name, "in": "header", "required": required, "description": meaning, "schema": schema}
