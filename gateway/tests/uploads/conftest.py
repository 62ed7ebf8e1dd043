"""A gateway whose media service keeps uploads."""

import pytest

from gateway.tests.kit import World
from gateway.tests.uploads.kit import FakeMedia


@pytest.fixture
def media(world: World) -> FakeMedia:
    """Give the media service behind the gateway."""
    return FakeMedia(world.services)
