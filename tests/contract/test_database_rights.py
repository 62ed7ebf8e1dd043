"""What a service's own database role may do: its rows, and never the log's; nothing of another's schema."""

from collections.abc import Iterator

import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from conftest import MakeDatabase
from infra.credentials import OWNERS
from shared.contracts import SERVICES
from shared.database import open_engine, translated
from shared.errors import Unavailable

WRITES_TO_THE_LOG = (
    "insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, correlation_id, data, hash)"
    " values (gen_random_uuid(), 'a', 1, 'a', 0, 0, 'a', gen_random_uuid(), '', '')",
    "update event set data = ''",
    "delete from event",
    "truncate event",
)
CHANGES_OF_THE_SCHEMA = (
    "create table mine (id int)",
    "drop table event",
    "alter table event disable trigger all",
    "create temporary table event (id int)",
    "create or replace function append_events() returns int language sql as 'select 1'",
    "set role matrix_owner",
)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, postgres_database: MakeDatabase) -> Iterator[tuple[str, Connection]]:
    """Give a service's name and a connection of its role."""
    engine = open_engine(postgres_database(request.param).url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield request.param, connection
    engine.dispose()


def assert_denied(connection: Connection, statement: str) -> None:
    """Assert that the database refuses the statement for want of a right."""
    with pytest.raises(ProgrammingError) as refusal:
        connection.exec_driver_sql(statement)
    assert isinstance(refusal.value.orig, InsufficientPrivilege), statement


def test_a_service_appends_only_through_the_function(service: tuple[str, Connection]) -> None:
    _, connection = service
    for statement in WRITES_TO_THE_LOG:
        assert_denied(connection, statement)


def test_a_service_cannot_change_its_schema_or_become_another(service: tuple[str, Connection]) -> None:
    _, connection = service
    for statement in CHANGES_OF_THE_SCHEMA:
        assert_denied(connection, statement)


def test_a_question_of_a_service_ends_within_a_minute(service: tuple[str, Connection]) -> None:
    """S25: whatever it asks for; the owner migrates and rebuilds, which may take its time."""
    _, connection = service
    assert connection.exec_driver_sql("show statement_timeout").scalar_one() == "1min"
    connection.exec_driver_sql("set statement_timeout = '50ms'")
    with pytest.raises(Unavailable), translated():
        connection.exec_driver_sql("select pg_sleep(30)")


def test_a_service_sees_nothing_of_another(service: tuple[str, Connection]) -> None:
    name, connection = service
    for other in OWNERS:
        if other != name:
            assert_denied(connection, f"select * from {other}.event")
