"""The description and the routes are the same, in both directions. S60."""

from datetime import date
from typing import Any

import pytest
import schemathesis
from falcon.asgi import App
from falcon.inspect import inspect_routes
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import Schema
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.operations import JSON, Route
from gateway.routes import ROUTES
from gateway.tests.kit import World
from shared.contracts.content.requests import RenameChannel
from shared.errors import Invalid

MOST, BOUNDS = 200, {"maxLength", "enum", "format", "pattern"}
METHODS = {"get", "head", "post", "put", "patch", "delete"}


@pytest.fixture
def world(lasting_world: World) -> World:
    """Give the module's gateway, its services as at first."""
    return lasting_world.forget()


def described(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.ask("GET", "/v1/openapi.json", None).json()
    return found


def served(app: App[Any, Any]) -> set[tuple[str, str]]:
    """Return method and path of everything the application's own router answers, but for pages and OPTIONS."""
    found = set()
    for route in inspect_routes(app):
        template = Route(route.path, None).template
        methods = [method for method in route.methods if method.method.lower() in METHODS and not method.internal]
        if not getattr(route, "class_name", "").startswith("Page"):
            found |= {(method.method.lower(), template) for method in methods}
    return {(method, path) for method, path in found if path.startswith("/v1/") or path in OPERATORS}


OPERATORS = ("/livez", "/readyz", "/metrics")


def test_the_description_names_exactly_what_is_served(world: World) -> None:
    """S60."""
    paths = described(world)["paths"]
    told = {(method, path) for path, operations in paths.items() for method in operations if method in METHODS}
    assert told == served(world.app)


def unbounded(operation: dict[str, Any]) -> list[str]:
    """Return what an operation may be asked that makes its answer, or the work for it, as large as one likes."""
    asked = {each["name"]: each["schema"] for each in operation.get("parameters", []) if each["in"] == "query"}
    found = [name for name, schema in asked.items() if schema["type"] == "string" and not BOUNDS & schema.keys()]
    if asked.get("limit", {}).get("maximum", MOST + 1) > MOST and {"limit", "cursor"} & asked.keys():
        found.append("limit")
    return found


def test_no_question_has_an_answer_of_any_size(world: World) -> None:
    """S25: every page ends, and so does every text that is looked for."""
    operations = {
        path: methods["get"] for path, methods in described(world)["paths"].items() if "get" in methods
    }  # fmt: skip
    assert {path: found for path, operation in operations.items() if (found := unbounded(operation))} == {}
    assert sum("limit" in str(operation.get("parameters")) for operation in operations.values()) > 10


def test_the_naive_list_has(world: World) -> None:
    """S25: the mutants, a page without an end and a search for a novel."""
    cursor, text = ({"in": "query", "name": name, "schema": {"type": "string"}} for name in ("cursor", "q"))
    short = {"maxLength": 10, "type": "string"}
    assert unbounded({"parameters": [text, {**cursor, "schema": short}]}) == ["q", "limit"]


def test_the_description_is_valid(world: World) -> None:
    OpenAPIV31SpecValidator(described(world)).validate()


def test_every_operation_has_a_name_of_its_own_a_summary_and_its_problems(world: World) -> None:
    operations = [
        operation
        for path in described(world)["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["summary"].endswith(".") for operation in operations)
    assert all("application/problem+json" in operation["responses"]["default"]["content"] for operation in operations)


def test_what_needs_a_key_says_so(world: World) -> None:
    paths = described(world)["paths"]
    assert paths["/v1/units"]["get"]["security"] == [{"key": []}, {"session": []}]
    assert paths["/livez"]["get"]["security"] == []


def test_limits_are_told(world: World) -> None:
    parameters = {each["name"]: each for each in described(world)["paths"]["/v1/units"]["get"]["parameters"]}
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert "cursor" in parameters and "after" not in parameters


IN_OUR_TIME = st.dates(date(1900, 1, 2), date(2199, 12, 30))
FORMATS = {
    "date": IN_OUR_TIME.map(str),
    "date-time": IN_OUR_TIME.map("{}T12:00:00Z".format),
    "uri": st.integers(1).map("https://news.example.edu/{}".format),
}
COMMANDS = [
    (method, route.template, operation)
    for route in ROUTES
    for method, operation in route.operations.items()
    if operation.body is not None and operation.takes == JSON
]


def test_what_the_description_allows_is_seldom_refused(world: World) -> None:
    """S22: limits of length and time, characters and forms are told by the fields that check them.

    A few things a schema of JSON cannot say: two fields that exclude each other, that 1.0 is no whole number.
    """
    for name, drawn in FORMATS.items():
        schemathesis.openapi.format(name, drawn)
    schema = schemathesis.openapi.from_dict(described(world))
    refused: list[Any] = []

    def try_some(method: str, path: str, body: Schema) -> None:
        @seed(2021)
        @settings(max_examples=EACH, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(schema[path][method].as_strategy())
        def run(case: Any) -> None:
            if not is_taken(body, case.body):
                refused.append((method, path, case.body))

        run()

    for method, path, operation in COMMANDS:
        assert operation.body is not None
        try_some(method, path, operation.body)
    assert len(refused) < EACH * len(COMMANDS) * 0.2, refused  # more than half, when nothing of this is told


EACH = 3


@pytest.mark.parametrize("name", ["新闻 news 😀\n", " a", "a\x00b", "a\x1fb", " \n ", "", "a" * 101])
def test_the_description_refuses_the_very_text_that_the_field_refuses(world: World, name: str) -> None:
    body = described(world)["paths"]["/v1/channels/{channel_id}/name"]["post"]["requestBody"]["content"][JSON]
    told = Draft202012Validator(body["schema"])
    assert told.is_valid({"name": name}) is is_taken(RenameChannel(exclude=["channel_id"]), {"name": name})


def is_taken(schema: Schema, body: Any) -> bool:
    try:
        schema.load(body)
    except Invalid:
        return False
    return True
