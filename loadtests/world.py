"""Durable servers of the benchmark's own, with the platform's databases twice: with some data, and with ten times."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from infra.prepare import prepare
from infra.servers import Servers, start_servers
from loadtests.history import write_articles
from shared.config import Settings, load_settings
from shared.database import open_engine

EVENTS = 10_000
LARGE = "large"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """``settings`` of the platform with ``events`` events in its content log, ``large`` of the one with ten times.

    Both are on the same servers. ``environment`` and ``large_environment`` have the same as a process wants them;
    ``database_pid`` is the database's first process.
    """

    servers: Servers
    environment: dict[str, str]
    large_environment: dict[str, str]
    settings: Settings
    large: Settings
    events: int
    database_pid: int


@contextmanager
def private_world(scale: int = 1) -> Iterator[World]:
    """Give a world with ``scale`` times 10 000 events. It is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        servers = start_servers(Path(folder) / "servers")
        try:
            servers.postgres.psql("postgres", "--command", f"create database {LARGE}")
            servers.postgres.make_roles(LARGE)
            own = {"MATRIX_DATA": folder, "MATRIX_BLOBS": f"file://{folder}/blobs"}
            small, large = ({**servers.environment(*names), **own} for names in ((), (LARGE,)))
            with open_engine(servers.postgres_url).connect() as db:
                told = db.execute(text("select pg_read_file('postmaster.pid')")).scalar_one()
            world = World(
                servers=servers,
                environment={**os.environ, **small},
                large_environment={**os.environ, **large},
                settings=load_settings(small),
                large=load_settings(large),
                events=EVENTS * scale,
                database_pid=int(told.split()[0]),
            )
            for settings, events in ((world.settings, world.events), (world.large, 10 * world.events)):
                prepare(settings)
                write_articles(settings, events)
            yield world
        finally:
            servers.forget()
