"""The event log's contract, which both stores keep: versions, order, atomicity, once per key, and a chain of hashes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError as TheirConflict
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from conftest import FreshDatabase
from shared.contracts.content.events import ChannelOpened
from shared.database import writing
from shared.errors import Conflict, Unavailable
from shared.events import Recorded, Unknown
from shared.execute import cause_of
from shared.failpoints import Injected
from shared.log.store import Appended, Log
from shared.runtime import answer
from shared.testing import told
from tests.contract.logs import STORES, UNIT, append, at_once, break_at, keyed, names, received, renamed, rows


def test_what_was_appended_is_read_back_whole(log: Log) -> None:
    cause = replace(cause_of("editor"), causation_id=uuid4())
    opened = ChannelOpened(
        channel_id=uuid4(), unit_id=UNIT, kind="wechat_oa", name="体院融媒", handle=None, official=True, tier="none",
        status="active", opened_at=datetime(2021, 3, 1, 8, 30, 0, 123456, tzinfo=UTC),
    )  # fmt: skip
    before = datetime.now(UTC)
    done = log.append("channel-1", [opened], expected_version=0, cause=cause, unit=UNIT)
    (recorded,) = log.load("channel-1")
    assert recorded.event == opened and recorded.type == "content.channel.opened.v1"
    assert (recorded.stream, recorded.version, recorded.position) == ("channel-1", 1, done.position)
    assert (recorded.actor, recorded.unit) == ("editor", UNIT)
    assert (recorded.correlation_id, recorded.causation_id) == (cause.correlation_id, cause.causation_id)
    assert recorded.occurred_at == opened.opened_at
    assert before <= recorded.recorded_at <= datetime.now(UTC)
    assert list(log.read(0).events) == [recorded]
    assert list(log.facts("channel-1")) == [opened]


def test_a_streams_facts_are_its_events_in_order_and_of_no_other_stream(log: Log) -> None:
    append(log, "unit-1", "a", "b")
    append(log, "unit-2", "x")
    append(log, "unit-1", "c", at=2)
    assert list(log.facts("unit-1")) == [recorded.event for recorded in log.load("unit-1")]
    assert list(log.facts("unit-1")) == [renamed("a"), renamed("b"), renamed("c")] and list(log.facts("unit-3")) == []


def test_an_event_without_a_time_of_its_own_happened_when_it_was_recorded(log: Log) -> None:
    append(log, "unit-1", "a")
    (recorded,) = log.load("unit-1")
    assert recorded.occurred_at == recorded.recorded_at


def test_a_type_of_a_later_version_is_kept_and_read_as_unknown(log: Log, owner: Engine) -> None:
    append(log, "unit-1", "a")
    with writing(owner) as db:
        db.execute(text("update event set type = 'content.unit.painted.v9'"))
    (recorded,) = log.load("unit-1")
    assert isinstance(recorded.event, Unknown) and recorded.event.name == "content.unit.painted.v9"


def test_an_empty_log_has_nothing_and_answers(log: Log) -> None:
    assert (list(log.load("unit-1")), list(log.read(0).events), log.head()) == ([], [], 0)
    assert log.answered(keyed()) is None and log.answered(cause_of("test")) is None


def test_pages_are_in_order_and_a_full_one_ends_at_its_last_row(log: Log) -> None:
    for number in range(5):
        append(log, f"unit-{number}", f"{number}a", f"{number}b")
    found: list[Recorded] = []
    position = 0
    while (page := log.read(position, 3)).events:
        assert len(page.events) < 3 or page.checkpoint == page.events[-1].position
        found, position = found + list(page.events), page.checkpoint
    assert names(found) == [f"{number}{letter}" for number in range(5) for letter in "ab"]
    assert [recorded.position for recorded in found] == sorted(recorded.position for recorded in found)
    assert position == log.head()
    assert list(log.read(position).events) == []


def test_read_models_are_told_what_is_read_page_by_page(log: Log) -> None:
    for number in range(5):
        append(log, f"unit-{number}", f"{number}a", f"{number}b")
    after = 0
    for _ in range(4):
        read, heard = log.read(after, 3), log.told(after, 3)
        assert list(heard.events) == list(map(told, read.events)) and heard.checkpoint == read.checkpoint
        after = heard.checkpoint
    assert after == log.head() and list(log.told(after).events) == []


def test_read_models_are_told_no_more_than_up_to_a_checkpoint(log: Log) -> None:
    for number in range(4):
        append(log, f"unit-{number}", f"{number}")
    second = log.read(0, 2).checkpoint
    page = log.told(0, upto=second)
    assert list(page.events) == list(map(told, log.read(0, 2).events)) and page.checkpoint == second
    assert list(log.told(second, upto=second).events) == []


def test_no_events_are_fine_and_still_count_as_answered(log: Log) -> None:
    append(log, "unit-1", "a")
    done = append(log, "unit-1", at=1, cause=keyed())
    assert done.version == 1 and not done.replayed
    assert log.answered(keyed()) == replace(done, replayed=True)
    assert rows(log) == (1, 1, 0)


def test_of_many_who_saw_the_same_version_exactly_one_wins(log: Log) -> None:
    """F01."""
    for version in range(3):
        outcomes = at_once(32, lambda n, at=version: append(log, "unit-1", f"{at}-{n}", at=at))  # type: ignore[misc]
        won = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
        assert [done.version for done in won] == [version + 1]
        lost = [outcome for outcome in outcomes if not isinstance(outcome, Appended)]
        assert {type(error) for error in lost} == {Conflict} and {error.code for error in lost} == {"stream.changed"}
    assert [recorded.version for recorded in log.load("unit-1")] == [1, 2, 3]
    assert rows(log) == (3, 0, 0)


def test_a_naive_writer_who_takes_whatever_version_there_is_lets_everybody_win(log: Log) -> None:
    """What the test above would see of a store that does not compare what the writer saw with what is there."""

    def careless(number: int) -> Appended:
        while True:
            try:
                return append(log, "unit-1", f"{number}", at=len(log.load("unit-1")))
            except Conflict:
                continue

    assert sum(isinstance(outcome, Appended) for outcome in at_once(8, careless)) == 8


@pytest.mark.parametrize("expected", [0, 1, 3, 9])
def test_a_version_too_low_or_too_high_is_a_conflict_and_changes_nothing(log: Log, expected: int) -> None:
    append(log, "unit-1", "a", "b")
    with pytest.raises(Conflict) as refusal:
        append(log, "unit-1", "c", at=expected, cause=keyed())
    assert refusal.value.code == "stream.changed" and refusal.value.retryable
    assert rows(log) == (2, 0, 0)


def test_appends_that_were_rolled_back_are_never_read_and_stall_nobody(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F03."""
    break_at(monkeypatch, "append.after_insert_before_commit:raise@p=0.4")
    kept: list[str] = []
    read: list[str] = []
    position = 0
    for number in range(40):
        try:
            append(log, f"unit-{number}", f"{number}", cause=keyed(f"{number}"))
            kept.append(f"{number}")
        except Injected:
            pass
        page = log.read(position)
        read, position = read + names(page.events), page.checkpoint
        assert read == kept  # at once, not only when the gap is filled
    assert 10 < len(kept) < 35
    assert rows(log) == (len(kept), len(kept), 0)


