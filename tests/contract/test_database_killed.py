"""PostgreSQL itself is killed while many append: what was answered is there when it is up again."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy.pool import QueuePool

from infra.servers import Servers, servers_in
from infra.servers.ports import wait_until
from infra.servers.postgres import ServerFailed
from shared.config import load_settings
from shared.contracts.content.events import UnitEstablished
from shared.database import open_engine
from shared.errors import PlatformError
from shared.execute import cause_of
from shared.log import open_log
from shared.log.postgres import PostgresLog
from shared.log.store import Log
from shared.log.verify import verify
from shared.migrations import migrate
from shared.testing import SECRET

WRITERS, ENOUGH, PATIENCE_S = 4, 200, 60.0


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Servers]:
    """Give a private PostgreSQL that keeps its promises, unlike the one of the other tests."""
    folder = tmp_path / "servers"
    servers = servers_in(folder)
    servers.postgres.start()
    yield servers
    servers.postgres.stop()
    servers.postgres.forget()


def log_of(servers: Servers) -> Log:
    """Return the migrated log of content."""
    env = servers.environment() | {"MATRIX_SECRET": SECRET, "MATRIX_DATA": str(servers.folder / "data")}
    del env["MATRIX_SECRET_FILE"]
    settings = load_settings(env)
    migrate("content", settings.owner_url("content"))
    return open_log("content", open_engine(settings.database_url("content")))


def write(log: Log, answered: list[UUID]) -> None:
    """Append to streams of its own until the database does not answer."""
    with suppress(PlatformError):
        while True:
            unit = uuid4()
            event = UnitEstablished(unit_id=unit, name="商学院", kind="college", parent_id=None, since=date(2021, 9, 1))
            log.append(f"unit-{unit}", [event], expected_version=0, cause=cause_of("test"), unit=unit)
            answered.append(unit)


def kill(servers: Servers) -> None:
    """Kill the server and every process of it."""
    with open_engine(servers.postgres.url()).connect() as db:
        folder = Path(db.exec_driver_sql("show data_directory").scalar_one())
    server = int((folder / "postmaster.pid").read_text().split()[0])
    children = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent(pid) == server]
    for pid in (server, *children):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def parent(pid: int) -> int:
    """Return the process's parent, or 0 where it is gone."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def start_again(servers: Servers) -> bool:
    """Return whether it is up: it waits for the last of its former processes."""
    with suppress(ServerFailed):
        servers.postgres.start()
        return True
    return False


def test_what_was_answered_survives_the_killing_of_the_database(durable: Servers) -> None:
    """G1."""
    log, answered = log_of(durable), list[UUID]()
    writers = [threading.Thread(target=write, args=(log, answered)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert wait_until(lambda: len(answered) >= ENOUGH, PATIENCE_S)
    kill(durable)
    for writer in writers:
        writer.join(PATIENCE_S)
    assert wait_until(lambda: start_again(durable), PATIENCE_S)
    held = {recorded.unit for recorded in log.read(0, 100_000).events}
    assert set(answered) <= held
    assert len(held) <= len(answered) + WRITERS, "at most the one each writer was not answered"
    assert not verify(log.engine).breaks
    kept = len(cast(PostgresLog, log)._driver._kept)  # between uses, out of the pool on purpose
    assert cast(QueuePool, log.engine.pool).checkedout() == kept, "no connection was lost for good"
