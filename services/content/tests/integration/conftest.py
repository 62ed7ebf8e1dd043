"""Worlds of content, on SQLite or on both databases."""

from collections.abc import Iterator

import pytest

from conftest import MakeDatabase
from services.content.projections import VIEWS
from services.content.tests.world import World
from shared.runtime import open_runtime


@pytest.fixture
def world(sqlite_database: MakeDatabase) -> Iterator[World]:
    """Give a fresh content service on SQLite."""
    runtime = open_runtime("content", sqlite_database("content").settings, VIEWS)
    yield World(runtime)
    runtime.engine.dispose()


@pytest.fixture
def either(database: MakeDatabase) -> Iterator[World]:
    """Give a fresh content service; the test runs once on SQLite and once on PostgreSQL."""
    runtime = open_runtime("content", database("content").settings, VIEWS)
    yield World(runtime)
    runtime.engine.dispose()
