"""Beneath the matrix's own filter by unit lies PostgreSQL's: with the first removed, the second holds."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine

from conftest import MakeDatabase
from gateway.matrix import behind, totals
from gateway.matrix.behind import facts_behind
from gateway.matrix.periods import parse
from gateway.matrix.query import Query
from gateway.matrix.read import Reader
from gateway.matrix.writer import Writer
from gateway.tests.matrix.kit import History, at
from shared.database import open_engine
from shared.row_security import EVERY, show_only

MOMENTS = (None, at("2021-07-20T00:00"), at("2021-08-20T00:00"))
PERIODS = ("2021", "2021-05-03..2021-06-10", "2021-05-05..2021-05-05")


@pytest.fixture
def matrix(postgres_database: MakeDatabase) -> Iterator[tuple[Engine, UUID, UUID]]:
    """Give a matrix on PostgreSQL in which two units published, and the units."""
    engine = open_engine(postgres_database("gateway").settings.database_url("gateway"))
    history = History()
    mine, other = history.unit("mine"), history.unit("other")
    for unit in (mine, other):
        history.publish(unit, history.channel(unit), at("2021-05-05T12:00"), recorded_at=at("2021-07-03T12:00"))
        history.followers(unit, history.channel(unit, "douyin"), at("2021-05-06T12:00"), 7)
    Writer(engine).apply(history.events, {})
    yield engine, mine, other
    engine.dispose()


def units_seen(engine: Engine, scope: frozenset[UUID] | None) -> set[str]:
    """Return the units of all sums and facts that are read for a caller, whatever is asked."""
    reader, seen = Reader(engine), set()
    for period in PERIODS:
        for moment in MOMENTS:
            query = Query(period=parse(period), as_of=moment, scope=scope)
            seen |= {row[0] for row in reader.read(query).sums}
            found = facts_behind(engine, "news_published", query, 100, None)
            seen |= {UUID(item["unit_id"]).hex for item in found["items"]}
    return seen


@pytest.fixture
def without_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the application's filter out."""
    monkeypatch.setattr(totals, "_units", lambda query, frame: None)
    monkeypatch.setattr(behind, "_restricted", lambda query: [])


@pytest.mark.usefixtures("without_filter")
def test_a_reading_that_forgot_its_filter_shows_no_other_unit(matrix: tuple[Engine, UUID, UUID]) -> None:
    """S11."""
    engine, mine, other = matrix
    assert units_seen(engine, frozenset({mine})) == {mine.hex}
    assert units_seen(engine, frozenset({mine, other})) == {mine.hex, other.hex}
    assert units_seen(engine, frozenset()) == set()


@pytest.mark.usefixtures("without_filter")
def test_who_sees_every_unit_sees_all_also_on_a_connection_that_served_others(
    matrix: tuple[Engine, UUID, UUID],
) -> None:
    engine, mine, other = matrix
    reader, query = Reader(engine), Query(period=parse("2021"))
    for scope, seen in ((frozenset({mine}), {mine.hex}), (None, {mine.hex, other.hex})) * 2:
        scoped = Query(period=query.period, scope=scope)
        assert {row[0] for row in reader.read(scoped).sums} == seen


@pytest.mark.usefixtures("without_filter")
def test_who_tells_the_database_nothing_is_shown_nothing(
    matrix: tuple[Engine, UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11: denied by default."""
    engine, *_ = matrix
    monkeypatch.setattr("gateway.matrix.read.told", lambda _: "")
    monkeypatch.setattr(behind, "show_only", lambda *_: None)
    assert units_seen(engine, None) == set()


@pytest.mark.usefixtures("without_filter")
def test_the_mutant_that_tells_the_database_every_unit_shows_everything(
    matrix: tuple[Engine, UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tests above would see without the policy: so it is the policy that holds."""
    engine, mine, other = matrix
    monkeypatch.setattr("gateway.matrix.read.told", lambda _: EVERY)
    monkeypatch.setattr(behind, "show_only", lambda db, _: show_only(db, None))
    assert units_seen(engine, frozenset({mine})) == {mine.hex, other.hex}


def test_no_table_that_tells_what_a_unit_did_is_without_a_policy(matrix: tuple[Engine, UUID, UUID]) -> None:
    engine, *_ = matrix
    with engine.begin() as db:
        protected = db.exec_driver_sql(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'gateway'"
            " and relrowsecurity"
        ).scalars()
        assert set(protected) == {"fact", "month_sum", "day_sum", "recorded_sum", "sample"}
