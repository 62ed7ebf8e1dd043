"""The platform in one process without a broker: the same doors, the same promises, and a crash anywhere."""

import json
import signal
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from infra.embedded import Platform
from shared.contracts.content.events import ArticleDrafted, ArticleText
from shared.database import open_engine
from shared.dead_letters import TableDeadLetters
from shared.errors import Invalid, NotFound
from shared.execute import cause_of, execute
from shared.inbox import Fate, due, wait
from shared.log.store import Log
from shared.log.tables import consumer_position, dead_letter
from shared.messaging import doors
from shared.sealed import ERASED, seal, unseal
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until

FAULTS = [
    "consumer.after_receive:kill9@4",
    "append.after_lock:kill9@4",
    "append.after_insert_before_commit:kill9@4",
    "append.after_commit_before_reply:kill9@4",
    "consumer.after_commit_before_ack:kill9@4",
]


@pytest.fixture
def platform(small_world: World) -> Iterator[Platform]:
    """Give a platform of the two toys that has not been started."""
    toys.TRIES.clear()
    made = Platform(small_world.settings, [toys.TellingService, toys.HearingService], toys.LADDER)
    yield made
    made.stop()


def source(platform: Platform) -> Any:
    return platform.runtimes["content"].log


def effects(platform: Platform) -> Any:
    return platform.runtimes["review"].log


def letters(platform: Platform) -> TableDeadLetters:
    runtimes = platform.runtimes.items()
    return TableDeadLetters({n: r.engine for n, r in runtimes}, {n: r.log for n, r in runtimes})


def test_the_doors_of_a_class_can_be_read():
    found = doors(toys.HearingService)
    assert found.subscriptions == {"on_unit": toys.consumers()[0]}
    assert found.timers == {"tick": 0.05}
    assert "echo" in doors(toys.TellingService).operations
    assert found.operations == frozenset()


def test_events_have_their_effects_once_and_in_order(platform: Platform):
    platform.start()
    unit_id = uuid4()
    platform.call("content", "establish", {"body": {"unit_id": str(unit_id)}})
    for n in range(20):
        toys.rename(source(platform), unit_id, f"name {n}")
    wait_until(lambda: len(toys.heard(effects(platform), unit_id)) == 21)
    assert toys.heard(effects(platform), unit_id) == list(range(1, 22))


def test_defaults_are_there_and_timers_go_on_after_a_failure(platform: Platform):
    before = toys.HearingService.ticks
    assert effects(platform).load("default")
    platform.start()
    wait_until(lambda: toys.HearingService.ticks > before + 3)


def test_order_is_kept_while_the_first_event_is_tried_again_and_others_go_on(platform: Platform):
    """F28."""
    platform.start()
    unit_id, other = uuid4(), uuid4()
    toys.establish(source(platform), unit_id, f"late {unit_id}")
    for n in range(3):
        toys.rename(source(platform), unit_id, f"name {n}")
    toys.establish(source(platform), other)
    wait_until(lambda: toys.heard(effects(platform), other) == [1])
    assert toys.heard(effects(platform), unit_id) == []
    wait_until(lambda: len(toys.heard(effects(platform), unit_id)) == 4)
    assert toys.heard(effects(platform), unit_id) == [1, 2, 3, 4]
    with platform.runtimes["review"].engine.connect() as db:
        assert db.execute(select(dead_letter)).all() == []


def test_poison_is_put_aside_shown_replayed_and_dropped(platform: Platform):
    """F32."""
    platform.start()
    never, poison, fine = uuid4(), uuid4(), uuid4()
    toys.establish(source(platform), never, "never")
    toys.establish(source(platform), poison, "poison")
    toys.establish(source(platform), fine)
    wait_until(lambda: toys.heard(effects(platform), fine) == [1])
    given_up, dead = wait_until(lambda: len(found := letters(platform).list()) == 2 and found)
    assert {given_up.attempts, dead.attempts} == {1, 1 + len(toys.LADDER)}
    dead = next(letter for letter in (given_up, dead) if letter.stream == f"unit-{poison}")
    assert dead.reason.startswith("ValueError: cannot be handled | on_unit (")
    assert json.loads(dead.data)["name"] == "poison"
    assert letters(platform).show(toys.CONSUMER, dead.id) == dead
    tries = toys.TRIES["poison"]
    assert letters(platform).replay(toys.CONSUMER, dead.id) == 1
    wait_until(lambda: toys.TRIES["poison"] == tries + 1)
    wait_until(lambda: len(letters(platform).list(toys.CONSUMER)) == 2)
    assert letters(platform).drop(toys.CONSUMER) == 2
    assert letters(platform).list() == []
    with pytest.raises(NotFound):
        letters(platform).show(toys.CONSUMER, dead.id)
    with pytest.raises(NotFound):
        letters(platform).drop(toys.CONSUMER, "no-id")
    with pytest.raises(Invalid):
        letters(platform).replay("nobody.at-all")


def test_who_follows_the_logs_is_told_at_the_start_and_after_each_append(platform: Platform):
    told: list[str] = []
    seen: dict[str, int] = {"content": 0, "review": 0}
    failures = iter([True])

    def follow(log: Log) -> None:
        told.append(log.name)
        if next(failures, False):
            raise OSError("the first time it fails")
        seen[log.name] = log.read(seen[log.name]).checkpoint

    toys.establish(source(platform), uuid4())
    platform.on_events(follow)
    platform.start()
    wait_until(lambda: seen["content"] == source(platform).head() and "review" in told)
    toys.establish(source(platform), uuid4())
    wait_until(lambda: seen["content"] == source(platform).head() == 2)


