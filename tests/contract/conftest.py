"""A fresh log of content for a test, on each kind of database unless the test's file says which."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from conftest import FreshDatabase, MakeDatabase
from shared import disk
from shared.database import open_engine
from shared.log import open_log
from shared.log.sqlite import SqliteLog
from shared.log.store import Log
from tests.contract.power import Power


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
def sqlite_log(sqlite_database: MakeDatabase) -> Iterator[SqliteLog]:
    """Give the log in a file."""
    log = open_log("content", open_engine(sqlite_database("content").url))
    assert isinstance(log, SqliteLog)
    yield log
    log.engine.dispose()


@pytest.fixture
def power(sqlite_log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Power:
    """Let the disk under that log keep nothing unsynced."""
    power = Power(sqlite_log, tmp_path)
    monkeypatch.setattr(disk, "sync_data", power.sync)
    return power


@pytest.fixture
def owner(fresh: FreshDatabase) -> Iterator[Engine]:
    """Give an engine whose role may do to the log what the application may not."""
    engine = open_engine(fresh.owner_url)
    yield engine
    engine.dispose()
