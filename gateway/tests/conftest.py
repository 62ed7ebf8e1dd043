"""A gateway with stand-ins for the services, on a database of its own."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from gateway.dependencies import open_dependencies
from gateway.tests.kit import FakeServices, World
from shared.config import load_settings
from shared.testing import SECRET

Template = Callable[[str], Path]


def open_world(template: Template, folder: Path) -> World:
    """Return a gateway on a fresh database in ``folder``."""
    shutil.copy(template("gateway"), folder / "gateway.db")
    env = {"MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET, "MATRIX_CORS_ORIGINS": "https://portal.example.edu"}
    services = FakeServices()
    return World(open_dependencies(load_settings(env), services), services)


@pytest.fixture(scope="session", autouse=True)
def quiet() -> Iterator[None]:
    """Keep what is logged out of the way: unconfigured, structlog draws every traceback with its variables."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def world(sqlite_templates: Template, tmp_path: Path) -> Iterator[World]:
    """Give a gateway and a client of it."""
    made = open_world(sqlite_templates, tmp_path)
    yield made
    made.close()


@pytest.fixture
def unstarted_world(sqlite_templates: Template, tmp_path: Path) -> World:
    """Give a gateway that a conductor starts and ends."""
    return open_world(sqlite_templates, tmp_path)


@pytest.fixture(scope="module")
def lasting_world(sqlite_templates: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give one gateway for all tests of a module that leave its accounts as they found them."""
    made = open_world(sqlite_templates, tmp_path_factory.mktemp("world"))
    yield made
    made.close()
