"""The bare driver's cursors: whatever happens to a connection, callers meet the errors they know."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from conftest import MakeDatabase
from shared.database import open_engine
from shared.driver import Driver
from shared.errors import Unavailable


@pytest.fixture
def engine(postgres_database: MakeDatabase) -> Iterator[Engine]:
    made = open_engine(postgres_database("content").url)
    yield made
    made.dispose()


def number(driver: Driver) -> int:
    with driver.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_connection_is_kept_between_uses(engine: Engine) -> None:
    driver = Driver(engine)
    assert number(driver) == number(driver)


def test_a_cut_connection_is_unavailable_once_and_replaced(engine: Engine) -> None:
    """The mutant lets the driver's own error out where it gives back another connection that was closed."""
    driver = Driver(engine)
    with driver.cursor() as first, driver.cursor() as second:
        first.execute("select 1")
        second.connection.close()  # as it is once its socket was found dead
        first.connection.close()
    with pytest.raises(Unavailable):
        number(driver)
    assert number(driver) > 0


def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        number(Driver(open_engine("postgresql+psycopg2://nobody@127.0.0.1:1/nothing")))


def test_a_pooled_connection_that_is_closed_already_is_unavailable(engine: Engine) -> None:
    resting = engine.raw_connection()
    bare = resting.dbapi_connection
    resting.close()
    assert bare is not None
    bare.close()
    driver = Driver(engine)
    with pytest.raises(Unavailable):
        number(driver)
    assert number(driver) > 0


def test_a_transaction_that_is_refused_at_its_commit_leaves_nothing_open(tmp_path: Path) -> None:
    """The mutant that rolls back only what fails before the commit keeps a connection that cannot begin again."""
    engine = open_engine(f"sqlite:///{tmp_path}/x.db")
    driver = Driver(engine)
    with driver.cursor() as cursor:
        cursor.execute("create table a (id integer primary key)")
        cursor.execute("create table b (a references a (id) deferrable initially deferred)")
    with pytest.raises(DBAPIError), driver.transaction("begin immediate") as cursor:
        cursor.execute("insert into b values (7)")
    with driver.transaction("begin immediate") as cursor:
        assert cursor.execute("select count(*) from b").fetchone() == (0,)
    engine.dispose()
