"""Events as they were once stored: each is read today, for ever. A fixture is never edited; new versions add files."""

from pathlib import Path
from typing import Any

import pytest

from shared import codec
from shared.contracts import REGISTRY
from shared.events import Registry, Unknown, encode

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
FIXTURES = sorted(GOLDEN.glob("*/*.json"))


def stored(path: Path) -> tuple[str, Any]:
    """Return the written type and the data in a fixture."""
    fixture = codec.loads(path.read_text())
    return fixture["type"], fixture["data"]


def named(path: Path) -> str:
    """Return the type a fixture's place says it is of."""
    return f"{path.parent.name}.{path.stem}"


@pytest.mark.parametrize("path", FIXTURES, ids=named)
def test_a_stored_event_is_read_and_current_ones_are_written_the_same(path: Path) -> None:
    """F40. A field added, renamed or retyped without a new version of the type changes what is written here."""
    name, data = stored(path)
    assert name == named(path)
    event = REGISTRY.decode(name, codec.dumps(data))
    assert not isinstance(event, Unknown), "neither a type nor an upcaster knows it any more"
    if event.type == name:
        assert encode(event) == codec.dumps(data)
    assert REGISTRY.decode(event.type, encode(event)) == event, "reading once more changes nothing"


def test_every_event_type_has_a_golden_fixture() -> None:
    """F40."""
    assert {named(path) for path in FIXTURES} >= REGISTRY.types.keys()


def test_a_reader_that_drops_an_old_version_is_caught() -> None:
    """F40: the mutant renames a type in place instead of lifting the old one."""
    name, data = stored(FIXTURES[0])
    renamed = Registry(event_type for event_type in REGISTRY.types.values() if event_type.type != name)
    assert isinstance(renamed.decode(name, codec.dumps(data)), Unknown)
