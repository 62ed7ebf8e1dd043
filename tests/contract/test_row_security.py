"""Beneath every service's own filter by unit lies the database's: with the first removed, the second holds."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Boolean, Date, Integer, Table, Uuid, delete, insert, select
from sqlalchemy.exc import ProgrammingError

from conftest import MakeDatabase
from infra.services import service_classes
from shared.context import Caller
from shared.database import UtcDateTime, open_engine, writing
from shared.messaging import doors
from shared.row_security import SETTING, show_only
from shared.runtime import Runtime, open_runtime
from shared.testing import caller

OWN, OTHER = uuid4(), uuid4()
SERVICES = {service.name: doors(service).views for service in service_classes()}  # type: ignore[attr-defined]
# No query of a caller's goes over these: an upload is found by its id and its account and nobody else's, and who
# stores or sweeps files looks at what is being stored. Both hold for no longer than files are on their way.
APART = {"upload", "storing"}
TABLES = [
    (name, table.name)
    for name, views in SERVICES.items()
    for table in views.metadata.sorted_tables
    if "unit_id" in table.c and table.name not in APART
]
# As it was: who told the database nothing saw everything.
OPEN = f"coalesce(current_setting('{SETTING}', true), '') in ('', '*') or unit_id::text = current_setting('{SETTING}')"


@pytest.fixture(params=TABLES, ids=[f"{name}.{table}" for name, table in TABLES])
def world(request: pytest.FixtureRequest, postgres_database: MakeDatabase) -> Iterator[tuple[Runtime, Table]]:
    """Give a service's world and one of its tables, with a row of each of two units."""
    name, table_name = request.param
    runtime = open_runtime(name, postgres_database(name).settings, SERVICES[name])
    table = SERVICES[name].metadata.tables[table_name]
    with writing(runtime.engine) as db:
        show_only(db, None)
        for unit in (OWN, OTHER):
            db.execute(insert(table).values(row(table, unit)))
    yield runtime, table
    runtime.engine.dispose()


def row(table: Table, unit: UUID) -> dict[str, Any]:
    """Return some row of the unit."""
    values = {column.name: value(column.type) for column in table.columns if not column.nullable}
    return {**values, "unit_id": unit}


def value(kind: Any) -> Any:
    match kind:
        case Uuid():
            return uuid4()
        case UtcDateTime():
            return datetime(2021, 1, 1, tzinfo=UTC)
        case Date():
            return date(2021, 1, 1)
        case Boolean():
            return False
        case Integer():
            return 1
    return "x"


def seen(world: tuple[Runtime, Table], who: Caller | None) -> set[UUID]:
    """Return the units of the rows that a query without any filter finds."""
    runtime, table = world
    with runtime.caught_up(who) as db:
        return set(db.execute(select(table.c.unit_id)).scalars())


def test_a_query_that_forgot_its_filter_shows_no_other_unit(world: tuple[Runtime, Table]) -> None:
    """S11: the application's filter is left out here, in every table of every service."""
    assert seen(world, caller("college_editor", str(OWN))) == {OWN}
    assert seen(world, caller("college_editor", str(OWN), str(OTHER))) == {OWN, OTHER}
    assert seen(world, caller("college_editor", str(uuid4()))) == set()
    assert seen(world, Caller(account_id=uuid4(), role="viewer", units=frozenset())) == set()


def test_who_sees_every_unit_and_the_platform_itself_see_all(world: tuple[Runtime, Table]) -> None:
    assert seen(world, caller("admin", "*")) == seen(world, None) == {OWN, OTHER}


def test_what_one_caller_was_shown_is_not_what_the_next_is(world: tuple[Runtime, Table]) -> None:
    """The setting ends with its transaction, though the connection lives on."""
    for _ in range(3):
        assert seen(world, caller("viewer", str(OWN))) == {OWN}
        assert seen(world, None) == {OWN, OTHER}
        assert seen(world, caller("viewer", str(OTHER))) == {OTHER}


def test_who_tells_the_database_nothing_sees_nothing_and_writes_nothing(world: tuple[Runtime, Table]) -> None:
    """S11: denied by default, also on a connection that has just served somebody who sees all."""
    runtime, table = world
    assert seen(world, None) == {OWN, OTHER}
    assert untold(runtime, table) == set()
    with runtime.engine.begin() as db:
        assert db.execute(delete(table)).rowcount == 0
    with runtime.engine.begin() as db, pytest.raises(ProgrammingError, match="row-level security"):
        db.execute(insert(table).values(row(table, OWN)))
    assert seen(world, None) == {OWN, OTHER}


def test_the_mutant_whose_default_is_open_shows_everything(world: tuple[Runtime, Table]) -> None:
    """So it is the policy that holds, and that it denies by default."""
    runtime, table = world
    owner = open_engine(runtime.settings.owner_url(runtime.name))
    with owner.begin() as db:
        db.exec_driver_sql(f"alter policy of_units on {table.name} using ({OPEN})")
    owner.dispose()
    assert untold(runtime, table) == {OWN, OTHER}


def untold(runtime: Runtime, table: Table) -> set[UUID]:
    """Return the units of the rows that are found in a transaction that told the database nothing."""
    with runtime.engine.begin() as db:
        return set(db.execute(select(table.c.unit_id)).scalars())


def test_nothing_of_another_unit_is_written_while_only_one_is_shown(world: tuple[Runtime, Table]) -> None:
    runtime, table = world
    theirs = insert(table).values(row(table, OTHER))
    with runtime.engine.begin() as db:
        show_only(db, [OWN])
        with pytest.raises(ProgrammingError, match="row-level security"):
            db.execute(theirs)


def test_no_role_of_a_service_passes_by_the_policies(postgres_database: MakeDatabase) -> None:
    """S11."""
    runtime = open_runtime("content", postgres_database("content").settings, SERVICES["content"])
    with runtime.engine.begin() as db:
        roles = db.exec_driver_sql("select rolname from pg_roles where rolname ~ '^matrix' and rolbypassrls").all()
        open_tables = db.exec_driver_sql(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'content'"
            " and relrowsecurity"
        ).scalars()
        assert roles == [] and set(open_tables) == {"unit", "unit_history", "channel", "article"}
    runtime.engine.dispose()
