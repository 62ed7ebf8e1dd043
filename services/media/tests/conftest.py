"""A media service for each test, on SQLite; where it matters on PostgreSQL too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import MakeDatabase
from services.media.imaging import Decoders
from services.media.tests.world import World, known_world, new_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world on SQLite."""
    made = new_world(tmp_path)
    yield made
    made.runtime.engine.dispose()


@pytest.fixture
def both(database: MakeDatabase) -> Iterator[World]:
    """Give a world on SQLite, and in a second run on PostgreSQL."""
    made = known_world(database("media").settings)
    yield made
    made.runtime.engine.dispose()


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    """Give one decoder of our own, which is ended after the test."""
    made = Decoders(processes=1, patience_s=20)
    yield made
    made.close()
