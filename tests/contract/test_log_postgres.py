"""What only a log with many writers can get wrong: positions are drawn before commits, and a commit may go unheard."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import ProgrammingError

from conftest import FreshDatabase, MakeDatabase
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, reading, writing
from shared.errors import Unavailable
from shared.events import Told
from shared.failpoints import Faults, Injected
from shared.log.postgres import PostgresLog, lock_number
from shared.log.store import Log
from shared.log.tables import event
from shared.testing import stored
from tests.contract.logs import UNIT, streams, touch

# A SQLite log has one writer at a time, and no connection to lose.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

APPEND = text(
    "select (append_event(:stream, 0, gen_random_uuid(), 'content.unit.renamed.v1',"
    " :data, null, 'test', null, gen_random_uuid(), null, null, null, null, null))[2]"
)
NAIVE = "select position from event where position > {position} order by position"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let readers give up after a moment, so that a test can see them wait."""
    monkeypatch.setattr("shared.log.postgres.FENCE_PATIENCE_S", 0.2)


def append_unfinished(db: Connection, stream: str) -> int:
    """Append in the connection's open transaction, as a writer that is slow to commit; return the position."""
    data = f'{{"name":"{stream}","since":"2021-09-01","unit_id":"{UNIT}"}}'
    return int(db.execute(APPEND, {"stream": stream, "data": data}).scalar_one())


@contextmanager
def slow_writer(url: str) -> Iterator[Connection]:
    """Give a raw second connection with an open transaction; what it did not commit is rolled back."""
    engine = open_engine(url)
    with engine.connect() as db:
        yield db
        db.rollback()
    engine.dispose()


def names(events: Sequence[Told]) -> list[str]:
    return [told.event.name for told in events if isinstance(told.event, UnitRenamed)]


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def naive_read(log: Log, position: int) -> list[int]:
    """Return the positions a reader without a fence is given after the last one it saw."""
    with reading(log.engine) as db:
        return list(db.execute(text(NAIVE.format(position=position))).scalars())


def test_an_event_is_not_delivered_before_an_earlier_one_is_decided(
    log: PostgresLog, fresh: FreshDatabase, impatient: None
) -> None:
    """F02."""
    with slow_writer(fresh.url) as slow:
        first = append_unfinished(slow, "a")
        assert touch(log, "b").position > first
        with pytest.raises(Unavailable) as waiting:
            log.read(0)
        assert waiting.value.code == "log.appender_open"
        slow.commit()
        assert streams(log.read(0).events) == ["a", "b"]


def test_only_up_to_a_checkpoint_are_read_models_told_without_waiting_for_appenders(
    log: PostgresLog, fresh: FreshDatabase, impatient: None
) -> None:
    touch(log, "a")
    checkpoint = log.read(0).checkpoint
    with slow_writer(fresh.url) as slow:
        append_unfinished(slow, "b")
        touch(log, "c")
        assert names(log.told(0, upto=checkpoint).events) == ["a"]
        with pytest.raises(Unavailable):
            log.told(checkpoint)
        slow.commit()
        assert names(log.told(checkpoint).events) == ["b", "c"]


def test_the_naive_reader_loses_what_was_committed_late(log: PostgresLog, fresh: FreshDatabase) -> None:
    """F02: the mutant, ``position >`` what was seen last."""
    with slow_writer(fresh.url) as slow:
        first = append_unfinished(slow, "a")
        second = touch(log, "b").position
        assert naive_read(log, 0) == [second]
        slow.commit()
        assert naive_read(log, second) == []
        assert first not in naive_read(log, second) and streams(log.read(0).events) == ["a", "b"]


def test_a_position_drawn_before_anything_is_written_is_waited_for(
    log: PostgresLog, fresh: FreshDatabase, owner: Engine, impatient: None
) -> None:
    """F02: drawn while the transaction has no number yet, which a fence of transaction numbers does not see."""
    columns = "event_id, stream, version, type, occurred_at, recorded_at, actor, correlation_id, data, hash"
    with slow_writer(fresh.owner_url) as slow:
        slow.execute(text(f"select pg_advisory_xact_lock_shared({lock_number('content')})"))
        drawn = slow.execute(text("select nextval('event_position_seq')")).scalar_one()
        touch(log, "b")
        with pytest.raises(Unavailable):
            log.read(0)
        template = f"select {drawn}, gen_random_uuid(), 'a', {columns.partition('stream, ')[2]} from event"
        slow.execute(text(f"insert into event (position, {columns}) {template}"))
        with pytest.raises(Unavailable):
            log.read(0)
        slow.commit()
    assert streams(log.read(0).events) == ["a", "b"]


def test_a_reader_waits_for_those_who_were_there_and_not_for_later_ones(log: PostgresLog, fresh: FreshDatabase) -> None:
    """F02."""
    with slow_writer(fresh.url) as slow, slow_writer(fresh.url) as later, ThreadPoolExecutor(1) as reader:
        append_unfinished(slow, "a")
        touch(log, "b")
        polls = count_polls(log)
        page = reader.submit(log.read, 0)
        until(lambda: len(polls) > 2)
        append_unfinished(later, "c")
        assert not page.done()
        slow.commit()
        assert streams(page.result(10).events) == ["a", "b"]
        later.commit()
    assert streams(log.read(page.result().checkpoint).events) == ["c"]


