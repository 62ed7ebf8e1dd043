"""docs/security.md: every item of the catalogue has a row, and every test a row names is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (S\d\d) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
WITHOUT = ("not applicable", "operator")


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((ROOT / "docs" / "security.md").read_text())


def functions_of(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def missing(text: str) -> list[str]:
    """Return what the text names as a test and is none."""
    named = NAMED.findall(text)
    return [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or not name.startswith("test_") or name not in functions_of(ROOT / path)
    ]


def test_every_item_has_one_row_in_order() -> None:
    assert [number for number, _, _ in rows()] == [f"S{number:02}" for number in range(1, 61)]


def test_every_test_that_is_named_is_there() -> None:
    assert missing((ROOT / "docs" / "security.md").read_text()) == []


def test_a_row_names_a_test_or_says_why_there_is_none() -> None:
    bare = [number for number, _, proof in rows() if not NAMED.search(proof)]
    assert [number for number, _, proof in rows() if number in bare and not proof.lower().startswith(WITHOUT)] == []
    assert len(bare) <= 7


def test_the_mutant_that_names_a_test_of_its_own_invention_is_caught() -> None:
    assert missing("`gateway/tests/test_policy.py::test_that_nobody_wrote`")
    assert missing("`gateway/tests/test_nowhere.py::test_x`") and missing("`gateway/tests/policy.py::allowed`")
