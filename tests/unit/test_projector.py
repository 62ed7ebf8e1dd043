"""Read models follow their log once, whoever reads it, and are rebuilt while live without anybody noticing."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, Uuid, func, insert, select, update

from conftest import MakeDatabase
from shared.contracts.content.events import ChannelRenamed
from shared.database import open_engine, reading, writing
from shared.events import Told
from shared.execute import cause_of
from shared.log import open_log
from shared.log.store import Log
from shared.projector import Projection, Projector
from shared.read_model import ReadModel
from shared.testing import checksum

UNIT = UUID(int=7)
metadata = MetaData()
channel = Table(
    "toy_channel",
    metadata,
    Column("channel_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
)


def project(model: ReadModel, told: Told) -> None:
    """Keep each channel's newest name."""
    if isinstance(told.event, ChannelRenamed):
        row = {"channel_id": told.event.channel_id, "name": told.event.name, "version": told.version}
        model.upsert(channel, row)


CHANNELS = Projection("channels", metadata, project)


def opened(url: str) -> Log:
    return open_log("content", open_engine(url))


@pytest.fixture
def log(database: MakeDatabase) -> Iterator[Log]:
    made = database("content")
    owner = open_engine(made.owner_url)
    with writing(owner) as db:
        metadata.create_all(db)
    owner.dispose()
    log = opened(made.url)
    yield log
    log.engine.dispose()


def rename(log: Log, channel_id: UUID, name: str) -> None:
    stream = f"channel-{channel_id}"
    event = ChannelRenamed(channel_id=channel_id, unit_id=UNIT, name=name)
    log.append(stream, [event], expected_version=len(log.load(stream)), cause=cause_of("test"))


def names(log: Log) -> set[str]:
    with reading(log.engine) as db:
        return set(db.execute(select(channel.c.name)).scalars())


def sum_of(log: Log) -> str:
    with reading(log.engine) as db:
        return checksum(db, metadata)


def test_what_is_new_is_applied_once(log: Log) -> None:
    projector = Projector(log, CHANNELS)
    for number in range(3):
        rename(log, uuid4(), f"n{number}")
    assert projector.catch_up() == 3
    assert projector.catch_up() == 0
    assert names(log) == {"n0", "n1", "n2"}


def test_a_second_projector_goes_on_where_the_first_stopped(log: Log) -> None:
    rename(log, uuid4(), "a")
    Projector(log, CHANNELS).catch_up()
    rename(log, uuid4(), "b")
    assert Projector(log, CHANNELS).catch_up() == 1


