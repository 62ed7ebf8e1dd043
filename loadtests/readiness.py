"""How long a service needs to be ready, and how long a log is without a relay when the leading one dies or freezes.

A service is ready when it takes requests off its queue. The peer is a Python process that loads what a nameko service
with a database must, and connects to both servers. Being without a relay is measured in leases: what a frozen one has.
"""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from typing import Any

from pika.exceptions import ChannelClosedByBroker
from sqlalchemy import make_url, text

from infra.servers.ports import wait_until
from loadtests.peers import ROUNDS, Comparison, Sample, compare
from loadtests.processes import end, matrix
from loadtests.world import World
from loadtests.writers import ROW, UNIT, connect
from shared import topology
from shared.contracts.consumers import CONSUMERS
from shared.database import open_engine
from shared.execute import cause_of
from shared.ids import new_id
from shared.leader import STALE_US
from shared.log import open_log

POLL_S = 0.01
PATIENCE_S = 60.0
BARE = (
    "import os, eventlet, nameko.containers, sqlalchemy, psycopg2, pika;"
    "psycopg2.connect(os.environ['BENCH_DATABASE']);"
    "pika.BlockingConnection(pika.URLParameters(os.environ['BENCH_AMQP']))"
)


def readiness(world: World) -> list[Comparison]:
    """Return milliseconds: from a process's start until it is ready, from a leader's end until another publishes."""
    topology.declare(world.settings.amqp_url, CONSUMERS)
    return [_start_up(world), _failover(world, signal.SIGKILL), _failover(world, signal.SIGSTOP)]


def bare(world: World) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of the process that loads libraries and connects."""
    url = make_url(world.settings.database_url("content")).set(drivername="postgresql")
    told = {"BENCH_DATABASE": url.render_as_string(hide_password=False), "BENCH_AMQP": world.settings.amqp_url}
    return [sys.executable, "-W", "ignore", "-c", BARE], {**world.environment, **told}


def _start_up(world: World) -> Comparison:
    command, environment = bare(world)

    def connect_only() -> Sample:
        began = time.perf_counter()
        subprocess.run(command, env=environment, check=True)
        return Sample((time.perf_counter() - began) * 1000)

    return compare(
        "service-start", "a service, until it takes requests", "loading its libraries and connecting", "ms",
        lambda: _ready(world, world.environment), connect_only,
        ten=lambda: _ready(world, world.large_environment), cost=True,
    )  # fmt: skip


def _ready(world: World, environment: dict[str, str]) -> Sample:
    with closing(topology.connect(world.settings.amqp_url)) as connection:
        began = time.perf_counter()
        with matrix(environment, "serve", "content") as service:
            assert wait_until(lambda: _is_served(connection, "rpc-content"), PATIENCE_S), "it does not start"
            taken = Sample((time.perf_counter() - began) * 1000)
            service.kill()  # how it ends is no part of this
        assert wait_until(lambda: not _is_served(connection, "rpc-content"), PATIENCE_S)
        return taken


def _is_served(connection: Any, queue: str) -> bool:
    channel = connection.channel()
    try:
        served = bool(channel.queue_declare(queue, passive=True).method.consumer_count)
    except ChannelClosedByBroker:
        return False
    channel.close()
    return served


def _failover(world: World, how: signal.Signals) -> Comparison:
    """Return what passes until an event is published that was appended just after the leader's end."""
    taken: list[Sample] = []
    log = open_log("content", open_engine(world.settings.database_url("content")))
    with closing(connect(world.settings)) as database, database.cursor() as cursor, ExitStack() as stack:

        def published(position: int) -> bool:
            cursor.execute("select coalesce(max(position), 0) from relay")
            return bool(cursor.fetchone()[0] >= position)

        def append() -> int:
            stream, cause = f"unit-{new_id()}", cause_of("bench")
            return log.append(stream, [ROW], expected_version=0, cause=cause, unit=UNIT).position

        leader = stack.enter_context(matrix(world.environment, "relay", "content"))
        for _ in range(ROUNDS):
            position = append()
            assert wait_until(lambda at=position: published(at), PATIENCE_S)  # type: ignore[misc]
            standby = stack.enter_context(matrix(world.environment, "relay", "content"))
            assert wait_until(lambda: _stands_by(world), PATIENCE_S)
            began = time.perf_counter()
            leader.send_signal(how)
            position = append()
            while not published(position):
                time.sleep(POLL_S)
            taken.append(Sample((time.perf_counter() - began) * 1000))
            leader.kill()
            end(leader)
            leader = standby
    log.engine.dispose()
    said = "frozen" if how == signal.SIGSTOP else "killed"
    return Comparison(
        name=f"failover-{said}", what=f"a relay {said}, until another publishes", peer="one lease", unit="ms",
        cost=True, ours=tuple(taken), theirs=(Sample(STALE_US / 1000),),
    )  # fmt: skip


def _stands_by(world: World) -> bool:
    """Return whether a relay has asked in vain to lead."""
    with open_engine(world.servers.postgres_url).connect() as db:
        asked = "select 1 from pg_stat_activity where query like 'select 1 from relay where id = 1 and beat_at%'"
        return db.execute(text(asked)).first() is not None
