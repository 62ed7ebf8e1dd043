"""Load, decide, append: who lost a race decides again, who asks again gets the first answer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from conftest import MakeDatabase
from shared.contracts.content.events import UnitEstablished, UnitRenamed
from shared.database import open_engine
from shared.errors import Conflict, NotFound, RuleBroken
from shared.events import Event
from shared.execute import Done, cause_of, execute, state_of
from shared.ids import named_id
from shared.log import open_log
from shared.log.store import Cause, CommandKey, InboxKey, Log

STREAM = "unit-1"
UNIT, DAY = UUID(int=7), date(2021, 9, 1)


@dataclass(frozen=True)
class State:
    """What the toy knows."""

    unit_id: UUID | None = None
    names: tuple[str, ...] = ()


@dataclass
class Toy:
    """A unit is established once and renamed to what it is not named yet; ``meanwhile`` runs while it decides."""

    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    decided: int = 0

    def initial(self) -> State:
        return State()

    def evolve(self, state: State, event: Event) -> State:
        match event:
            case UnitEstablished(unit_id=unit_id, name=name) | UnitRenamed(unit_id=unit_id, name=name):
                return replace(state, unit_id=unit_id, names=(*state.names, name))
        return state

    def decide(self, state: State, command: str) -> Sequence[Event]:
        self.decided += 1
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if command.startswith("+"):
            if state.unit_id:
                raise RuleBroken("toy.exists", "it was established before")
            return [UnitEstablished(unit_id=UNIT, name=command, kind="college", parent_id=None, since=DAY)]
        if command in state.names:
            return []
        return [UnitRenamed(unit_id=UNIT, name=command, since=DAY)]


@pytest.fixture
def log(database: MakeDatabase) -> Iterator[Log]:
    """Give an empty log."""
    log = open_log("content", open_engine(database("content").url))
    yield log
    log.engine.dispose()


def run(log: Log, command: str, toy: Toy | None = None, key: str | None = None, **more: Any) -> Done:
    return execute(log, STREAM, toy or Toy(), command, keyed(key), **more)


def keyed(key: str | None, fingerprint: str = "body") -> Cause:
    return cause_of("test", key=CommandKey(key=key, fingerprint=fingerprint) if key else None)


def renamed_behind(log: Log, name: str) -> Callable[[], object]:
    return lambda: run(log, name)


def names(log: Log) -> tuple[str, ...]:
    return state_of(log, STREAM, Toy())[0].names


def test_what_was_decided_is_appended_and_told(log: Log) -> None:
    done = run(log, "+a")
    assert (done.version, done.replayed) == (1, False)
    assert done.position == log.head()
    assert list(done.events) == [recorded.event for recorded in log.load(STREAM)]
    assert state_of(log, STREAM, Toy()) == (State(UNIT, ("+a",)), 1)


def test_an_event_is_recorded_under_the_unit_it_leads_to(log: Log) -> None:
    run(log, "+a")
    assert [recorded.unit for recorded in log.load(STREAM)] == [UNIT]


def test_a_command_that_changes_nothing_appends_nothing(log: Log) -> None:
    run(log, "+a")
    run(log, "b")
    done = run(log, "b")
    assert (done.version, list(done.events), names(log)) == (2, [], ("+a", "b"))


def test_the_guard_sees_the_state_before_the_rules_do(log: Log) -> None:
    run(log, "+a")
    toy, seen = Toy(), []

    def guard(state: State) -> None:
        seen.append(state.unit_id)
        raise NotFound("caller.no_such_unit", "no such object in your units")

    with pytest.raises(NotFound):
        run(log, "b", toy, guard=guard)
    assert (seen, toy.decided, names(log)) == ([UNIT], 0, ("+a",))


def test_who_saw_another_version_is_refused_before_anything_is_decided(log: Log) -> None:
    run(log, "+a")
    toy = Toy()
    with pytest.raises(Conflict) as refusal:
        run(log, "b", toy, expected_version=2)
    assert (refusal.value.code, toy.decided, names(log)) == ("stream.changed", 0, ("+a",))
    assert run(log, "b", expected_version=1).version == 2


def test_who_lost_the_race_loads_and_decides_again(log: Log) -> None:
    """F09."""
    run(log, "+a")
    toy = Toy([renamed_behind(log, "b"), renamed_behind(log, "c")])
    assert run(log, "d", toy).version == 4
    assert (toy.decided, names(log)) == (3, ("+a", "b", "c", "d"))


def test_what_the_winner_did_may_leave_nothing_to_do(log: Log) -> None:
    run(log, "+a")
    assert run(log, "b", Toy([renamed_behind(log, "b")])).version == 2
    assert names(log) == ("+a", "b")


def test_after_three_lost_races_the_caller_is_told(log: Log) -> None:
    run(log, "+a")
    toy = Toy([renamed_behind(log, name) for name in "bcd"])
    with pytest.raises(Conflict):
        run(log, "e", toy)
    assert (toy.decided, names(log)) == (3, ("+a", "b", "c", "d"))


def test_who_named_the_version_they_saw_is_not_helped_over_a_lost_race(log: Log) -> None:
    run(log, "+a")
    toy = Toy([renamed_behind(log, "b")])
    with pytest.raises(Conflict):
        run(log, "c", toy, expected_version=1)
    assert (toy.decided, names(log)) == (1, ("+a", "b"))


def test_a_mistake_of_ours_goes_through_and_appends_nothing(log: Log) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(log, "+a", Toy([fail]), key="key-1")
    assert log.load(STREAM) == [] and log.answered(keyed("key-1")) is None


@pytest.mark.parametrize("command", ["+a", "b"])
def test_the_same_key_gets_the_first_answer_whatever_happened_since(log: Log, command: str) -> None:
    """F11."""
    first = run(log, command, key="key-1", expected_version=0)
    run(log, "c")
    again = run(log, command, key="key-1", expected_version=0)
    assert again == Done(version=first.version, position=first.position, replayed=True)
    assert names(log) == (command, "c")


@pytest.mark.parametrize("command", ["+a", "b"])
def test_the_same_key_with_another_body_is_refused(log: Log, command: str) -> None:
    """F11."""
    run(log, "+a", key="key-1")
    with pytest.raises(RuleBroken) as refusal:
        execute(log, STREAM, Toy(), command, keyed("key-1", "another body"))
    assert refusal.value.code == "idempotency.key_reused"
    assert names(log) == ("+a",)


def test_a_refused_command_is_not_answered_and_may_be_asked_again(log: Log) -> None:
    run(log, "+a")
    for _ in range(2):
        with pytest.raises(RuleBroken) as refusal:
            run(log, "+b", key="key-1")
        assert refusal.value.code == "toy.exists"
    assert log.answered(keyed("key-1")) is None


def test_a_twin_that_was_faster_gives_its_answer_to_both(log: Log) -> None:
    """F11: the twin commits after we loaded and before we append; deciding again would say ``toy.exists``."""
    twin = Toy([lambda: run(log, "+a", key="key-1")])
    done = run(log, "+a", twin, key="key-1")
    assert (done.version, done.replayed, names(log)) == (1, True, ("+a",))


def test_many_at_once_with_one_key_get_one_answer(log: Log) -> None:
    """F11."""
    gate = threading.Barrier(6)

    def ask(_: int) -> Done:
        gate.wait()
        return run(log, "+a", key="key-1")

    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(ask, range(6)))
    assert sorted(done.replayed for done in answers) == [False] + 5 * [True]
    assert len({(done.version, done.position) for done in answers}) == 1
    assert names(log) == ("+a",)


def test_a_message_delivered_again_changes_nothing(log: Log) -> None:
    cause = cause_of("content.on-test", inbox=InboxKey(consumer="content.on-test", event_id=uuid4()))
    assert not execute(log, STREAM, Toy(), "+a", cause).replayed
    assert execute(log, STREAM, Toy(), "+a", cause).replayed
    assert execute(log, "unit-2", Toy(), "+b", cause).replayed
    assert names(log) == ("+a",) and log.load("unit-2") == []


def test_a_reaction_goes_on_in_the_correlation_it_answers(log: Log) -> None:
    run(log, "+a")
    (recorded,) = log.load(STREAM)
    cause = cause_of("review.on-test", recorded)
    assert (cause.correlation_id, cause.causation_id) == (recorded.correlation_id, recorded.event_id)
    fresh = cause_of("editor")
    assert fresh.causation_id is None and fresh.correlation_id != cause_of("editor").correlation_id


def test_a_thing_that_another_determines_has_one_id() -> None:
    assert named_id("case", UNIT, 1) == named_id("case", UNIT, 1) != named_id("case", UNIT, 2)


def test_a_stream_that_should_be_new_is_not_loaded(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "facts", lambda _: pytest.fail("it was loaded"))
    done = run(log, "+a", key="key-1", new=True)
    assert (done.version, done.replayed, len(done.events)) == (1, False, 1)


def test_one_that_should_be_new_and_is_not_is_decided_on_what_it_is(log: Log) -> None:
    run(log, "+a")
    toy = Toy()
    with pytest.raises(RuleBroken, match=r"toy\.exists"):
        run(log, "+b", toy, new=True)
    assert run(log, "b", new=True).version == 2
    assert toy.decided == 2 and state_of(log, STREAM, toy)[0].names == ("+a", "b")


def test_a_guard_sees_the_state_of_one_that_should_be_new_and_is_not(log: Log) -> None:
    run(log, "+a")

    def guard(state: State) -> None:
        if state.unit_id is not None:
            raise NotFound("toy.hidden", "not yours")

    with pytest.raises(NotFound):
        run(log, "b", guard=guard, new=True)
    assert len(log.load(STREAM)) == 1


def test_what_the_initial_state_refuses_is_decided_on_the_state_there_is(log: Log) -> None:
    run(log, "+a")

    def guard(state: State) -> None:
        if state.unit_id is None:
            raise NotFound("toy.absent", "there is none")

    assert run(log, "b", guard=guard, new=True).version == 2


def test_asking_again_for_what_is_new_gets_the_first_answer(log: Log) -> None:
    first = run(log, "+a", key="key-1", new=True)
    again = run(log, "+a", key="key-1", new=True)
    assert again == replace(first, replayed=True, events=())
    assert len(log.load(STREAM)) == 1
