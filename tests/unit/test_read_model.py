"""What is gathered and written once leaves the rows that writing each at once would leave."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, create_engine, select

from shared import read_model as module
from shared.read_model import ReadModel, read_model

metadata = MetaData()
place = Table(
    "place",
    metadata,
    Column("a", Integer, primary_key=True),
    Column("b", Integer, primary_key=True),
    Column("name", Text),
    Column("colour", Text),
)

Act = tuple[str, dict[str, Any]]
keys = st.fixed_dictionaries({"a": st.integers(0, 1), "b": st.integers(0, 1)})
words = st.fixed_dictionaries({}, optional={"name": st.sampled_from("xyz"), "colour": st.sampled_from("rgb")})
rows = st.builds(dict[str, Any].__or__, keys, words.filter(bool))
acts = st.one_of(
    st.tuples(st.sampled_from(["upsert", "change", "add"]), rows),
    st.tuples(st.just("remove"), keys),
    st.tuples(st.just("remove_where"), st.fixed_dictionaries({"a": st.integers(0, 1)})),
)


@contextmanager
def places() -> Iterator[Connection]:
    """Give a connection to an empty table."""
    engine = create_engine("sqlite://")
    with engine.begin() as db:
        metadata.create_all(db)
        yield db
    engine.dispose()


def act(model: ReadModel, what: str, values: dict[str, Any]) -> None:
    if what == "remove_where":
        model.remove_where(place, **values)
    else:
        getattr(model, what)(place, values)


def left_by(told: list[Act], *, at_once: bool) -> list[Any]:
    """Return the rows that these acts leave, gathered or each written at once."""
    with places() as db:
        with read_model(db) as model:
            for what, values in told:
                act(model, what, values)
                if at_once:
                    model.write()
        return stored(db)


def stored(db: Connection) -> list[Any]:
    return [tuple(row) for row in db.execute(select(place).order_by(place.c.a, place.c.b))]


@given(st.lists(acts, max_size=12))
def test_gathered_or_at_once_the_rows_are_the_same(told: list[Act]) -> None:
    assert left_by(told, at_once=False) == left_by(told, at_once=True)


@pytest.mark.parametrize(
    ("first", "second"),
    [("change", "upsert"), ("add", "change"), ("add", "upsert"), ("remove", "add")],
)
def test_the_naive_reader_who_merges_whatever_comes_is_caught(
    first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"a": 0, "b": 0}
    begin = [] if first == "change" else [("upsert", {**key, "name": "x", "colour": "r"})]
    told: list[Act] = [
        ("remove_where", {"a": 1}), *begin, ("remove_where", {"a": 1}),
        (first, key if first == "remove" else {**key, "name": "y"}), (second, {**key, "colour": "g"}),
    ]  # fmt: skip
    right = left_by(told, at_once=True)
    assert left_by(told, at_once=False) == right
    monkeypatch.setattr(module, "_MERGED", {(first, second)})
    assert left_by(told, at_once=False) != right


def test_a_read_finds_what_was_told_before_it() -> None:
    with places() as db, read_model(db) as model:
        model.upsert(place, {"a": 0, "b": 1, "name": "x"})
        found = model.first(select(place.c.name))
    assert found and found.name == "x"


@given(st.lists(acts, max_size=12), keys)
def test_a_row_is_found_as_it_would_be_stored(told: list[Act], key: dict[str, Any]) -> None:
    """The mutants look in the database alone, or take what is pending for the whole row."""
    with places() as db, read_model(db) as model:
        for what, values in told:
            act(model, what, values)
        found = model.find(place, **key)
        model.write()
        rows = [row._mapping for row in db.execute(select(place).filter_by(**key))]
        assert rows == ([] if found is None else [found])


def test_a_whole_row_that_is_pending_is_found_without_the_database() -> None:
    with places() as db, read_model(db) as model:
        model.upsert(place, {"a": 0, "b": 0, "name": "x", "colour": "r"})
        db.execute(select(place))
        found = model.find(place, a=0, b=0)
        assert found and found["name"] == "x"
        assert stored(db) == []


def test_a_row_that_changes_often_in_a_page_is_written_once() -> None:
    with places() as db, read_model(db) as model:
        model.upsert(place, {"a": 0, "b": 0, "name": "x"})
        for word in "rgb" * 10:
            model.change(place, {"a": 0, "b": 0, "colour": word})
        before = db.connection.total_changes
        model.write()
        written = db.connection.total_changes - before
    assert written == 1
