"""The tree: a file is one noun and a function does one thing, so both stay short."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("bench", "gateway", "infra", "loadtests", "services", "shared", "tests")
FILE_LIMIT, FUNCTION_LIMIT = 300, 40
# An arrow; a function; a method, whose line ends where its body begins.
HEAD = re.compile(r"=>|^.*\bfunction\b.*(?=\{$)|^ +(?:(?:async|get|static) )*#?\w+\(.*\) (?=\{$)", re.M)


def files(*suffixes: str) -> Iterator[Path]:
    """Give the tree's own files with one of these endings: nothing that was vendored."""
    for path in [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]:
        if path.suffix in suffixes and "vendor" not in path.parts:
            yield path


def name_of(path: Path) -> str:
    """Return where a file is in the tree."""
    return path.relative_to(ROOT).as_posix()


def long_in_python(text: str) -> list[str]:
    """Return the names of functions with too many lines, decorators not counted."""
    functions = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )  # fmt: skip
    return [each.name for each in functions if (each.end_lineno or 0) - each.lineno >= FUNCTION_LIMIT]


def long_in_javascript(text: str) -> list[str]:
    """Return the lines on which functions with too many lines begin, inner ones as well as those around them."""
    bare = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', re.sub(r"(?m)(^|\s)//.*$", r"\1", text))
    heads = [(head, end_of(bare, head.end())) for head in HEAD.finditer(bare)]
    long = [head for head, end in heads if bare.count("\n", head.start(), end) >= FUNCTION_LIMIT]
    return [str(bare.count("\n", 0, head.start()) + 1) for head in long]


def end_of(text: str, at: int) -> int:
    """Return where the body that begins at `at` ends: a block at its brace, an expression before what follows it."""
    at += len(text[at:]) - len(text[at:].lstrip())
    depth = 0
    for place in range(at, len(text)):
        if text[place] in ",;" and depth == 0:
            return place
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth < 0 or (depth == 0 and text[at] == "{"):
            return place
    return len(text)


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    long = {name_of(path) for path in files(".py", ".js", ".css") if len(path.read_text().splitlines()) > FILE_LIMIT}
    assert not long


def test_no_function_is_longer_than_forty_lines() -> None:
    """Migrations list tables, which do not get clearer in parts."""
    here = [path for path in files(".py") if "migrations" not in path.parts]
    long = {name_of(path): found for path in here if (found := long_in_python(path.read_text()))}
    assert long == {}


def test_no_function_of_the_console_is_longer_than_forty_lines() -> None:
    scripts = list(files(".js"))
    assert scripts
    long = {name_of(path): found for path in scripts if (found := long_in_javascript(path.read_text()))}
    assert long == {}


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ("function draw() {\nBODY\n}", 2),
        ("export async function draw(pane, { me }) {\nBODY\n}", 2),
        ("const draw = (pane) => {\nBODY\n};", 2),
        ('openPage("board", async ({ main }) => {\nBODY\n});', 2),
        ("class Board {\n  async #draw(a, b = {}) {\nBODY\n  }\n}", 2),
        ("const draw = () => [\nBODY];", 1),
        ("const draw = () =>\n[BODY];", 1),
    ],
)
def test_one_line_too_many_is_seen_in_every_kind_of_function(written: str, own: int) -> None:
    """Mutants: a measure that sees only some ways to write a function, or that counts brackets in a text."""
    fitting, long = (written.replace("BODY", "\n".join(['say("}])", `${1}`), // }'] * n)) for n in (40 - own, 41 - own))
    assert long_in_javascript(fitting) == []
    assert len(long_in_javascript(long)) == 1


def test_one_line_too_many_is_seen_in_python() -> None:
    fitting, long = ("def draw():\n" + "    say()\n" * n for n in (FUNCTION_LIMIT - 1, FUNCTION_LIMIT))
    assert (long_in_python(fitting), long_in_python(long)) == ([], ["draw"])
