"""The platform in both of its run modes; what its processes said is in the report of a failed test."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine

from infra.broker_users import PROCESSES, permissions, topic_permissions
from infra.servers import Servers
from infra.servers.ports import free_port
from infra.supervisor import COMMANDS
from tests.e2e.browsers import browser, sign_in
from tests.e2e.platforms import Platform, clean_environment, key_in

__all__ = ["browser", "sign_in"]
RUNNING: list[Platform] = []


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Give an embedded platform with nothing in it: one process, SQLite files, no broker."""
    folder, port = tmp_path_factory.mktemp("embedded"), free_port()
    env = {**clean_environment(), "DATA": str(folder / "data"), "PORT": str(port)}
    made = Platform(env=env, folder=folder, url=f"http://127.0.0.1:{port}", commands={"run": ("run",)})
    with _ending(made):
        made.start()
        made.enter(key_in((folder / "run.log").read_text()))
        yield made


@pytest.fixture(scope="package")
def distributed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Give a distributed platform with nothing in it: eight processes, a database and a broker's host of its own."""
    folder, name = tmp_path_factory.mktemp("distributed"), f"e2e_{uuid4().hex[:8]}"
    with _database(servers, name), _broker_host(servers, name, folder) as amqp_url:
        made = _platform(folder, {**servers.environment(name), "MATRIX_AMQP_URL_FILE": str(amqp_url)})
        with _ending(made):
            assert made.matrix("migrate").returncode == 0
            key = key_in(made.matrix("key", "create", "--first").stdout)
            made.start(*COMMANDS)
            made.enter(key)
            yield made


@pytest.fixture(params=["embedded", "distributed"])
def platform(request: pytest.FixtureRequest) -> Platform:
    """Give a platform; the test runs once in each mode."""
    made: Platform = request.getfixturevalue(request.param)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the processes' last words to the report of a failure."""
    report = yield
    if report.failed:
        report.sections += [(str(made.folder), made.last_words()) for made in RUNNING]
    return report


def _platform(folder: Path, settings: dict[str, str]) -> Platform:
    port = free_port()
    env = {**clean_environment(), **settings, "MATRIX_DATA": str(folder / "data"), "MATRIX_PORT": str(port)}
    commands = {**COMMANDS, "second review": ("serve", "review")}
    return Platform(env=env, folder=folder, url=f"http://127.0.0.1:{port}", commands=commands)


@contextmanager
def _ending(made: Platform) -> Iterator[None]:
    RUNNING.append(made)
    try:
        yield
    finally:
        RUNNING.remove(made)
        made.leave()
        made.stop()


@contextmanager
def _database(servers: Servers, name: str) -> Iterator[None]:
    _as_superuser(servers, f"create database {name}")
    servers.postgres.make_roles(name)
    yield
    _as_superuser(servers, f"drop database {name} with (force)")


@contextmanager
def _broker_host(servers: Servers, name: str, folder: Path) -> Iterator[Path]:
    """Give a file with the URL of a virtual host of the broker: what stays in its queues is nobody else's.

    Beside it lies a file for each process, which comes as its own user with the rights it has in earnest.
    """
    url = urlsplit(servers.amqp_url)
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    auth = (url.username or "", url.password or "")
    with httpx.Client(base_url=f"{servers.rabbit.management_url}/api", auth=auth, trust_env=False) as broker:
        broker.put(f"/vhosts/{name}").raise_for_status()
        broker.put(f"/permissions/{name}/{url.username}", json=rights).raise_for_status()
        for right in permissions(name):
            broker.put(f"/permissions/{name}/{right['user']}", json=right).raise_for_status()
        for topic in topic_permissions(name):
            broker.put(f"/topic-permissions/{name}/{topic['user']}", json=topic).raise_for_status()
        for user in ("url", *PROCESSES):
            own = urlsplit((servers.folder / "secrets" / f"amqp_{user}").read_text())
            (folder / f"amqp_{user}").write_text(own._replace(path=f"/{name}").geturl())
        yield folder / "amqp_url"
        broker.delete(f"/vhosts/{name}").raise_for_status()


def _as_superuser(servers: Servers, statement: str) -> None:
    engine = create_engine(servers.postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.exec_driver_sql(statement)
    engine.dispose()
