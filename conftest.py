"""What tests of every folder may ask for: private servers, and fresh migrated databases of both kinds."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from sqlalchemy import create_engine

from infra.servers import Servers, servers_in
from infra.servers.postgres import Postgres
from shared.config import Settings, load_settings
from shared.migrations import migrate
from shared.testing import SECRET

FOLDERS = "matrix-tests-"
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"  # what tests start is on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshDatabase:
    """A migrated, empty database of one owner (a service or ``gateway``); ``env`` are the settings that lead to it."""

    kind: Literal["sqlite", "postgresql"]
    owner: str
    env: dict[str, str]

    @property
    def settings(self) -> Settings:
        """The typed settings."""
        return load_settings(self.env)

    @property
    def url(self) -> str:
        """The URL with which the owner works."""
        return self.settings.database_url(self.owner)

    @property
    def owner_url(self) -> str:
        """The URL with which migrations work."""
        return self.settings.owner_url(self.owner)


MakeDatabase = Callable[[str], FreshDatabase]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's own user may enter too; end what killed test runs left."""
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        if not _runs(int(left.name.removeprefix(FOLDERS))):
            servers_in(left, durable=False).forget()
    folder = Path(tempfile.gettempdir()) / f"{FOLDERS}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o711)
    yield folder
    servers_in(folder, durable=False).forget()


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Postgres:
    """Give a private PostgreSQL, started once for all tests."""
    server = servers_in(server_folder, durable=False).postgres
    server.start()
    return server


@pytest.fixture(scope="session")
def servers(server_folder: Path, postgres: Postgres) -> Servers:
    """Give a private PostgreSQL and RabbitMQ, started once for all tests."""
    both = servers_in(server_folder, durable=False)
    both.rabbit.start()
    return both


@pytest.fixture(scope="session")
def amqp_url(servers: Servers) -> str:
    """Give the private RabbitMQ's URL."""
    return servers.amqp_url


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a function that returns a migrated SQLite file of an owner, to copy."""
    folder = tmp_path_factory.mktemp("templates")

    def template(owner: str) -> Path:
        path = folder / f"{owner}.db"
        if not path.exists():
            migrate(owner, f"sqlite:///{path}")
        return path

    return template


@pytest.fixture
def sqlite_database(sqlite_templates: Callable[[str], Path], tmp_path: Path) -> MakeDatabase:
    """Give a function that makes a fresh SQLite database of an owner."""

    def make(owner: str) -> FreshDatabase:
        data = tmp_path / f"data-{uuid4().hex[:8]}"
        data.mkdir()
        shutil.copy(sqlite_templates(owner), data / f"{owner}.db")
        env = {"MATRIX_MODE": "embedded", "MATRIX_DATA": str(data), "MATRIX_SECRET": SECRET}
        return FreshDatabase(kind="sqlite", owner=owner, env=env)

    return make


@pytest.fixture(scope="session")
def postgres_templates(
    server_folder: Path, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> MakeDatabase:
    """Give a function that returns a migrated PostgreSQL database of an owner, to clone."""
    made: dict[str, FreshDatabase] = {}

    def template(owner: str) -> FreshDatabase:
        if owner not in made:
            name = f"template_{owner}"
            _as_superuser(postgres, f"create database {name}")
            postgres.make_roles(name)
            database = _postgres_database(server_folder, tmp_path_factory.getbasetemp(), owner, name)
            migrate(owner, database.owner_url)
            made[owner] = database
        return made[owner]

    return template


@pytest.fixture
def postgres_database(
    server_folder: Path, postgres: Postgres, postgres_templates: MakeDatabase, tmp_path: Path
) -> Iterator[MakeDatabase]:
    """Give a function that makes a fresh PostgreSQL database of an owner; they are dropped after the test."""
    names: list[str] = []

    def make(owner: str) -> FreshDatabase:
        postgres_templates(owner)
        names.append(f"{owner}_{uuid4().hex[:12]}")
        _as_superuser(postgres, f"create database {names[-1]} template template_{owner}")
        _as_superuser(postgres, f"revoke temporary on database {names[-1]} from public")  # a clone forgets it
        return _postgres_database(server_folder, tmp_path, owner, names[-1])

    yield make
    for name in names:
        _as_superuser(postgres, f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> MakeDatabase:
    """Give a function that makes a fresh database of an owner; the test runs once on each kind."""
    made: MakeDatabase = request.getfixturevalue(
        "sqlite_database" if request.param == "sqlite" else "postgres_database"
    )
    return made


def _postgres_database(server_folder: Path, data: Path, owner: str, name: str) -> FreshDatabase:
    env = servers_in(server_folder, durable=False).environment(name)
    del env["MATRIX_SECRET_FILE"]
    env |= {"MATRIX_SECRET": SECRET, "MATRIX_DATA": str(data)}
    return FreshDatabase(kind="postgresql", owner=owner, env=env)


def _as_superuser(postgres: Postgres, statement: str) -> None:
    engine = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.exec_driver_sql(statement)
    engine.dispose()


def _runs(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
