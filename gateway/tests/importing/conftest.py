"""A gateway whose services take rows."""

from typing import Any

import pytest

from gateway.tests.importing.kit import CHANNEL
from gateway.tests.kit import OWN_UNIT, World


@pytest.fixture
def services(world: World) -> World:
    """Return the world, whose services know one unit with one channel, and do every command once."""
    world.services.answers |= {
        "list_units": page({"id": str(OWN_UNIT), "name": "文学院"}),
        "list_channels": page({"id": CHANNEL, "unit_id": str(OWN_UNIT), "name": "官微", "kind": "wechat_oa"}),
    }
    return world


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next": None}