def test_who_cannot_take_an_event_stays_before_it_and_holds_up_nobody_else(platform: Platform):
    """F44 in one process: the matrix follows the logs as this does."""
    mended = threading.Event()
    seen: list[str] = []
    attempts: list[str] = []

    def follow(log: Log) -> None:
        for recorded in log.read(len(seen)).events if log.name == "content" else ():
            name = recorded.event.name  # type: ignore[attr-defined]
            attempts.append(name)
            if name == "unheard-of" and not mended.is_set():
                raise ValueError("cannot be folded")
            seen.append(name)

    ids = {name: uuid4() for name in ("first", "unheard-of", "last")}
    for name, unit_id in ids.items():
        toys.establish(source(platform), unit_id, name)
    platform.on_events(follow)
    platform.start()
    wait_until(lambda: attempts.count("unheard-of") > 1)
    wait_until(lambda: all(toys.heard(effects(platform), unit_id) for unit_id in ids.values()))
    assert seen == ["first"]
    mended.set()
    wait_until(lambda: seen == list(ids))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_crash_anywhere_loses_nothing_and_repeats_nothing(small_world: World, fault: str):
    units = [uuid4() for _ in range(6)]
    for unit_id in units:
        toys.establish(small_world.log("content"), unit_id)
        toys.rename(small_world.log("content"), unit_id, "Chemistry")
    killed = small_world.start("embedded", FAILPOINTS=fault)
    assert killed.wait(20) == -signal.SIGKILL
    assert len(toys.all_heard(small_world.log("review"))) < 12
    small_world.start("embedded")
    wait_until(lambda: len(toys.all_heard(small_world.log("review"))) >= 12)
    wait_until(lambda: position(small_world) == 12)
    expected = sorted(f"heard-unit-{unit_id}/{version}" for unit_id in units for version in (1, 2))
    assert sorted(toys.all_heard(small_world.log("review"))) == expected
    assert all(toys.heard(small_world.log("review"), unit_id) == [1, 2] for unit_id in units)


def position(world: World) -> int:
    engine = open_engine(world.settings.database_url("review"))
    with engine.connect() as db:
        found = db.execute(select(consumer_position.c.position)).scalar()
    engine.dispose()
    return int(found or 0)


def test_a_message_that_waits_for_its_next_try_survives_a_crash(small_world: World):
    unit_id = uuid4()
    toys.establish(small_world.log("content"), unit_id, "late one")
    killed = small_world.start("embedded", FAILPOINTS="consumer.after_receive:sleep=0")
    wait_until(lambda: waiting(small_world))
    killed.kill()
    killed.wait()
    small_world.start("embedded")
    wait_until(lambda: toys.heard(small_world.log("review"), unit_id) == [1])
    wait_until(lambda: not waiting(small_world))


def test_a_message_put_off_by_a_clock_that_ran_ahead_is_due_when_it_is_set_back(platform: Platform):
    """F16: two hours fast, then right again; the mutant leaves it for two hours, and its stream behind it."""
    unit_id, two_hours = uuid4(), 7200.0
    toys.establish(source(platform), unit_id)
    recorded = source(platform).load(f"unit-{unit_id}")[0]
    review = platform.runtimes["review"].engine
    for delay, expected in ((toys.LADDER[0] + 60, []), (two_hours, [recorded.event_id])):
        wait(review, toys.CONSUMER, recorded, "content", 1, Fate("retry", delay))
        assert [each.event_id for each in due(review, "content", toys.CONSUMER)] == expected


def waiting(world: World) -> list[Any]:
    with world.log("review").engine.connect() as db:
        return list(db.execute(select(dead_letter)).all())


def test_a_naive_dispatcher_that_moves_first_loses_what_it_was_doing(platform: Platform):
    """Mutant: the checkpoint moved before the effect is committed."""
    unit_id = uuid4()
    toys.establish(source(platform), unit_id)
    dispatcher = platform._dispatchers["content"]
    subscriber = dispatcher._subscribers[0]
    subscriber.move("content", source(platform).head())  # moved, and then the process was killed
    platform.start()
    toys.establish(source(platform), other := uuid4())
    wait_until(lambda: toys.heard(effects(platform), other) == [1])
    assert toys.heard(effects(platform), unit_id) == []


def test_nothing_of_a_person_is_readable_in_a_dead_letter_after_erasure(platform: Platform):
    """F59: events hold sealed tokens, and so do the copies of them."""
    keys, person, canary = platform.runtimes["content"].keys, uuid4(), "张三丰 13800138000"
    text = ArticleText(
        title="t",
        body="b",
        originality="original",
        source_url=None,
        tags=(),
        topic=None,
        series=None,
        event_ended_at=None,
        asset_ids=(),
    )
    drafted = ArticleDrafted(
        article_id=uuid4(),
        unit_id=uuid4(),
        kind="news",
        author_id=person,
        byline=seal(keys, person, "byline", canary),
        text=text,
    )
    execute(source(platform), f"article-{drafted.article_id}", toys.TELLING, drafted, cause_of("test"))
    recorded = source(platform).load(f"article-{drafted.article_id}")[0]
    wait(platform.runtimes["review"].engine, toys.CONSUMER, recorded, "content", 1, Fate("dead", reason="x"))
    keys.erase(person)
    letter = letters(platform).list()[0]
    assert canary not in repr(letter)
    assert unseal(keys, json.loads(letter.data)["byline"], "byline") == ERASED