def count_polls(log: PostgresLog) -> list[set[str]]:
    """Return a list that grows each time the log asks who appends."""
    polls: list[set[str]] = []
    holders = log._holders

    def counted(cursor: Any) -> set[str]:
        polls.append(holders(cursor))
        return polls[-1]

    log._holders = counted  # type: ignore[method-assign]
    return polls


def test_a_writer_that_gives_up_stalls_nobody_and_its_gap_is_passed(log: PostgresLog, fresh: FreshDatabase) -> None:
    """F03."""
    with slow_writer(fresh.url) as slow, ThreadPoolExecutor(1) as reader:
        gap = append_unfinished(slow, "a")
        last = touch(log, "b").position
        polls = count_polls(log)
        page: Future[object] = reader.submit(log.read, 0)
        until(lambda: polls)
        slow.rollback()
        page.result(1)
    assert log.read(0).checkpoint == last and log.read(gap - 1, 1).checkpoint == last
    assert streams(log.read(gap - 1).events) == ["b"]


def test_eight_writers_lose_nothing_to_a_reader_who_follows_them(log: PostgresLog) -> None:
    """F02, F03: some give up; what was delivered is what is in the table, in order and once."""
    delivered = followed_while_written(log, seconds=3.0)
    with reading(log.engine) as db:
        stored = list(db.execute(select(event.c.position).order_by(event.c.position)).scalars())
    assert len(stored) > 100
    assert delivered == stored


def followed_while_written(log: PostgresLog, seconds: float) -> list[int]:
    """Return the positions in the order in which a reader got them while eight writers appended."""
    end, raising = time.monotonic() + seconds, Faults("append.after_insert_before_commit:raise@p=0.15", seed=5)

    def write(number: int) -> None:
        turn = 0
        while time.monotonic() < end:
            turn += 1
            with suppress(Injected):
                touch(log, f"w{number}-{turn}")

    delivered: list[int] = []
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as writers:
        patch.setattr("shared.log.postgres.failpoint", raising)
        running, position = [writers.submit(write, number) for number in range(8)], 0
        while not all(done.done() for done in running) or position < log.head():
            page = log.read(position, 200)
            delivered += [recorded.position for recorded in page.events]
            position = page.checkpoint
    for done in running:
        done.result()
    return delivered


def test_what_the_relay_is_given_is_what_others_read(log: PostgresLog) -> None:
    for stream in "abc":
        touch(log, stream)
    assert [stored(recorded) for recorded in log.read(0).events] == list(log.stored(0, 500).events)
    page = log.stored(0, 2)
    assert [one.stream for one in page.events] == ["a", "b"] and page.checkpoint == page.events[-1].position


def test_positions_are_drawn_one_at_a_time(log: PostgresLog) -> None:
    """F06."""
    with reading(log.engine) as db:
        found = db.execute(text("select cache_size, increment_by from pg_sequences where sequencename ~ '^event_'"))
        assert found.all() == [(1, 1)]


def test_a_sequence_that_hands_out_blocks_would_lose_events(
    log: PostgresLog, fresh: FreshDatabase, owner: Engine
) -> None:
    """F06: the mutant."""
    with writing(owner) as db:
        db.execute(text("alter sequence event_position_seq cache 32"))
    with slow_writer(fresh.url) as one:
        append_unfinished(one, "a")
        one.commit()
        touch(log, "b")
        page = log.read(0)
        append_unfinished(one, "c")
        one.commit()
    assert streams(page.events) == ["a", "b"]
    assert streams(log.read(page.checkpoint).events) == []  # "c" has a position of the first block
    assert streams(log.load("c")) == ["c"]


def test_a_long_transaction_of_somebody_else_stalls_nobody(
    log: PostgresLog, postgres_database: MakeDatabase, impatient: None
) -> None:
    """F05: a fence of transaction numbers (the mutant) would wait for a stranger in another database."""
    by_number = text("select count(*) from event where xmin::text::bigint < :xmin")
    oldest = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    with slow_writer(postgres_database("review").owner_url) as stranger:
        stranger.execute(text("create table stranger (id int)"))
        touch(log, "a")
        assert streams(log.read(0).events) == ["a"]
        with reading(log.engine) as db:
            assert db.execute(by_number, {"xmin": db.execute(oldest).scalar_one()}).scalar_one() == 0


def test_an_append_to_another_log_of_the_database_stalls_nobody(
    log: PostgresLog, fresh: FreshDatabase, impatient: None
) -> None:
    with slow_writer(fresh.url) as other:
        other.execute(text(f"select pg_advisory_xact_lock_shared({lock_number('review')})"))
        touch(log, "a")
        assert streams(log.read(0).events) == ["a"]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into event select * from event",
        "update event set data = ''",
        "delete from event",
        "truncate event",
        "select setval('event_position_seq', 1)",
        "alter sequence event_position_seq cache 32",
    ],
)
def test_the_applications_role_cannot_go_round_the_function(log: PostgresLog, statement: str) -> None:
    """F07."""
    touch(log, "a")
    with pytest.raises(ProgrammingError) as refusal, writing(log.engine) as db:
        db.execute(text(statement))
    assert isinstance(refusal.value.orig, InsufficientPrivilege)
    assert streams(log.load("a")) == ["a"]
