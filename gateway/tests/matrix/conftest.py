"""An empty read model for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.tests.matrix.kit import open_model


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Engine]:
    engine = open_model(tmp_path / "gateway.db")
    yield engine
    engine.dispose()
