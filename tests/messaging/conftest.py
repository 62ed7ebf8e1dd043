"""A fresh world a test: databases with the toys' logs, names on the broker of its own, processes that end with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine

from infra.relays import AS_IT_IS
from shared import topology
from shared.config import Settings, load_settings
from shared.contracts.consumers import Consumer
from shared.database import open_engine
from shared.dead_letters import BrokerDeadLetters
from shared.envelope import Envelope
from shared.log import migrations, open_log
from shared.log.postgres import PostgresLog
from shared.relay import Relay
from shared.testing import SECRET, SECRETS
from tests.messaging import toys

SERVICES = ("content", "review")


def wait_until(condition: Callable[[], Any], timeout: float = 40.0) -> Any:
    """Return what the condition returns once it is true; fail after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {timeout} s"
        time.sleep(0.03)
    return found


def create_logs(settings: Settings) -> None:
    """Create the logs of the toys."""
    for name in SERVICES:
        engine = open_engine(settings.owner_url(name))
        with engine.begin() as db, Operations.context(MigrationContext.configure(db)):
            migrations.create()
        engine.dispose()


@dataclass
class World:
    """Databases, broker and processes of one test."""

    settings: Settings
    env: dict[str, str]
    folder: Path
    consumer: str = toys.CONSUMER
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: dict[str, Any] = field(default_factory=dict)
    stops: list[threading.Event] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def consumers(self) -> list[Consumer]:
        """Who listens in this world."""
        return toys.consumers(self.consumer)

    def log(self, name: str) -> Any:
        """Return a service's log."""
        if name not in self.logs:
            self.logs[name] = open_log(name, open_engine(self.settings.database_url(name)))
        return self.logs[name]

    def start(self, *what: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a process of ``tests.messaging.processes``; its words go to ``<what>.log``."""
        full = {**os.environ, **self.env, "TOY_CONSUMER": self.consumer, **env}
        command = [sys.executable, "-m", "tests.messaging.processes", *what]
        with (self.folder / f"{'-'.join(what)}.log").open("ab") as output:
            process = subprocess.Popen(command, env=full, stdout=output, stderr=output)
        self.processes.append(process)
        return process

    def said(self, *what: str) -> str:
        """Return what such processes said so far."""
        path = self.folder / f"{'-'.join(what)}.log"
        return path.read_text() if path.exists() else ""

    def declare(self) -> None:
        """Declare the bus."""
        topology.declare(self.settings.amqp_url, self.consumers, toys.LADDER)

    def relay(self, consumers: list[Consumer] | None = None, amqp_url: str = "") -> Relay:
        """Start a relay of the content log on a thread, by another way to the broker if one is given."""
        log = PostgresLog("content", open_engine(self.settings.database_url("content")), AS_IT_IS)
        url = amqp_url or self.settings.amqp_url
        relay = Relay(log, url, Envelope(SECRETS), consumers or self.consumers, toys.LADDER)
        stop = threading.Event()
        thread = threading.Thread(target=relay.run, args=(stop,), daemon=True)
        thread.start()
        self.stops.append(stop)
        self.threads.append(thread)
        self.logs[f"relay-{uuid4()}"] = log
        return relay

    def checkpoint(self) -> tuple[int, int]:
        """Return position and epoch of the content relay."""
        with self.log("content").engine.connect() as db:
            row = db.exec_driver_sql("select position, epoch from relay").one_or_none()
        return (row.position, row.epoch) if row else (0, 0)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """Give a channel to the broker."""
        connection = pika.BlockingConnection(pika.URLParameters(self.settings.amqp_url))
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()

    def take(self, queue: str | None = None) -> list[tuple[Any, bytes]]:
        """Take all messages out of a queue."""
        name, taken = queue or self.consumer, []
        with self.channel() as channel:  # single active consumer: the broker refuses basic.get
            waiting = channel.queue_declare(name, passive=True).method.message_count
            for _, properties, body in channel.consume(name, auto_ack=True) if waiting else ():
                taken.append((properties, body))
                if len(taken) == waiting:
                    break
        return taken

    def count(self, queue: str | None = None) -> int:
        """Return how many messages wait in a queue."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue or self.consumer, passive=True).method.message_count)

    def dead(self) -> Any:
        """Return the dead letters on the broker."""
        return BrokerDeadLetters(self.settings.amqp_url, self.consumers)

    def end(self) -> None:
        """End everything that was started."""
        for stop in self.stops:
            stop.set()
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        for thread in self.threads:
            thread.join(15)
            assert not thread.is_alive()
        for log in self.logs.values():
            log.engine.dispose()


@pytest.fixture(scope="session")
def prepared(servers: Any) -> str:
    """Return a PostgreSQL database with the logs of the toys, to make others of."""
    name = f"messaging_{uuid4().hex[:8]}"
    servers.postgres.psql("postgres", "--command", f"create database {name}")
    servers.postgres.make_roles(name)
    create_logs(load_settings({**servers.environment(name), "MATRIX_SECRET": SECRET}))
    return name


@pytest.fixture
def world(servers: Any, prepared: str, tmp_path: Path) -> Iterator[World]:
    """Give a distributed world."""
    database, admin = f"w_{uuid4().hex[:12]}", create_engine(servers.postgres.url("postgres"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql(f"create database {database} template {prepared}")
    env = {**servers.environment(database), "MATRIX_SECRET": SECRET}
    env.pop("MATRIX_SECRET_FILE", None)
    made = World(load_settings(env), env, tmp_path, consumer=f"review.on-unit-{uuid4().hex[:8]}")
    yield made
    made.end()
    with made.channel() as channel:
        channel.queue_delete(made.consumer)
        channel.queue_delete(topology.dead_queue(made.consumer))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql(f"drop database {database} with (force)")
    admin.dispose()


@pytest.fixture
def small_world(tmp_path: Path) -> Iterator[World]:
    """Give an embedded world: SQLite files and no broker."""
    env = {"MATRIX_MODE": "embedded", "MATRIX_DATA": str(tmp_path / "data"), "MATRIX_SECRET": SECRET}
    (tmp_path / "data").mkdir()
    made = World(load_settings(env), env, tmp_path)
    create_logs(made.settings)
    yield made
    made.end()


@pytest.fixture
def served(world: World) -> World:
    """Give a world in which the telling service answers."""
    world.start("service", "content")
    wait_until(lambda: "service.started" in world.said("service", "content"))
    return world
