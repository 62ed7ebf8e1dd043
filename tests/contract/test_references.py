"""The references and the documents say what the code does."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from infra.references import FOLDER, references
from shared.contracts import REGISTRY
from shared.contracts.consumers import CONSUMERS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "events"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string", "pattern": "^#/"}}}
MESSAGE = {
    "type": "object",
    "required": ["name", "title", "summary", "contentType", "headers", "payload"],
    "properties": {"contentType": {"const": "application/json"}, "headers": REFERENCE, "payload": REFERENCE},
}
ASYNCAPI = {  # as much of version 3.0 as is used here
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "propertyNames": {
        "enum": ["asyncapi", "info", "defaultContentType", "channels", "operations", "components"],
    },
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "channels": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages", "bindings"],
                "properties": {
                    "address": {"type": "string"},
                    "messages": {"type": "object", "minProperties": 1, "additionalProperties": REFERENCE},
                },
            },
        },
        "operations": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel", "messages"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": REFERENCE,
                    "messages": {"type": "array", "minItems": 1, "items": REFERENCE},
                },
            },
        },
        "components": {
            "type": "object",
            "properties": {
                "messages": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[\w.-]+$"},
                    "additionalProperties": MESSAGE,
                },
                "schemas": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[\w.-]+$"},
                    "additionalProperties": {"$ref": "http://json-schema.org/draft-07/schema#"},
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    """Give the description of the bus as it is in the repository."""
    found: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text())
    return found


def references_in(node: Any) -> list[str]:
    """Return everything the document refers to inside itself."""
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for value in node.values() for found in references_in(value)]
    return [found for value in node for found in references_in(value)] if isinstance(node, list) else []


def at(document: dict[str, Any], pointer: str) -> Any:
    """Return what a reference leads to."""
    found: Any = document
    for part in pointer.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json", "events.md"])
def test_a_reference_is_what_the_code_says(name: str) -> None:
    same = (FOLDER / name).read_text() == references()[name]
    assert same, f"docs/reference/{name} is not what the code says: python -m infra.references"


def test_the_description_of_the_bus_is_well_formed(asyncapi: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(ASYNCAPI).validate(asyncapi)
    for reference in references_in(asyncapi):
        assert at(asyncapi, reference)


def test_every_event_type_is_a_message_and_every_consumer_a_channel_with_what_it_takes(
    asyncapi: dict[str, Any],
) -> None:
    assert asyncapi["components"]["messages"].keys() == REGISTRY.types.keys()
    assert asyncapi["channels"].keys() == {consumer.name for consumer in CONSUMERS}
    for consumer in CONSUMERS:
        taken = asyncapi["channels"][consumer.name]["messages"].keys()
        assert taken == {name for name in REGISTRY.types if consumer.takes(name)}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/*.json")), ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_stored_event_fits_its_described_shape(path: Path, asyncapi: dict[str, Any]) -> None:
    stored = json.loads(path.read_text())
    schema = asyncapi["components"]["schemas"].get(stored["type"])
    if schema is None:
        assert stored["type"] in REGISTRY.upcasters
        return
    validator = jsonschema.Draft7Validator({**schema, "components": asyncapi["components"]})
    validator.validate(stored["data"])
    for field in schema["required"]:
        less = {name: value for name, value in stored["data"].items() if name != field}
        assert not validator.is_valid(less), f"{field} could be left out"


def test_a_personal_field_in_plain_text_does_not_fit(asyncapi: dict[str, Any]) -> None:
    stored = json.loads((GOLDEN / "content" / "article.drafted.v1.json").read_text())["data"]
    schema = asyncapi["components"]["schemas"]["content.article.drafted.v1"]
    validator = jsonschema.Draft7Validator({**schema, "components": asyncapi["components"]})
    assert validator.is_valid(stored)
    assert not validator.is_valid({**stored, "byline": "Wang Fang"})


def test_every_promise_of_the_readme_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (G[1-8]) .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows == [f"G{number}" for number in range(1, 9)]
    for line in (ROOT / "README.md").read_text().splitlines():
        if re.match(r"\| G[1-8] ", line):
            named = re.findall(r"`([\w/.]+\.py)::(\w+)`", line)
            assert named, line
            for path, name in named:
                assert name in functions_of(ROOT / path), f"{path}::{name}"


def functions_of(path: Path) -> set[str]:
    """Return the names of a module's functions."""
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_runbook_has_every_setting_and_no_other() -> None:
    source = (ROOT / "shared" / "config.py").read_text()
    read = set(re.findall(r'env\.get\("(MATRIX_\w+)"', source))
    secret = set(re.findall(r'_secret\(env, "(MATRIX_\w+)"\)', source))
    table = set(re.findall(r"^\| `(MATRIX_\w+)`", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    assert table == read | secret | {f"{name}_FILE" for name in secret}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_links_to_is_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_in_the_tree_is_there(document: Path) -> None:
    named = set(
        re.findall(r"`((?:shared|services|gateway|infra|tests|loadtests|docs)/[\w./-]+)`", document.read_text())
    )
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]
