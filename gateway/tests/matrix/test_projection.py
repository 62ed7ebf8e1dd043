"""However events travel, the matrix is the same; and it is what a fold from the beginning gives."""

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Text, cast, func, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.matrix import projection
from gateway.matrix.calendar import month_of
from gateway.matrix.changes import Cells
from gateway.matrix.counters import facts_of_counts
from gateway.matrix.facts import Fact, sample_of
from gateway.matrix.tables import applied, change, day_sum, fact, feed, matrix_state, month_sum, recorded_sum
from gateway.matrix.transaction import Transaction
from gateway.matrix.writer import RING, Writer, lock, note
from gateway.tests.matrix.kit import NOW, History, apply, ask, at, open_model, rows_of, totals
from gateway.tests.matrix.worlds import Act, acts, history_of
from shared.contracts.media.events import LiveStreamStarted
from shared.database import reading, writing
from shared.events import Recorded, Unknown

SLOW = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def fresh() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_model(Path(folder) / "gateway.db")
        try:
            yield engine
        finally:
            engine.dispose()


@SLOW
@given(acts, st.randoms(use_true_random=False))
def test_five_copies_of_each_message_shuffled_end_in_the_same_tables(found: list[Act], chance: random.Random) -> None:
    """F31."""
    events = history_of(found).events
    with fresh() as clean, fresh() as messy:
        for recorded in events:
            apply(clean, [recorded])
        copies = events * 5
        chance.shuffle(copies)
        while copies:
            size = chance.randint(1, 60)
            apply(messy, copies[:size])
            copies = copies[size:]
        assert rows_of(messy) == rows_of(clean)


@SLOW
@given(acts)
def test_a_year_is_its_halves_and_its_months(found: list[Act]) -> None:
    with fresh() as model:
        apply(model, history_of(found).events)
        year = totals(ask(model, "2021"))
        for parts in (["2021-H1", "2021-H2"], [f"2021-{month:02}" for month in range(1, 13)],
                      ["2021-01-01..2021-03-17", "2021-03-18..2021-10-10", "2021-10-11..2021-12-31"]):  # fmt: skip
            answers = [ask(model, part) for part in parts]
            for name, value in year.items():
                if name == "on_time_ratio":
                    cells = [a["totals"]["figures"].get(name, {"numerator": 0, "denominator": 0}) for a in answers]
                    whole = ask(model, "2021")["totals"]["figures"][name]
                    for side in ("numerator", "denominator"):
                        assert sum(cell[side] for cell in cells) == whole[side]
                else:
                    assert sum(totals(answer).get(name, 0) for answer in answers) == value
            assert {name for answer in answers for name in totals(answer)} == set(year)


@SLOW
@given(acts, st.integers(0, 10**9))
def test_what_was_known_at_a_moment_never_changes_afterwards(found: list[Act], seed: int) -> None:
    events = history_of(found).events
    cut = random.Random(seed).randint(1, len(events))
    moment = events[cut - 1].recorded_at
    with fresh() as early, fresh() as late:
        apply(early, events[:cut])
        shuffled = random.Random(seed).sample(events, len(events))
        for start in range(0, len(shuffled), 7):
            apply(late, shuffled[start : start + 7])
        for period in ("2021", "2021-03-17..2021-10-10"):
            then = ask(early, period, as_of=moment)
            assert ask(late, period, as_of=moment) == then
            present = ask(early, period, today=moment.date())
            assert totals(present) == totals(then)


@SLOW
@given(acts)
def test_sums_are_the_sums_of_their_facts(found: list[Act]) -> None:
    """F43 for the sums: incremental equals from zero."""
    with fresh() as model:
        for recorded in history_of(found).events:
            apply(model, [recorded])
        with reading(model) as db:
            summed = (func.sum(fact.c.value), func.sum(fact.c.weight), func.sum(fact.c.flagged), func.count())
            days = (func.min(fact.c.day), func.max(fact.c.day))
            where = (fact.c.unit_id, fact.c.channel_id, fact.c.figure)
            month = (fact.c.month, *where, func.substr(cast(fact.c.recorded_day, Text), 1, 7))
            day = (fact.c.day, *where, month[-1])
            by_recording = (fact.c.recorded_day, fact.c.day, *where)
            months_of_facts = {tuple(row) for row in db.execute(select(*month, *summed, *days).group_by(*month))}
            days_of_facts = {tuple(row) for row in db.execute(select(*day, *summed).group_by(*day))}
            assert {tuple(row) for row in db.execute(select(month_sum))} == months_of_facts
            recorded_of_facts = {
                tuple(row) for row in db.execute(select(*by_recording, *summed).group_by(*by_recording))
            }
            assert {tuple(row) for row in db.execute(select(day_sum))} == days_of_facts
            assert {tuple(row) for row in db.execute(select(recorded_sum))} == recorded_of_facts


@SLOW
@given(acts)
def test_the_facts_of_a_counter_add_up_to_its_last_count_less_its_first(found: list[Act]) -> None:
    samples = [sample for recorded in history_of(found).events if (sample := sample_of(recorded))]
    for counter in {sample.counter for sample in samples}:
        mine = [sample for sample in samples if sample.counter == counter]
        facts = facts_of_counts(mine)
        by_time = sorted(mine, key=lambda sample: (sample.taken_at, sample.version))
        gauge = mine[0].figure == "net_follower_growth"
        first = by_time[0].value if gauge else 0
        assert sum(each.value for each in facts) == by_time[-1].value - first
        assert sum(each.flagged for each in facts) == int(gauge)