def test_two_projectors_at_once_apply_each_event_once(log: Log) -> None:
    for number in range(40):
        rename(log, uuid4(), f"n{number}")
    applied: list[int] = []
    threads = [threading.Thread(target=lambda: applied.append(Projector(log, CHANNELS).catch_up())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(applied) == 40 and len(names(log)) == 40


def test_a_projection_that_fails_leaves_rows_and_checkpoint_as_they_were(log: Log) -> None:
    rename(log, uuid4(), "a")
    rename(log, uuid4(), "b")

    def fails_at_b(model: ReadModel, told: Told) -> None:
        project(model, told)
        if getattr(told.event, "name", "") == "b":
            raise RuntimeError("b")

    with pytest.raises(RuntimeError):
        Projector(log, Projection("channels", metadata, fails_at_b)).catch_up()
    assert names(log) == set()
    assert Projector(log, CHANNELS).catch_up() == 2


def refusing(name: str) -> Projection:
    """Return the read model as code wrote it that cannot take one event."""

    def project_or_fail(model: ReadModel, told: Told) -> None:
        if getattr(told.event, "name", "") == name:
            raise ValueError(f"{name} cannot be folded")
        project(model, told)

    return Projection("channels", metadata, project_or_fail)


def test_an_event_that_a_read_model_cannot_take_halts_that_read_model_until_it_is_mended(log: Log) -> None:
    """F44: nothing is left out, nothing behind it is shown, and nobody else waits."""
    others = Projection("others", MetaData(), lambda model, told: None)
    halted, one = Projector(log, refusing("poison")), uuid4()
    rename(log, one, "before")
    assert halted.catch_up() == 1
    rename(log, one, "poison")
    rename(log, uuid4(), "after")
    for _ in range(2):
        with pytest.raises(ValueError, match="poison"):
            halted.catch_up()
    assert names(log) == {"before"} and Projector(log, others).catch_up() == 3
    assert Projector(log, CHANNELS).catch_up() == 2
    assert names(log) == {"poison", "after"} and Projector(log, CHANNELS).rebuild().equal


def test_a_read_model_that_leaves_out_what_it_cannot_take_is_wrong_for_ever(log: Log) -> None:
    """The mutant of F44: it goes on, it looks well, and only a rebuild finds the row that it has not."""

    def skip(model: ReadModel, told: Told) -> None:
        with suppress(ValueError):
            refusing("poison").project(model, told)

    rename(log, uuid4(), "poison")
    rename(log, uuid4(), "after")
    assert Projector(log, Projection("channels", metadata, skip)).catch_up() == 2
    assert Projector(log, CHANNELS).catch_up() == 0 and names(log) == {"after"}
    assert not Projector(log, CHANNELS).rebuild().equal


def test_a_rebuild_of_right_rows_touches_nothing_and_says_so(log: Log) -> None:
    """F43: incremental = rebuild."""
    projector = Projector(log, CHANNELS)
    channels = [uuid4() for _ in range(5)]
    for number in range(30):
        rename(log, channels[number % 5], f"n{number}")
        projector.catch_up()
    report = projector.rebuild()
    assert report.equal and report.events == 30 and report.rows == 5


def test_a_rebuild_mends_wrong_rows(log: Log) -> None:
    projector = Projector(log, CHANNELS)
    rename(log, uuid4(), "right")
    projector.catch_up()
    before = sum_of(log)
    with writing(log.engine) as db:
        db.execute(update(channel).values(name="wrong"))
    assert not projector.rebuild().equal
    assert names(log) == {"right"} and sum_of(log) == before


def mended(log: Log) -> bool:
    """Return whether a row that the log does not justify is found by a rebuild, and gone after it."""
    projector = Projector(log, CHANNELS)
    rename(log, uuid4(), "right")
    projector.catch_up()
    with writing(log.engine) as db:
        db.execute(insert(channel).values(channel_id=uuid4(), name="ghost", version=1))
    return not projector.rebuild().equal and names(log) == {"right"} and projector.rebuild().equal


def test_a_rebuild_leaves_only_rows_that_the_log_justifies(log: Log) -> None:
    """G4."""
    assert mended(log)


def only_adds(live: Connection, copies: Connection, table: Table) -> bool:
    """Add what the copies have more; replace nothing."""
    missing = set(copies.execute(select(*table.c)).all()) - set(live.execute(select(*table.c)).all())
    for row in missing:
        live.execute(insert(table).values(row._mapping))
    return bool(missing)


CARELESS = {"shared.shadow._replace": only_adds, "shared.shadow.Shadow.replace_differing": lambda self, live: False}


@pytest.mark.parametrize("where", CARELESS)
def test_a_careless_rebuild_is_caught(log: Log, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """The mutants of G4: one keeps what no event says, one does not compare."""
    monkeypatch.setattr(where, CARELESS[where])
    assert not mended(log)


def test_a_read_model_that_says_something_else_the_second_time_is_caught(log: Log) -> None:
    """The mutant of G4 among read models: it asks the clock, and not the event."""

    def with_the_clock(model: ReadModel, told: Told) -> None:
        if isinstance(told.event, ChannelRenamed):
            name = f"{told.event.name} at {time.monotonic_ns()}"
            model.upsert(channel, {"channel_id": told.event.channel_id, "name": name, "version": told.version})

    projector = Projector(log, Projection("channels", metadata, with_the_clock))
    rename(log, uuid4(), "a")
    projector.catch_up()
    assert not projector.rebuild().equal


def test_a_rebuild_while_appends_go_on_ends_with_the_same_rows_and_no_reader_sees_less(log: Log) -> None:
    """F42."""
    projector = Projector(log, CHANNELS)
    channels = [uuid4() for _ in range(50)]
    for number, channel_id in enumerate(channels):
        rename(log, channel_id, f"n{number}")
    projector.catch_up()
    with writing(log.engine) as db:
        db.execute(update(channel).values(name="wrong"))
    done = threading.Event()
    counts: set[int] = set()

    def append() -> None:
        number = 0
        while not done.is_set():
            rename(log, channels[number % 49], f"live{number}")  # the last stays wrong until it is rebuilt
            projector.catch_up()
            number += 1

    def read() -> None:
        while not done.is_set():
            with reading(log.engine) as db:
                counts.add(db.scalar(select(func.count()).select_from(channel)) or 0)

    threads = [threading.Thread(target=append), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        reports = [Projector(log, CHANNELS).rebuild() for _ in range(3)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not reports[0].equal and reports[-1].equal
    assert counts == {50} and "wrong" not in names(log)


KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from test_projector import CHANNELS, opened
from shared.projector import Projector
Projector(opened(sys.argv[1]), CHANNELS).rebuild()
"""


@pytest.mark.parametrize("where", ["rebuild.mid", "rebuild.before_swap", "rebuild.after_swap"])
def test_a_rebuild_killed_anywhere_leaves_old_or_new_rows_and_can_be_repeated(log: Log, where: str) -> None:
    """F42."""
    projector = Projector(log, CHANNELS)
    for number in range(20):
        rename(log, uuid4(), f"n{number}")
    projector.catch_up()
    right = sum_of(log)
    with writing(log.engine) as db:
        db.execute(update(channel).values(name="wrong"))
    wrong = sum_of(log)
    here = Path(__file__)
    url = log.engine.url.render_as_string(hide_password=False)
    process = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(here.parents[2]), str(here.parent)],
        env={**os.environ, "FAILPOINTS": f"{where}:kill9"},
        check=False,
    )
    assert process.returncode == -9
    assert sum_of(log) == (right if where == "rebuild.after_swap" else wrong)
    projector.rebuild()
    assert sum_of(log) == right
