"""An empty read model for each test, in a file or on PostgreSQL, and the bus."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from conftest import FreshDatabase, MakeDatabase
from gateway.tests.matrix.bus import Bus
from gateway.tests.matrix.kit import open_model
from shared.database import open_engine


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Engine]:
    engine = open_model(tmp_path / "gateway.db")
    yield engine
    engine.dispose()


@pytest.fixture
def gateway(postgres_database: MakeDatabase) -> FreshDatabase:
    """Give a fresh database of the gateway on PostgreSQL."""
    return postgres_database("gateway")


@pytest.fixture
def matrix(gateway: FreshDatabase) -> Iterator[Engine]:
    """Give an engine of it: the matrix."""
    engine = open_engine(gateway.url)
    yield engine
    engine.dispose()


@pytest.fixture
def bus(amqp_url: str) -> Bus:
    """Give the bus, with nothing in the matrix's queues."""
    return Bus(amqp_url)