def naive(events: list[Recorded]) -> list[Fact]:
    """The mutant: each count adds its growth since the count that happened to arrive before it."""
    last: dict[str, int] = {}
    found: list[Fact] = []
    for recorded in events:
        sample = sample_of(recorded)
        if sample is not None:
            (one,) = facts_of_counts([sample])
            growth = sample.value - last.get(sample.counter, sample.value)
            last[sample.counter] = sample.value
            found.append(Fact(**{**{name: getattr(one, name) for name in Fact.__slots__}, "value": growth}))
    return found


def test_counts_taken_in_the_order_of_arrival_would_not_survive_the_shuffle() -> None:
    """F31's mutant: the shuffle test can tell a right matrix from a wrong one."""
    history = History()
    unit = history.unit("u")
    channel = history.channel(unit, "wechat_oa")
    for month, followers in ((1, 100), (2, 150), (3, 130)):
        history.followers(unit, channel, at(f"2021-0{month}-10T00:00"), followers)

    def months(facts: list[Fact]) -> dict[str, int]:
        sums: dict[str, int] = {}
        for each in facts:
            sums[month_of(each.day)] = sums.get(month_of(each.day), 0) + each.value
        return sums

    assert months(naive(history.events)) != months(naive(history.events[::-1]))


def test_the_same_event_again_changes_nothing_not_even_the_position(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    history.publish(unit, history.channel(unit), at("2021-03-01T12:00"))
    assert apply(model, history.events) == 3
    before = rows_of(model)
    assert apply(model, history.events * 3) is None
    assert rows_of(model) == before


def test_events_that_say_nothing_to_the_matrix_leave_its_position(model: Engine) -> None:
    history = History()
    recorded = history.publish(history.unit("u"), history.channel(history.unit("v")), at("2021-03-01T12:00"))
    unknown = Unknown(name="content.article.sung.v1", data={})
    strange = Recorded(**{**{name: getattr(recorded, name) for name in Recorded.__slots__}, "event": unknown,
                          "type": unknown.name})  # fmt: skip
    assert apply(model, [strange]) is None


def test_a_failure_in_the_middle_leaves_nothing(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    unit = history.unit("u")
    history.publish(unit, history.channel(unit), at("2021-03-01T12:00"))
    before = rows_of(model)
    monkeypatch.setattr(projection, "add_facts", lambda db, facts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        apply(model, history.events)
    monkeypatch.undo()
    assert rows_of(model) == before
    assert apply(model, history.events) == 3


def test_changes_are_noted_with_their_cells_and_the_oldest_are_forgotten(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    site = history.channel(unit)
    apply(model, history.events)
    apply(model, [history.publish(unit, site, at("2021-03-01T12:00"))])
    with writing(model) as db:
        rows = db.execute(select(change).order_by(change.c.position)).all()
        assert [(row.previous, row.position) for row in rows] == [(0, 2), (2, 3)]
        assert rows[1].cells == f'{{"{unit}": {{"news_published": ["2021-03"]}}}}'
        for _ in range(RING + 5):
            told = Transaction.within(db)
            lock(told)
            note(told, 1, Cells())
        assert db.scalar(select(func.count()).select_from(change)) == RING
        assert db.scalar(select(matrix_state.c.position)) == 3 + RING + 5


def test_one_recorded_event_cannot_be_two_rows(model: Engine) -> None:
    history = History()
    history.unit("u")
    apply(model, history.events)
    with pytest.raises(IntegrityError), writing(model) as db:
        db.execute(insert(applied).values(event_id=history.events[0].event_id, source="content", position=1))


def test_a_feed_is_as_fresh_as_the_last_event_that_is_in_and_never_gets_older(model: Engine) -> None:
    history = History()
    first = history.publish(history.unit("u"), history.channel(history.unit("v")), at("2021-03-01T12:00"))
    later = history.publish(history.unit("w"), history.channel(history.unit("x")), at("2021-03-01T12:00"))
    writer = Writer(model)
    for recorded in (later, first):
        writer.apply([recorded], {"content": recorded.position})
    writer.beat(["media"], NOW)
    with reading(model) as db:
        rows = {row.source: (row.position, row.fresh_at) for row in db.execute(select(feed))}
    assert rows == {"content": (later.position, later.recorded_at), "media": (0, NOW)}


def test_pages_that_are_open_hear_of_a_stream_that_begins_though_no_figure_changes() -> None:
    events, stream = History(), uuid4()
    unit = events.unit("College")
    with fresh() as model:
        apply(model, events.events)
        began = events.add(
            f"live-{stream}", LiveStreamStarted(stream_id=stream, unit_id=unit, title="Gala", at=at("2021-06-30T12:00"))
        )
        assert apply(model, [began]) is not None
        assert apply(model, [began]) is None  # told once
        with reading(model) as db:
            told = db.execute(select(change.c.cells).order_by(change.c.position.desc())).scalars().first()
        assert json.loads(str(told)) == {str(unit): {}}
        assert totals(ask(model, "2021")) == {}
