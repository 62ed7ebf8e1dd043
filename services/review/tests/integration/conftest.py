"""A review service for each test."""

from pathlib import Path

import pytest

from services.review.tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a fresh review service on SQLite."""
    return World(tmp_path)
