"""Processes that append as fast as they can, as services do or as a peer does; all of one kind at a time.

Every append of ours carries its command's key, as every command does, so it writes a row of ``event`` and one of
``command``; a stream gets four appends before the next begins. The bare peer's tables are made like ours, with their
indexes; it sends all rows at once, checks no version, draws no lock, links no hash.
"""

import io
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import psycopg2
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from sqlalchemy import make_url, text

from loadtests.cpu import cpu_s, family
from loadtests.peers import Sample
from loadtests.world import World
from shared.config import Settings
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, writing
from shared.events import encode
from shared.execute import cause_of
from shared.ids import new_id
from shared.log import open_log
from shared.log.store import CommandKey

SLICE_S = 0.5
STREAM = 4
BATCH = 100
UNIT = UUID(int=7)
FINGERPRINT = "f" * 64
COMMAND = "insert into bench_command (key, fingerprint, version, position, recorded_at) values (%s, %s, %s, %s, %s)"
ROWS = (
    "insert into bench_event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash) values {}; "
)
PLACES = "(%s, %s, %s, %s, %s, %s, 'bench', %s, %s, null, %s, %s)"
COPY = (
    "copy bench_event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash) from stdin"
)
ROW = UnitRenamed(unit_id=UNIT, name="体育学院融媒体中心", since=date(2021, 9, 1))
LOCK = 7_000_007
SHARED = "_shared("  # of the lock's name
LOCKED = "select pg_advisory_xact_lock(%s); "
Write = Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class Turn:
    """What all writers did in one slice, and how long each write took, in milliseconds."""

    sample: Sample
    latencies: list[float]


Writing = Callable[[str], Turn]


def make_tables(settings: Settings) -> None:
    """Make the peers' tables, empty."""
    owner = open_engine(settings.owner_url("content"))
    with writing(owner) as db:
        for table in ("event", "command"):
            db.execute(text(f"create table if not exists bench_{table} (like {table} including all)"))
            db.execute(text(f"truncate bench_{table}"))
        db.execute(text("alter table bench_event alter position set default nextval('event_position_seq')"))
        db.execute(text("grant usage on sequence event_position_seq to matrix_content"))
    owner.dispose()
    theirs = recorder(settings)
    theirs.create_table()
    theirs.datastore.close()


def make_exclusive(world: World) -> None:
    """Make our append once more, in a schema of its own: its lock lets in one at a time."""
    url = make_url(world.settings.owner_url("content"))
    made = (
        f"create schema if not exists exclusive authorization {url.username}; grant usage on schema exclusive to public"
    )
    world.servers.postgres.psql(str(url.database), "--command", made)
    owner = open_engine(world.settings.owner_url("content"))
    with writing(owner) as db:
        ours = str(db.execute(text("select pg_get_functiondef('content.append_event'::regproc)")).scalar_one())
        theirs = ours.replace("content.append_event", "exclusive.append_event").replace(SHARED, "(")
        assert ours.count(SHARED) == 1
        db.exec_driver_sql(theirs.replace("%", "%%"))
        db.execute(text("grant execute on all functions in schema exclusive to matrix_content"))
    owner.dispose()


@contextmanager
def writers(world: World, count: int) -> Iterator[Writing]:
    """Give what lets so many processes, which wait for their turn, write for a slice in one of the ``KINDS``."""
    make_tables(world.settings)
    make_exclusive(world)
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in range(count)]
    processes = [
        spawn.Process(target=_work, args=(world.settings, world.large, theirs), daemon=True) for _, theirs in pipes
    ]
    for process, (_, theirs) in zip(processes, pipes, strict=True):
        process.start()
        theirs.close()  # so that the end of a writer is the end of its pipe

    def used_s() -> float:
        return cpu_s([*family(world.database_pid), *(process.pid or 0 for process in processes)])

    def turn(kind: str) -> Turn:
        begin, used = time.time() + 0.05, used_s()
        for pipe, _ in pipes:
            pipe.send((kind, begin))
        told: list[tuple[float, list[float]]] = [pipe.recv() for pipe, _ in pipes]
        used = used_s() - used
        latencies = [took for _, each in told for took in each]
        rate = sum(len(each) / seconds for seconds, each in told)
        return Turn(Sample(rate, used * 1e6 / len(latencies)), latencies)

    yield turn
    for (pipe, _), process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()


