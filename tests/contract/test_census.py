"""Where logs and feeds stand, as Prometheus reads it: on both stores, against what really happened."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, insert, text

from conftest import MakeDatabase
from gateway.matrix.census import FeedCensus
from gateway.matrix.tables import feed
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, writing
from shared.log import open_log
from shared.log.census import Census
from shared.log.postgres import PostgresLog, lock_number
from shared.log.store import Cause, Log
from shared.log.tables import dead_letter, relay

LABELS = {"log": "content"}


@pytest.fixture
def log(database: MakeDatabase) -> Iterator[Log]:
    log = open_log("content", open_engine(database("content").url))
    yield log
    log.engine.dispose()


def measure(log: Log, name: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(Census({"content": log}))
    return registry.get_sample_value(name, LABELS)


def append(log: Log, number: int) -> None:
    renamed = UnitRenamed(unit_id=UUID(int=number), name="新名", since=datetime(2021, 9, 1, tzinfo=UTC).date())
    log.append(f"unit-{number}", [renamed], expected_version=0, cause=Cause(actor="test", correlation_id=uuid4()))


def test_the_head_is_the_position_of_the_last_event(log: Log) -> None:
    append(log, 1)
    append(log, 2)
    assert measure(log, "matrix_log_head") == log.head() == 2
    assert measure(log, "matrix_log_up") == 1


def test_a_relay_that_fell_silent_is_seen(log: Log) -> None:
    before = datetime.now(UTC) - timedelta(seconds=90)
    with writing(log.engine) as db:
        db.execute(relay.delete())
        db.execute(insert(relay).values(id=1, position=1, epoch=1, beat_at=before))
    assert measure(log, "matrix_relay_position") == 1
    assert 90 <= (measure(log, "matrix_relay_silence_seconds") or 0) < 150


def test_messages_that_wait_and_messages_given_up_are_told_apart(log: Log) -> None:
    since = datetime.now(UTC) - timedelta(seconds=30)
    row = {
        "consumer": "toy", "source": "content", "stream": "s", "version": 1, "position": 1, "attempts": 1,
        "reason": "r", "first_at": since, "last_at": since,
    }  # fmt: skip
    with writing(log.engine) as db:
        for due in (since, since, None):
            db.execute(insert(dead_letter).values({**row, "event_id": uuid4(), "due_at": due}))
    assert measure(log, "matrix_messages_waiting") == 2
    assert measure(log, "matrix_messages_given_up") == 1
    assert 30 <= (measure(log, "matrix_messages_waiting_seconds") or 0) < 90


def test_an_append_that_stays_open_is_seen_to_age(log: Log) -> None:
    if not isinstance(log, PostgresLog):
        assert measure(log, "matrix_log_oldest_append_seconds") == 0
        return
    with log.engine.begin() as db:
        db.execute(text("select pg_advisory_xact_lock_shared(:lock)"), {"lock": lock_number("content")})
        db.execute(text("select pg_sleep(0.05)"))
        assert (measure(log, "matrix_log_oldest_append_seconds") or 0) >= 0.05
    assert measure(log, "matrix_log_oldest_append_seconds") == 0


def test_a_database_that_does_not_answer_is_down_and_the_scrape_goes_on() -> None:
    gone = open_log("content", open_engine("postgresql+psycopg2://nobody@127.0.0.1:1/nothing"))
    assert measure(gone, "matrix_log_up") == 0
    assert measure(gone, "matrix_log_head") is None


def test_the_matrix_says_how_far_it_followed_each_log_and_how_old_that_is(database: MakeDatabase) -> None:
    engine: Engine = open_engine(database("gateway").url)
    with writing(engine) as db:
        db.execute(feed.delete())
        fresh = datetime.now(UTC) - timedelta(seconds=20)
        db.execute(insert(feed).values(source="content", position=41, fresh_at=fresh))
    registry = CollectorRegistry()
    registry.register(FeedCensus(engine))
    assert registry.get_sample_value("matrix_feed_position", LABELS) == 41
    assert 20 <= (registry.get_sample_value("matrix_feed_age_seconds", LABELS) or 0) < 80
    engine.dispose()
