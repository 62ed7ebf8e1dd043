"""Reading: what is kept between answers is given up when it changed, and a moment's answer is of one moment."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Engine, delete, select

from gateway.matrix.changes import Cells
from gateway.matrix.periods import parse
from gateway.matrix.query import Query
from gateway.matrix.read import Reader
from gateway.matrix.tables import day_sum, metadata, month_sum, recorded_sum, state
from gateway.matrix.totals import totals as totals_of
from gateway.tests.matrix.kit import History, apply, ask, at, open_model, totals
from gateway.tests.matrix.worlds import ACTS, Act, history_of
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, reading, writing
from shared.migrations import config_of

YEAR = Query(period=parse("2021"))


def renamed_is_seen(model: Engine) -> bool:
    """Return whether a reader that read before sees the new name, and the facts beside it."""
    history, reader = History(), Reader(model)
    unit = history.unit("old")
    history.publish(unit, uuid4(), at("2021-05-05T12:00"))
    apply(model, history.events)
    reader.read(YEAR)
    event = UnitRenamed(unit_id=unit, name="new", since=date(2021, 1, 1))
    apply(model, [history.add(f"unit-{unit}", event), history.publish(unit, uuid4(), at("2021-06-05T12:00"))])
    again = reader.read(YEAR)
    assert sum(row[3] for row in again.sums) == 2
    return again.frame.turn(again.frame.units[0], "name", date(2021, 12, 31)) == "new"


def test_who_keeps_what_answers_are_drawn_on_sees_when_it_changes(model: Engine) -> None:
    assert renamed_is_seen(model)


def test_a_change_that_does_not_say_so_would_never_be_seen(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant."""
    monkeypatch.setattr(Cells, "touch", lambda self, unit_id: None)
    assert not renamed_is_seen(model)


def test_news_of_figures_alone_leaves_what_is_kept(model: Engine) -> None:
    history, reader = History(), Reader(model)
    unit = history.unit("u")
    apply(model, history.events)
    before = reader.read(YEAR).frame
    apply(model, [history.publish(unit, uuid4(), at("2021-05-05T12:00"))])
    assert reader.read(YEAR).frame is before


def test_a_database_put_back_to_an_earlier_day_is_read_anew(model: Engine, tmp_path: Path) -> None:
    history, reader = History(), Reader(model)
    history.unit("first")
    apply(model, history.events)
    history.unit("second")
    apply(model, history.events)
    assert len(reader.read(YEAR).frame.units) == 2
    with writing(model) as db:
        for table in (*metadata.sorted_tables, *state.sorted_tables):
            db.execute(delete(table))
    apply(model, history.events[:1])
    found = reader.read(YEAR)
    assert (found.position, len(found.frame.units)) == (1, 1)


def test_a_figure_that_begins_within_a_month_counts_each_day_once_at_every_moment(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    for day in ("2021-06-16", "2021-06-17", "2021-06-30", "2021-07-01"):
        for recorded in ("2021-07-20T12:00", "2021-08-10T12:00", "2021-08-20T12:00"):
            history.publish(unit, uuid4(), at(f"{day}T12:00"), recorded_at=at(recorded))
    history.define("news_published", "additive", covered_from=date(2021, 6, 17))
    history.events[-1] = replace(history.events[-1], recorded_at=at("2021-01-02T00:00"))
    apply(model, history.events)
    assert totals(ask(model, "2021")) == {"news_published": 9}
    known_when = {"2021-07-31T00:00": 3, "2021-08-10T12:00": 6, "2021-08-15T00:00": 6, "2021-09-01T00:00": 9}
    for moment, known in known_when.items():
        assert totals(ask(model, "2021", as_of=at(moment))) == {"news_published": known}
        assert totals(ask(model, "2021-06", as_of=at(moment))) == {"news_published": known * 2 // 3}


def test_the_migration_fills_the_sums_that_the_projection_would_have_made(tmp_path: Path) -> None:
    events = history_of([Act(what, n % 3, n * 300, n) for n, what in enumerate(ACTS * 3)]).events
    right, old = open_model(tmp_path / "right.db"), open_engine(f"sqlite:///{tmp_path}/old.db")
    apply(right, events)
    rows: dict[str, list[Any]] = {}
    with reading(right) as db:
        for table in metadata.sorted_tables:
            rows[table.name] = [row._asdict() for row in db.execute(select(table))]
    with old.begin() as db:
        command.upgrade(config_of("gateway", db), "0004")
    with writing(old) as db:
        for table in metadata.sorted_tables:
            if rows[table.name] and table not in (month_sum, day_sum, recorded_sum):
                db.execute(table.insert(), rows[table.name])
    with old.begin() as db:
        command.upgrade(config_of("gateway", db), "head")
    with reading(old) as db:
        for table in (month_sum, day_sum, recorded_sum):
            filled = [row._asdict() for row in db.execute(select(table))]
            assert filled and sorted(map(str, filled)) == sorted(map(str, rows[table.name]))
    right.dispose()
    old.dispose()


def test_a_units_question_looks_up_its_own_rows_and_passes_over_nobody_elses(
    model: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the mutant, a range of months, reads everybody's."""
    history = History()
    mine, other = history.unit("mine"), history.unit("other")
    for unit in (mine, other):
        history.publish(unit, uuid4(), at("2021-05-05T12:00"))
    apply(model, history.events)
    query, reader = Query(period=parse("2021"), scope=frozenset({mine})), Reader(model)
    found = reader.read(query)
    assert len(found.sums) == 1

    def plan() -> str:
        ((text, values),) = totals_of(query, found.frame)
        with model.connect() as db:
            return str(db.exec_driver_sql(f"explain query plan {text}", tuple(values)).all())

    assert "month=? AND unit_id=?" in plan()
    monkeypatch.setattr("gateway.matrix.totals.NAMED", 0)
    assert "month=? AND unit_id=?" not in plan()
    assert reader.read(query) == found
