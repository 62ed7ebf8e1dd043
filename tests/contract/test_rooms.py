"""The tree: every service has the same rooms, the rules are pure, and what documents say to type exists."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from shared.contracts import SERVICES

ROOT = Path(__file__).parents[2]
ROOMS = ("service", "projections", "queries", "schemas")
IMPURE = frozenset({"nameko", "eventlet", "pika", "sqlalchemy", "marshmallow"})
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/runbook.md", "docs/backup.md")


def modules_of(service: str) -> dict[str, list[Path]]:
    """Return the files of each module or package of a service (not its migrations and tests)."""
    found: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "services" / service).iterdir()):
        if path.suffix == ".py" and path.stem != "__init__":
            found[path.stem] = [path]
        elif (path / "__init__.py").exists() and path.name not in ("migrations", "tests"):
            found[path.name] = sorted(path.rglob("*.py"))
    return found


def functions_in(path: Path) -> set[str]:
    """Return the names of a module's functions."""
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def nouns_of(service: str) -> list[str]:
    """Return the service's aggregates: the modules that decide."""
    return [
        name for name, paths in modules_of(service).items() if any("decide" in functions_in(path) for path in paths)
    ]


def imports_of(path: Path) -> set[str]:
    """Return the full names of all that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_every_room(service: str) -> None:
    home, modules = ROOT / "services" / service, modules_of(service)
    assert set(ROOMS) <= modules.keys()
    assert nouns_of(service)
    assert (home / "migrations" / "env.py").is_file()
    assert list((home / "migrations" / "versions").glob("*.py"))
    assert list((home / "tests" / "unit").glob("test_*.py"))
    assert list((home / "tests" / "integration").glob("test_*.py"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_in_its_first_lines_what_it_owns(service: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / "services" / service / "__init__.py").read_text()))
    assert text, "what it owns, which streams, whom it listens to"


@pytest.mark.parametrize("service", SERVICES)
def test_the_rules_import_no_framework_no_database_and_no_room(service: str) -> None:
    forbidden = {f"services.{service}.{room}" for room in ROOMS}
    for noun in nouns_of(service):
        for path in modules_of(service)[noun]:
            names = imports_of(path)
            assert not {name.partition(".")[0] for name in names} & IMPURE, path
            assert not names & forbidden, path


def test_the_import_rules_name_every_aggregate() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pure = next(contract for contract in contracts if contract["name"].startswith("the rules know"))
    nouns = {f"services.{service}.{noun}" for service in SERVICES for noun in nouns_of(service)}
    assert set(pure["source_modules"]) == nouns


def test_every_module_says_in_one_line_what_it_is() -> None:
    silent = [
        path
        for package in ("shared", "services", "gateway", "infra")
        for path in (ROOT / package).rglob("*.py")
        if path.read_text().strip()
        and "versions" not in path.parts
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def test_help_lists_every_target_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == set(re.findall(r"^([a-z-]+):.* ## ", makefile, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_says_to_make_is_a_target(document: str) -> None:
    if not (ROOT / document).exists():
        pytest.skip(f"there is no {document}")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = re.findall(r"`[^`\n]+`|^```.*?^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    named = {word for piece in code for word in re.findall(r"\bmake ([a-z][a-z-]*)", piece)}
    assert named <= targets
