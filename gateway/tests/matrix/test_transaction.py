"""What is told leaves in one piece on PostgreSQL, one by one on SQLite; either way all of it is in, or nothing."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import IntegrityError

from conftest import MakeDatabase
from gateway.matrix.tables import applied, history
from gateway.matrix.transaction import Transaction, transaction
from gateway.matrix.writer import Writer
from gateway.tests.matrix.kit import NOW, History, apply, at
from shared.database import open_engine, reading, writing
from shared.driver import Driver
from shared.errors import Unavailable
from shared.ids import new_id
from shared.lasting import turn


@pytest.fixture
def matrix(postgres_database: MakeDatabase) -> Iterator[Engine]:
    engine = open_engine(postgres_database("gateway").url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["matrix", "model"])
def either(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


class Counted:
    """A cursor that counts how often the database is asked: on PostgreSQL a round trip each."""

    def __init__(self, cursor: Any) -> None:
        self._cursor, self.trips = cursor, 0

    def execute(self, *told: Any) -> Any:
        self.trips += 1
        return self._cursor.execute(*told)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def trips_of_an_event(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the round trips of the transaction for an event that comes alone."""
    events, writer, seen = History(), Writer(engine), []
    unit = events.unit("u")
    site = events.channel(unit)
    writer.apply(events.events, {})
    cursor_of = Driver.cursor

    @contextmanager
    def counted(driver: Driver) -> Iterator[Any]:
        with cursor_of(driver) as cursor:
            seen.append(Counted(cursor))
            yield seen[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Driver, "cursor", counted)
        published = events.publish(unit, site, at("2021-03-01T12:00"))
        writer.apply([published], {"content": published.position})
    return sum(cursor.trips for cursor in seen)


def test_an_event_that_comes_alone_takes_two_round_trips(matrix: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trips_of_an_event(matrix, monkeypatch) == 2


def test_the_naive_transaction_that_sends_what_it_is_told_takes_one_for_each_statement(
    matrix: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(self: Transaction, table: str, *told: Any) -> None:
        insert(self, table, *told)
        self.send()

    insert = Transaction.insert
    monkeypatch.setattr(Transaction, "insert", impatient)
    assert trips_of_an_event(matrix, monkeypatch) > 2


def test_text_that_looks_like_a_statement_is_stored_as_text(either: Engine) -> None:
    name = "'); delete from fact; -- %s %(x)s ? \\' $$ 学院\n"
    events = History()
    unit = events.unit(name)
    apply(either, events.events)
    with reading(either) as db:
        assert db.scalar(select(history.c.value).where(history.c.thing_id == unit)) == name


def test_a_statement_that_fails_leaves_nothing_of_its_transaction_and_the_next_is_sound(either: Engine) -> None:
    driver, row = Driver(either), {"event_id": new_id(), "source": "content", "position": 1}

    def insert_twice() -> None:
        with transaction(driver, either) as db:
            db.insert("feed", [{"source": "content", "position": 1, "fresh_at": NOW}])
            db.insert("applied", [row])
            db.insert("applied", [row])

    with pytest.raises(IntegrityError):
        insert_twice()
    with transaction(driver, either) as db:
        assert db.ask("select source from feed") == []
        db.insert("applied", [row])
    with reading(either) as reader:
        assert reader.scalar(select(func.count()).select_from(applied)) == 1


def test_a_question_finds_what_was_told_before_it(either: Engine) -> None:
    with transaction(Driver(either), either) as db:
        db.insert("feed", [{"source": source, "position": 1, "fresh_at": NOW} for source in ("media", "review")])
        db.tell("update feed set position = ? where source = ?", 2, "review")
        assert db.ask("select source, position from feed order by source") == [("media", 1), ("review", 2)]


def test_who_gives_up_leaves_nothing(either: Engine) -> None:
    def give_up() -> None:
        with transaction(Driver(either), either) as db:
            db.insert("feed", [{"source": "media", "position": 1, "fresh_at": NOW}])
            db.send()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    assert Writer(either).positions() == {}


def test_on_sqlite_it_begins_in_its_turn_among_those_who_write(model: Engine) -> None:
    """The mutant has SQLite put it to sleep while another writes: the file is free here, and it would go on."""
    writer = Writer(model)
    with ThreadPoolExecutor(1) as pool:
        with turn(model):
            fed = pool.submit(writer.beat, ["media"], NOW)
            assert not wait([fed], timeout=0.1).done
        fed.result()
    assert writer.positions() == {"media": 0}


def test_a_database_that_goes_away_from_a_rebuild_is_unavailable_as_everywhere(model: Engine) -> None:
    with pytest.raises(Unavailable), Driver(model).explained():
        raise sqlite3.OperationalError("disk I/O error")


def test_the_matrix_takes_turns_with_what_else_writes_to_the_gateways_file(model: Engine) -> None:
    """The mutant without turns has SQLite sleep between tries, a second at times; here, where it does not, it fails."""
    writer = Writer(model)
    model.dispose()  # each connection has a patience of its own
    event.listen(model, "connect", lambda db, _: db.execute("pragma busy_timeout = 0"))
    with ThreadPoolExecutor(1) as pool:
        with writing(model):
            waiting = pool.submit(writer.beat, ["content"], NOW)
            assert not wait([waiting], 0.2).done
        waiting.result(20)
