"""Short answers are built on the event loop itself: they are the same, and no question holds it for long."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from gateway.matrix import read
from gateway.matrix.asked import Asked
from gateway.matrix.board import Board
from gateway.matrix.periods import parse
from gateway.matrix.query import Query
from gateway.matrix.read import Reader, Reading
from gateway.tests.matrix.kit import History, apply, at
from shared.contracts.content.events import UnitRenamed
from shared.database import writing

YEAR, CENTURIES = Query(period=parse("2021")), Query(period=parse("1900-01..2100-12"))
HELD_S = 0.03  # of processor time: a glance may take 0.001, the long question takes 0.12
LONG = """
  with recursive n(n) as (select 0 union all select n + 1 from n where n < 79999)
  insert into month_sum
  select printf('%04d-%02d', 1900 + n / 12 % 200, n % 12 + 1), unit_id, channel_id, figure, printf('%06d', n / 2400),
    1, 1, 0, 1, '2021-05-05', '2021-05-05' from n, (select * from month_sum limit 1)
"""


@contextmanager
def unlimited(cursor: Any) -> Iterator[None]:
    """Mutant: nobody looks at the clock."""
    yield


def published(model: Engine, units: int = 1) -> list[UUID]:
    """Let so many units publish once each; return them."""
    history = History()
    found = [history.unit(f"unit {n}") for n in range(units)]
    for unit in found:
        history.publish(unit, history.channel(unit), at("2021-05-05T12:00"))
    apply(model, history.events)
    return found


def make_long(model: Engine) -> None:
    """Make CENTURIES a question of one unit's one figure that takes long to add up."""
    published(model)
    with writing(model) as db:
        db.execute(text(LONG))


def timed(reader: Reader, query: Query) -> tuple[Reading | None, float]:
    """Return what a glance sees, and the seconds of this thread's processor time it took."""
    began = time.thread_time()
    found = reader.glance(query)
    return found, time.thread_time() - began


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a glance take its time: on a busy machine a millisecond may pass before anything is done."""
    monkeypatch.setattr(read, "GLANCE_S", 60.0)


def test_what_takes_longer_than_a_glance_is_given_up_in_time(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the mutant that does not look at the clock holds the loop."""
    make_long(model)
    reader = Reader(model)
    whole = reader.read(CENTURIES)
    found, took = timed(reader, CENTURIES)
    assert found is None and took < HELD_S
    monkeypatch.setattr(read, "_limited", unlimited)
    found, took = timed(reader, CENTURIES)
    assert found == whole and took > HELD_S


def test_after_a_glance_that_was_given_up_the_next_one_sees(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    make_long(model)
    reader = Reader(model)
    whole = reader.read(YEAR)
    with monkeypatch.context() as patch:
        patch.setattr(read, "GLANCE_S", 0.0)
        assert reader.glance(CENTURIES) is None
    monkeypatch.setattr(read, "GLANCE_S", 60.0)
    assert reader.glance(YEAR) == whole


@pytest.mark.usefixtures("patient")
def test_a_glance_sees_what_a_reading_sees(model: Engine) -> None:
    first, *_ = published(model, 3)
    reader = Reader(model)
    for query in (
        YEAR,
        Query(period=parse("2021"), scope=frozenset({first})),
        Query(period=parse("2021-05-02..2021-06-17"), as_of=at("2021-05-05T12:00")),
        Query(period=parse("2021"), kind="website"),
    ):
        assert reader.read(query) == reader.glance(query) is not None


@pytest.mark.usefixtures("patient")
def test_an_answer_of_many_places_or_rows_is_left_to_a_thread(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Putting it together would hold the loop; one unit's part of it is short."""
    first, *_ = published(model, 21)
    reader = Reader(model)
    assert len(reader.read(YEAR).sums) == 21
    assert reader.glance(YEAR) is None
    assert reader.glance(Query(period=parse("2021"), scope=frozenset({first}))) is not None
    monkeypatch.setattr(read, "GLANCE_PLACES", 42)
    assert reader.glance(YEAR) is not None
    monkeypatch.setattr(read, "GLANCE_ROWS", 20)
    assert reader.glance(YEAR) is None


@pytest.mark.usefixtures("patient")
def test_what_answers_are_drawn_on_is_never_read_by_a_glance(model: Engine) -> None:
    reader, history = Reader(model), History()
    unit = history.unit("old")
    apply(model, history.events)
    assert reader.glance(YEAR) is None
    reader.read(YEAR)
    assert reader.glance(YEAR) is not None
    apply(model, [history.add(f"unit-{unit}", UnitRenamed(unit_id=unit, name="new", since=date(2021, 1, 1)))])
    assert reader.glance(YEAR) is None
    reader.read(YEAR)
    assert reader.glance(YEAR) is not None


def held(model: Engine, glances: list[Query], patch: pytest.MonkeyPatch) -> float:
    """Return the seconds of the loop's processor time that a hundred take who ask the long question at once."""
    glance = Reader.glance

    def counted(self: Reader, query: Query) -> Reading | None:
        glances.append(query)
        return glance(self, query)

    async def scene() -> float:
        board, now = Board(model), datetime.now(UTC)
        await board.answer(Asked(YEAR, now))
        patch.setattr(Reader, "glance", counted)
        began = time.thread_time()
        answers = await asyncio.gather(*(board.answer(Asked(CENTURIES, now)) for _ in range(100)))
        assert len(set(answers)) == 1
        board.close()
        return time.thread_time() - began

    return asyncio.run(scene())


def test_who_asks_what_is_being_built_does_not_look_again(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A herd's hundred glances would hold the loop for a hundred milliseconds; the mutant that lets them does."""
    make_long(model)
    glances: list[Query] = []
    with monkeypatch.context() as patch:
        held(model, glances, patch)
    assert glances == [CENTURIES]
    with monkeypatch.context() as patch:
        patch.setattr("gateway.matrix.cache.Cache.is_building", lambda self, key: False)
        held(model, glances, patch)
    assert len(glances) > 2


@pytest.mark.usefixtures("patient")
def test_a_short_answer_is_built_without_a_thread(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    published(model)

    async def scene() -> None:
        board, now = Board(model), datetime.now(UTC)
        await board.answer(Asked(YEAR, now))
        monkeypatch.setattr(board, "in_thread", None)
        short = Asked(Query(period=parse("2021-05")), now)
        assert await board.answer(short) == board.at_hand(short)
        apply(model, [History().publish(uuid4(), uuid4(), at("2021-05-06T12:00"))])
        board.position += 1
        assert b'"position":"%d"' % board.position in (await board.answer(short))[0]
        board.close()

    asyncio.run(scene())
