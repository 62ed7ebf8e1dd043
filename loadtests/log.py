"""Loading an aggregate beside a bare SELECT, and appending on SQLite beside the library ``eventsourcing``."""

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from loadtests.machine import EVENTSOURCING
from loadtests.peers import Comparison, Sample, compare
from loadtests.world import World
from loadtests.writers import ROW, UNIT, connect
from shared.config import Settings
from shared.database import open_engine
from shared.events import encode
from shared.execute import cause_of
from shared.ids import new_id
from shared.log import open_log
from shared.log.store import Log
from shared.migrations import migrate

SLICE_S = 0.3
LENGTHS = (10, 100, 1000)
SELECT = "select version, type, data from event where stream = %s order by version"


def loading(world: World) -> list[Comparison]:
    """Return loads per second of short, usual and long streams, whole and decoded; ten times: of a ten-fold log."""
    with closing(connect(world.settings)) as connection:
        return [_loading(world, connection.cursor(), events) for events in LENGTHS]


def _loading(world: World, cursor: Any, events: int) -> Comparison:
    stream = f"unit-{new_id()}"
    once, ten = (_with_stream(settings, stream, events) for settings in (world.settings, world.large))

    def select() -> None:
        cursor.execute(SELECT, (stream,))
        assert len([json.loads(data) for _, _, data in cursor.fetchall()]) == events

    found = compare(
        f"load-{events}", f"load a stream of {events:,} events", "bare SELECT and json.loads", "loads/s",
        lambda: _sample(lambda: once.facts(stream)), lambda: _sample(select),
        ten=lambda: _sample(lambda: ten.facts(stream)),
    )  # fmt: skip
    for log in (once, ten):
        log.engine.dispose()
    return found


def _with_stream(settings: Settings, stream: str, events: int) -> Log:
    """Return content's log, at whose end is a stream of so many events."""
    log = open_log("content", open_engine(settings.database_url("content")))
    log.append(stream, [ROW] * events, expected_version=0, cause=cause_of("bench"), unit=UNIT)
    return log


def appends_beside_eventsourcing() -> Comparison:
    """Return appends per second on SQLite files, each durable before it is answered."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        url = f"sqlite:///{folder}/ours.db"
        migrate("content", url)
        log = open_log("content", open_engine(url))
        theirs = SQLiteApplicationRecorder(SQLiteDatastore(f"{folder}/theirs.db"))
        theirs.create_table()

        def append() -> None:
            log.append(f"unit-{new_id()}", [ROW], expected_version=0, cause=cause_of("bench"), unit=UNIT)

        def insert() -> None:
            theirs.insert_events([StoredEvent(uuid4(), 1, ROW.type, encode(ROW).encode())])

        found = compare(
            "append-beside-eventsourcing", "append on SQLite, 1 writer", f"{EVENTSOURCING} on SQLite", "events/s",
            lambda: _sample(append),
            lambda: _sample(insert),
        )  # fmt: skip
        log.engine.dispose()
        return found


def _sample(work: Callable[[], Any]) -> Sample:
    """Return how often a second the work is done in one slice, by one thread."""
    done, started, used = 0, time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) < started + SLICE_S:
        work()
        done += 1
    return Sample(done / (now - started), (time.process_time() - used) * 1e6 / done)
