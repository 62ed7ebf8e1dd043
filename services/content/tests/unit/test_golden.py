"""Events as they were once stored: every one still folds."""

from pathlib import Path
from typing import Any

import pytest

from services.content import article, channel, unit
from shared import codec
from shared.contracts import REGISTRY

GOLDEN = sorted((Path(__file__).parents[4] / "tests" / "golden" / "events" / "content").glob("*.json"))
DECIDERS: dict[str, Any] = {
    "unit": unit,
    "channel": channel,
    "article": article,
    "publication": article,
}


@pytest.mark.parametrize("path", [path for path in GOLDEN if path.stem.split(".")[0] in DECIDERS], ids=lambda p: p.stem)
def test_a_stored_event_is_folded_into_its_aggregate(path: Path) -> None:
    """F40."""
    stored = codec.loads(path.read_text())
    decider = DECIDERS[path.stem.split(".")[0]]
    event = REGISTRY.decode(stored["type"], codec.dumps(stored["data"]))
    assert decider.evolve(decider.initial(), event) is not None
