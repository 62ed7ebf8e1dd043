"""The description and the routes are the same, in both directions. S60."""

from typing import Any

import pytest
from falcon.asgi import App
from falcon.inspect import inspect_routes
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.operations import Route
from gateway.tests.kit import World

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
