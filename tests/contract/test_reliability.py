"""What the documents say is proven is proven: every test, fault and mutant that they name exists."""

import re
from pathlib import Path

import pytest

from shared.failpoints import NAMES
from tests.chaos.faults import deck
from tests.chaos.mutants import MUTANTS
from tests.chaos.stage import DISTRIBUTED, EMBEDDED

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reliability.md"
LINES = {*(harm.name for mode in (EMBEDDED, DISTRIBUTED) for harm in deck(mode)), *NAMES, "wrong after a restore"}


@pytest.mark.parametrize("document", ["README.md", "docs/reliability.md"])
def test_every_test_that_is_named_exists(document: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / document).read_text())
    assert named
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).exists() or not re.search(rf"^(async )?def {test}\(", (ROOT / path).read_text(), re.M)
    ]
    assert not missing


@pytest.mark.parametrize("document", ["README.md", "docs/reliability.md"])
def test_every_line_of_the_chaos_report_and_every_mutant_that_is_named_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    assert set(re.findall(r"chaos: \*([^*]+)\*", text)) <= LINES
    assert set(re.findall(r"mutant \*([^*]+)\*", text)) <= MUTANTS.keys()


def test_every_failure_of_the_list_has_its_row() -> None:
    rows = re.findall(r"^\| (F\d\d) \|[^|]+\|([^|]+)\|$", TABLE.read_text(), re.M)
    assert [number for number, _ in rows] == [f"F{number:02}" for number in range(1, 65)]
    assert all(proof.strip() for _, proof in rows)
