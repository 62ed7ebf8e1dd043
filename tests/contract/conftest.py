"""A fresh log of content for a test, on each kind of database unless the test's file says which."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from conftest import FreshDatabase, MakeDatabase
from shared.database import open_engine
from shared.log import open_log
from shared.log.store import Log


@pytest.fixture
def fresh(database: MakeDatabase) -> FreshDatabase:
    """Give a fresh database of content."""
    return database("content")


@pytest.fixture
def log(fresh: FreshDatabase) -> Iterator[Log]:
    """Give the log in it."""
    log = open_log("content", open_engine(fresh.url))
    yield log
    log.engine.dispose()


@pytest.fixture
def owner(fresh: FreshDatabase) -> Iterator[Engine]:
    """Give an engine whose role may do to the log what the application may not."""
    engine = open_engine(fresh.owner_url)
    yield engine
    engine.dispose()