def _work(settings: Settings, large: Settings, pipe: Connection) -> None:
    """Write in slices as told until told to end; answer with the seconds and each write's milliseconds."""
    writes = {kind: make(large if kind.startswith("ten") else settings) for kind, make in KINDS.items()}
    while (told := pipe.recv()) is not None:
        kind, begin = told
        write, stream = writes[kind], ""
        latencies: list[float] = []
        time.sleep(max(0.0, begin - time.time()))
        started = before = time.perf_counter()
        while before < started + SLICE_S:
            if len(latencies) % STREAM == 0:
                stream = f"unit-{new_id()}"
            write(stream, len(latencies) % STREAM)
            now = time.perf_counter()
            latencies.append((now - before) * 1000)
            before = now
        pipe.send((before - started, latencies))


def _ours(settings: Settings, events: int = 1, exclusive: bool = False) -> Write:
    found = {"options": "-csearch_path=exclusive,content"} if exclusive else {}
    url = make_url(settings.database_url("content")).update_query_dict(found)
    log = open_log("content", open_engine(url.render_as_string(hide_password=False)))
    facts = [ROW] * events

    def append(stream: str, turn: int) -> None:
        cause = cause_of("bench", key=CommandKey(key=str(new_id()), fingerprint=FINGERPRINT))
        log.append(stream, facts, expected_version=turn * events, cause=cause, unit=UNIT)

    return append


def connect(settings: Settings, service: str = "content") -> Any:
    """Return a connection of the bare driver to a database; each statement is a transaction."""
    url = make_url(settings.database_url(service)).set(drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    connection.autocommit = True
    return connection


def _bare(settings: Settings, events: int = 1, locked: bool = False) -> Write:
    cursor = connect(settings).cursor()
    statement = (LOCKED if locked else "") + ROWS.format(", ".join([PLACES] * events)) + COMMAND

    def insert(stream: str, turn: int) -> None:
        now = time.time_ns() // 1000
        values: list[Any] = [LOCK] if locked else []
        for version in range(turn * events + 1, (turn + 1) * events + 1):
            values += [str(new_id()), stream, version, ROW.type, now, now]
            values += [str(UNIT), str(new_id()), encode(ROW), bytes(32)]
        cursor.execute(statement, [*values, str(new_id()), FINGERPRINT, (turn + 1) * events, now, now])

    return insert


def _copied(settings: Settings) -> Write:
    cursor = connect(settings).cursor()
    data = encode(ROW).replace("\\", "\\\\")  # as COPY wants it
    fact, hashed = f"bench\t{UNIT}", "\\\\x" + bytes(32).hex()

    def copy(stream: str, turn: int) -> None:
        now = time.time_ns() // 1000
        rows = "".join(
            f"{new_id()}\t{stream}\t{version}\t{ROW.type}\t{now}\t{now}\t{fact}\t{new_id()}\t\\N\t{data}\t{hashed}\n"
            for version in range(turn * BATCH + 1, (turn + 1) * BATCH + 1)
        )
        cursor.execute("begin")
        cursor.copy_expert(COPY, io.StringIO(rows))
        cursor.execute(COMMAND + "; commit", [str(new_id()), FINGERPRINT, (turn + 1) * BATCH, now, now])

    return copy


def recorder(settings: Settings) -> PostgresApplicationRecorder:
    """Return the recorder of ``eventsourcing``, with its own settings, in content's schema."""
    url = make_url(settings.owner_url("content"))
    return PostgresApplicationRecorder(
        PostgresDatastore(
            dbname=url.database or "",
            host=url.host or "",
            port=url.port or 0,
            user=url.username or "",
            password=url.password or "",
            schema="content",
        )
    )


def _eventsourcing(settings: Settings) -> Write:
    theirs = recorder(settings)

    def insert(stream: str, turn: int) -> None:
        state = encode(ROW).encode()
        theirs.insert_events([StoredEvent(UUID(stream.removeprefix("unit-")), turn + 1, ROW.type, state)])

    return insert


KINDS: dict[str, Callable[[Settings], Write]] = {
    "ours": _ours,
    "ten": _ours,
    "batch": lambda settings: _ours(settings, BATCH),
    "ten-batch": lambda settings: _ours(settings, BATCH),
    "bare": _bare,
    "rows": lambda settings: _bare(settings, BATCH),
    "copied": _copied,
    "exclusive": lambda settings: _ours(settings, exclusive=True),
    "locked": lambda settings: _bare(settings, locked=True),
    "eventsourcing": _eventsourcing,
}
