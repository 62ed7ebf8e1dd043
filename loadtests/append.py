"""Appending one event a transaction, beside an INSERT of the same row by the bare driver in autocommit mode.

The peer's table is made like ``event``, with its indexes; the peer checks no version, draws no lock, links no hash.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import psycopg2
from sqlalchemy import make_url, text

from loadtests.peers import Comparison, compare
from shared.config import Settings
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, writing
from shared.events import encode
from shared.execute import cause_of
from shared.ids import new_id
from shared.log import open_log

SLICE_S = 0.5
UNIT = UUID(int=7)
INSERT = (
    "insert into bench_event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash) values (%s, %s, 1, %s, %s, %s, 'bench', %s, %s, null, %s, %s) returning position"
)
ROW = UnitRenamed(unit_id=UNIT, name="体育学院融媒体中心", since=date(2021, 9, 1))


def appends(settings: Settings, writers: int) -> Comparison:
    """Return appends per second of so many writers at once."""
    _make_table(settings)
    with _ours(settings) as ours, _theirs(settings, writers) as theirs:
        return compare(
            f"append, {writers} writer{'s' if writers > 1 else ''}",
            "bare INSERT, psycopg2",
            "events/s",
            lambda: _rate(writers, ours),
            lambda: _rate(writers, theirs),
        )


def _make_table(settings: Settings) -> None:
    owner = open_engine(settings.owner_url("content"))
    with writing(owner) as db:
        db.execute(text("create table if not exists bench_event (like event including all)"))
        db.execute(text("alter table bench_event alter position set default nextval('event_position_seq')"))
        db.execute(text("grant usage on sequence event_position_seq to matrix_content"))
        db.execute(text("truncate bench_event"))
    owner.dispose()


@contextmanager
def _ours(settings: Settings) -> Iterator[Callable[[int], None]]:
    log = open_log("content", open_engine(settings.database_url("content")))

    def append(_: int) -> None:
        log.append(f"unit-{new_id()}", [ROW], expected_version=0, cause=cause_of("bench"), unit=UNIT)

    yield append
    log.engine.dispose()


@contextmanager
def _theirs(settings: Settings, writers: int) -> Iterator[Callable[[int], None]]:
    dsn = make_url(settings.database_url("content")).set(drivername="postgresql").render_as_string(hide_password=False)
    connections = [psycopg2.connect(dsn) for _ in range(writers)]
    cursors: list[Any] = []
    for connection in connections:
        connection.autocommit = True
        cursors.append(connection.cursor())

    def insert(writer: int) -> None:
        now = time.time_ns() // 1000
        row = (str(new_id()), f"unit-{new_id()}", ROW.type, now, now, str(UNIT), str(new_id()), encode(ROW), bytes(32))
        cursors[writer].execute(INSERT, row)
        cursors[writer].fetchone()

    yield insert
    for connection in connections:
        connection.close()


def _rate(writers: int, write: Callable[[int], None]) -> float:
    """Return writes per second of so many threads over one slice."""
    counts, gate = [0] * writers, threading.Barrier(writers + 1)

    def work(number: int) -> None:
        gate.wait()
        end = time.perf_counter() + SLICE_S
        while time.perf_counter() < end:
            write(number)
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)
