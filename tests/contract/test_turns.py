"""On SQLite the threads of a process write in turns of their own: nobody sleeps while the file is free."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from conftest import MakeDatabase
from shared import disk
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, writing
from shared.errors import Unavailable
from shared.execute import cause_of
from shared.log import open_log
from shared.log.store import Log
from shared.log.tables import consumer_position

RENAMED = UnitRenamed(unit_id=UUID(int=7), name="体育学院", since=date(2021, 9, 1))


@pytest.fixture
def log(sqlite_database: MakeDatabase) -> Iterator[Log]:
    log = open_log("content", open_engine(sqlite_database("content").url))
    yield log
    log.engine.dispose()


def append(log: Log) -> None:
    log.append("unit-1", [RENAMED], expected_version=0, cause=cause_of("test"))


def impatient(engine: Engine) -> None:
    engine.dispose()  # each connection has a patience of its own
    event.listen(engine, "connect", lambda db, _: db.execute("pragma busy_timeout = 0"))


@pytest.mark.parametrize("waits", ["append", "writing"])
def test_who_writes_while_another_thread_does_waits_for_it_and_not_for_sqlite(log: Log, waits: str) -> None:
    """The mutant without turns has SQLite sleep between tries; here, where it does not sleep, it is refused."""

    def write() -> None:
        if waits == "append":
            return append(log)
        with writing(log.engine) as db:
            db.execute(consumer_position.insert().values(consumer="c", source="s", position=1))

    impatient(log.engine)
    with ThreadPoolExecutor(1) as pool:
        with writing(log.engine):
            waiting = pool.submit(write)
            assert not wait([waiting], 0.2).done
        waiting.result(20)


def test_who_waits_too_long_for_a_turn_is_told_so(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "BUSY_TIMEOUT_MS", 10)
    with writing(log.engine), ThreadPoolExecutor(1) as pool, pytest.raises(Unavailable) as refusal:
        pool.submit(append, log).result()
    assert refusal.value.code == "database.busy"
    append(log)