def test_an_append_is_whole_or_not_at_all(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third event is refused by the database: neither the first two nor key nor inbox row stay."""
    ids = [uuid4(), uuid4()]
    for store in STORES:
        again = iter([*ids, ids[0]])
        monkeypatch.setattr(f"{store}.new_name", lambda again=again: str(next(again)))
    cause = cause_of("test", key=keyed().key, inbox=received(uuid4()).inbox)
    with pytest.raises(IntegrityError):
        append(log, "unit-1", "a", "b", "c", cause=cause)
    assert rows(log) == (0, 0, 0)
    assert list(log.read(0).events) == [] and log.answered(cause) is None


APPENDER = """
import os
from datetime import date
from uuid import UUID
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine
from shared.execute import cause_of
from shared.log import open_log
from shared.log.store import CommandKey

cause = cause_of("test", key=CommandKey(key="key-1", fingerprint="body-1"))
named = UnitRenamed(unit_id=UUID(int=7), name="a", since=date(2021, 9, 1))
open_log("content", open_engine(os.environ["LOG_URL"])).append("unit-1", [named], expected_version=0, cause=cause)
"""


@pytest.mark.parametrize(
    ("fault", "kept"), [("append.after_insert_before_commit", False), ("append.after_commit_before_reply", True)]
)
def test_a_writer_killed_around_its_commit_left_all_or_nothing(
    log: Log, fresh: FreshDatabase, fault: str, kept: bool
) -> None:
    """F10."""
    env = {**os.environ, "LOG_URL": fresh.url, "FAILPOINTS": f"{fault}:kill9"}
    assert subprocess.run([sys.executable, "-c", APPENDER], env=env, check=False).returncode == -signal.SIGKILL
    assert rows(log) == ((1, 1, 0) if kept else (0, 0, 0))
    done = append(log, "unit-1", "a", cause=keyed())
    assert done == Appended(version=1, position=done.position, replayed=kept)
    assert names(log.read(0).events) == ["a"] and rows(log) == (1, 1, 0)


def test_a_database_that_does_not_answer_is_unavailable_and_may_be_asked_again(log: Log) -> None:
    """F09."""
    lost = OperationalError("select", {}, Exception("server closed the connection unexpectedly"))
    connect = log.engine.pool.connect
    log.engine.pool.connect = lambda: (_ for _ in ()).throw(lost)  # type: ignore[method-assign]
    acts: tuple[Callable[[], Any], ...] = (
        lambda: append(log, "unit-1", "a"), lambda: log.load("unit-1"), lambda: log.read(0), lambda: log.head(),
        lambda: log.facts("unit-1"), lambda: log.told(0), lambda: log.answered(keyed()),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(Unavailable) as refusal:
            act()
        assert refusal.value.retryable
    log.engine.pool.connect = connect  # type: ignore[method-assign]
    assert append(log, "unit-1", "a").version == 1


def test_who_wants_to_know_of_appends_is_told_after_the_commit(log: Log) -> None:
    heads: list[int] = []
    log.on_append(lambda: heads.append(log.head()))
    done = append(log, "unit-1", "a")
    with pytest.raises(Conflict):
        append(log, "unit-1", "b")
    assert heads == [done.position]


@pytest.mark.parametrize("start", [2**31, 2**53 + 1])
def test_positions_are_exact_where_a_browsers_numbers_are_not(log: Log, owner: Engine, start: int) -> None:
    """F63."""
    append(log, "unit-0", "z")
    jump = (
        f"select setval('event_position_seq', {start}, false)"
        if owner.dialect.name == "postgresql"
        else f"update event set position = {start - 1}"
    )
    with writing(owner) as db:
        db.execute(text(jump))
    first, second = append(log, "unit-1", "a", cause=keyed()), append(log, "unit-1", "b", at=1)
    assert (first.position, second.position) == (start, start + 1)
    assert names(log.read(start).events) == ["b"] and log.read(start).checkpoint == start + 1
    again = log.answered(keyed())
    assert again is not None
    assert answer(UNIT, again)["position"] == str(start)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tries=st.lists(
        st.tuples(st.integers(0, 2), st.integers(-2, 0), st.lists(st.text("ab新", max_size=3), min_size=1, max_size=3)),
        max_size=12,
    )
)
def test_the_log_takes_and_refuses_what_eventsourcing_takes_and_refuses(
    log: Log, tries: list[tuple[int, int, list[str]]]
) -> None:
    """The library ``eventsourcing`` on SQLite is the oracle for versions, conflicts and the order of everything."""
    theirs, start = SQLiteApplicationRecorder(SQLiteDatastore(":memory:")), log.head()
    theirs.create_table()
    ids, versions = [uuid4(), uuid4(), uuid4()], [0, 0, 0]
    for number, lag, words in tries:
        stream, expected = ids[number], max(versions[number] + lag, 0)
        stored = [StoredEvent(stream, expected + n, "renamed", word.encode()) for n, word in enumerate(words, start=1)]
        if refused(lambda s=stored: theirs.insert_events(s), TheirConflict):  # type: ignore[misc]
            assert refused(lambda s=stream, w=words, e=expected: append(log, str(s), *w, at=e), Conflict)  # type: ignore[misc]
        else:
            versions[number] = append(log, str(stream), *words, at=expected).version
    for stream in ids:
        kept = [(e.originator_version, e.state.decode()) for e in theirs.select_events(stream)]
        assert [(r.version, names([r])[0]) for r in log.load(str(stream))] == kept
    notified = [(str(n.originator_id), n.originator_version) for n in theirs.select_notifications(1, 1000)]
    assert [(r.stream, r.version) for r in log.read(start, 1000).events] == notified


def refused(act: Callable[[], Any], error: type[Exception]) -> bool:
    try:
        act()
    except error:
        return True
    return False
