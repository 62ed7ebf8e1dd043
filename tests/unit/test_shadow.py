"""A read model that was built anew replaces the live rows that differ from it, and no others."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    event,
    insert,
    select,
    text,
    update,
)

from conftest import MakeDatabase
from shared import shadow as module
from shared.database import UtcDateTime, open_engine, reading, writing
from shared.shadow import shadow_of
from shared.testing import checksum

metadata = MetaData()
toy = Table(
    "toy",
    metadata,
    Column("toy_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("name", Text),
    Column("maker_id", Uuid),
    Column("at", UtcDateTime),
    Column("broken", Boolean, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("parts", JSON, nullable=False),
)
Rows = list[dict[str, Any]]
rows = st.lists(
    st.fixed_dictionaries(
        {
            "toy_id": st.sampled_from([UUID(int=1), UUID(int=2**127)]),
            "day": st.dates(date(2021, 1, 1), date(2021, 1, 3)),
            "name": st.sampled_from([None, "", "球", "it's"]), "maker_id": st.sampled_from([None, UUID(int=7)]),
            "at": st.sampled_from([None, datetime(2021, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)]), "broken": st.booleans(),
            "price": st.sampled_from([0, 2**53 + 1]), "parts": st.sampled_from([[], ["a"], {"a": 1, "b": 2}]),
        }
    ),
    unique_by=lambda row: (row["toy_id"], row["day"]), max_size=6,
)  # fmt: skip


@pytest.fixture
def engine(database: MakeDatabase) -> Iterator[Engine]:
    engine = open_engine(database("content").owner_url)
    with writing(engine) as db:
        metadata.create_all(db)
    yield engine
    engine.dispose()


def put(db: Connection, some: Rows) -> None:
    """Let these be all rows there are."""
    db.execute(delete(toy))
    if some:
        db.execute(insert(toy), some)


def replaced(engine: Engine, right: Rows) -> bool:
    """Put right rows in the place of those that differ."""
    with shadow_of(metadata) as shadow:
        with shadow.writing() as copies:
            put(copies, right)
        with writing(engine) as live:
            return shadow.replace_differing(live)


def stored(engine: Engine) -> str:
    with reading(engine) as db:
        return checksum(db, metadata)


def many(count: int) -> Rows:
    return [
        {"toy_id": UUID(int=number), "day": date(2021, 1, 1), "name": f"{number}", "maker_id": None, "at": None,
         "broken": False, "price": number, "parts": ["a"]}
        for number in range(count)
    ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, rows)
def test_whatever_rows_there_were_they_are_the_right_ones_afterwards(engine: Engine, wrong: Rows, right: Rows) -> None:
    with writing(engine) as live:
        put(live, right)
    wanted = stored(engine)
    assert not replaced(engine, right)
    with writing(engine) as live:
        put(live, wrong)
    differed = stored(engine) != wanted
    assert replaced(engine, right) == differed
    assert stored(engine) == wanted


def touched(engine: Engine, right: Rows) -> int:
    """Return how many live rows were removed or inserted."""
    counts: list[int] = []

    def count(_: object, cursor: Any, statement: str, *__: object) -> None:
        if statement.startswith(("DELETE", "INSERT")):
            counts.append(cursor.rowcount)

    event.listen(engine, "after_cursor_execute", count)
    assert replaced(engine, right)
    event.remove(engine, "after_cursor_execute", count)
    return sum(counts)


def test_rows_that_are_right_are_left_alone(engine: Engine) -> None:
    right = many(2 * module.CHUNK + 1)
    with writing(engine) as live:
        put(live, right[1:])
        live.execute(insert(toy), {**right[0], "toy_id": UUID(int=2**100)})
        live.execute(update(toy).where(toy.c.toy_id == right[5]["toy_id"]).values(name="wrong"))
    assert touched(engine, right) == 2 + 2  # one is missing, one is too many, and one is removed and inserted


def test_the_naive_swap_of_a_whole_table_is_caught(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(live: Connection, copies: Connection, table: Table) -> bool:
        put(live, [dict(row._mapping) for row in copies.execute(select(table))])
        return True

    right = many(20)
    with writing(engine) as live:
        put(live, right)
        live.execute(update(toy).where(toy.c.toy_id == right[5]["toy_id"]).values(name="wrong"))
    monkeypatch.setattr(module, "_replace", whole)
    assert touched(engine, right) == 20 + 20


def test_json_written_in_another_way_is_no_difference(engine: Engine) -> None:
    right = [{**row, "parts": {"a": 1, "b": 2}} for row in many(1)]
    with writing(engine) as live:
        put(live, right)
        live.execute(text('update toy set parts = \'{ "b": 2, "a": 1 }\''))
    assert not replaced(engine, right)
