"""Appending one event a transaction, beside an INSERT of the same rows by the bare driver in autocommit mode.

Also beside the same append behind one exclusive lock, as other event stores order theirs.

Each writer is a process, as services are. Every append carries its command's key, as every command does, so both write
a row of ``event`` and one of ``command``; a stream gets four events before the next begins. The peer's tables are made
like ours, with their indexes; it sends both rows at once, checks no version, draws no lock, links no hash.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import psycopg2
from sqlalchemy import make_url, text

from loadtests.cpu import cpu_s, family
from loadtests.peers import Comparison, Sample, compare
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
UNIT = UUID(int=7)
FINGERPRINT = "f" * 64
INSERT = (
    "insert into bench_event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash) values (%s, %s, %s, %s, %s, %s, 'bench', %s, %s, null, %s, %s);"
    " insert into bench_command (key, fingerprint, version, position, recorded_at) values (%s, %s, %s, %s, %s)"
)
ROW = UnitRenamed(unit_id=UNIT, name="体育学院融媒体中心", since=date(2021, 9, 1))
LOCK = 7_000_007
LOCKED = "select pg_advisory_xact_lock(%s); "
Write = Callable[[str, int], None]
Rate = Callable[[str], Sample]


def appends(world: World, writers: int) -> Comparison:
    """Return appends per second of so many processes at once."""
    _make_tables(world.settings)
    many = f"{writers} writer{'s' if writers > 1 else ''}"
    with _writers(world, writers) as rate:
        return compare(
            f"append-{writers}", f"append, {many}", "bare INSERTs, psycopg2", "events/s",
            lambda: rate("ours"), lambda: rate("bare"), ten=lambda: rate("ten"),
        )  # fmt: skip


def appends_beside_a_lock(world: World, writers: int) -> Comparison:
    """Return the same beside the bare rows behind an exclusive lock, held until the commit."""
    _make_tables(world.settings)
    with _writers(world, writers) as rate:
        return compare(
            "append-beside-lock", f"append, {writers} writers", "bare INSERTs behind one exclusive lock", "events/s",
            lambda: rate("ours"), lambda: rate("locked"),
        )  # fmt: skip


def _make_tables(settings: Settings) -> None:
    owner = open_engine(settings.owner_url("content"))
    with writing(owner) as db:
        for table in ("event", "command"):
            db.execute(text(f"create table if not exists bench_{table} (like {table} including all)"))
            db.execute(text(f"truncate bench_{table}"))
        db.execute(text("alter table bench_event alter position set default nextval('event_position_seq')"))
        db.execute(text("grant usage on sequence event_position_seq to matrix_content"))
    owner.dispose()


@contextmanager
def _writers(world: World, count: int) -> Iterator[Rate]:
    """Give the rate of either kind of write, by so many processes that wait for their turn."""
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

    def rate(whose: str) -> Sample:
        begin, used = time.time() + 0.05, used_s()
        for pipe, _ in pipes:
            pipe.send((whose, begin))
        told: list[tuple[int, float]] = [pipe.recv() for pipe, _ in pipes]
        used = used_s() - used
        return Sample(sum(done / seconds for done, seconds in told), used * 1e6 / sum(done for done, _ in told))

    yield rate
    for (pipe, _), process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()


def _work(settings: Settings, large: Settings, pipe: Connection) -> None:
    """Write in slices as told until told to end; answer with the number of writes and the seconds they took."""
    writes = {
        "ours": _ours(settings),
        "ten": _ours(large),
        "bare": _theirs(settings),
        "locked": _theirs(settings, locked=True),
    }
    while (told := pipe.recv()) is not None:
        whose, begin = told
        write, done, stream = writes[whose], 0, ""
        time.sleep(max(0.0, begin - time.time()))
        started = time.perf_counter()
        while (now := time.perf_counter()) < started + SLICE_S:
            if done % STREAM == 0:
                stream = f"unit-{new_id()}"
            write(stream, done % STREAM)
            done += 1
        pipe.send((done, now - started))


def _ours(settings: Settings) -> Write:
    log = open_log("content", open_engine(settings.database_url("content")))

    def append(stream: str, version: int) -> None:
        cause = cause_of("bench", key=CommandKey(key=str(new_id()), fingerprint=FINGERPRINT))
        log.append(stream, [ROW], expected_version=version, cause=cause, unit=UNIT)

    return append


def connect(settings: Settings, service: str = "content") -> Any:
    """Return a connection of the bare driver to a database; each statement is a transaction."""
    url = make_url(settings.database_url(service)).set(drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    connection.autocommit = True
    return connection


def _theirs(settings: Settings, locked: bool = False) -> Write:
    cursor = connect(settings).cursor()

    def insert(stream: str, version: int) -> None:
        now = time.time_ns() // 1000
        event = (str(new_id()), stream, version + 1, ROW.type, now, now, str(UNIT), str(new_id()), encode(ROW))
        rows = (*event, bytes(32), str(new_id()), FINGERPRINT, version + 1, now, now)
        if locked:
            cursor.execute(LOCKED + INSERT, (LOCK, *rows))
        else:
            cursor.execute(INSERT, rows)

    return insert
