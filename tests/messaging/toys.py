"""Two small services for the tests of the bus: one tells of units, the other notes what it heard."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import MetaData

from shared import errors
from shared.contracts.consumers import Consumer, consumer
from shared.contracts.content.events import ArticleSubmissionRetracted, UnitEstablished, UnitRenamed
from shared.events import Event, Recorded
from shared.execute import cause_of, execute
from shared.messaging import Provide, every, rpc, subscribe
from shared.projector import Projection
from shared.runtime import inbox_cause

CONSUMER = os.environ.get("TOY_CONSUMER", "review.on-unit")
LADDER = (0.1, 0.2, 0.3, 0.4)
SINCE = date(2021, 1, 1)


def nothing(*_: Any) -> None:
    """Project nothing."""


VIEWS = Projection("toy", MetaData(), nothing)


class Telling:
    """A decider that records what it is told to."""

    def initial(self) -> tuple[Event, ...]:
        return ()

    def evolve(self, state: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
        return (*state, event)

    def decide(self, state: tuple[Event, ...], command: Event) -> Sequence[Event]:
        return [command]


TELLING = Telling()


def establish(log: Any, unit_id: UUID, name: str = "Physics") -> None:
    """Record a unit."""
    told = UnitEstablished(unit_id=unit_id, name=name, kind="college", parent_id=None, since=SINCE)
    execute(log, f"unit-{unit_id}", TELLING, told, cause_of("test"))


def rename(log: Any, unit_id: UUID, name: str) -> None:
    """Record a unit's new name."""
    execute(log, f"unit-{unit_id}", TELLING, UnitRenamed(unit_id=unit_id, name=name, since=SINCE), cause_of("test"))


def consumers(name: str = CONSUMER) -> list[Consumer]:
    """Return who listens to the toys."""
    return [consumer(name, UnitEstablished, UnitRenamed)]


class TellingService:
    """Answers requests."""

    name = "content"
    runtime = Provide(VIEWS)

    @rpc
    def echo(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"heard": request["body"]}

    @rpc
    def establish(self, request: dict[str, Any]) -> dict[str, Any]:
        establish(self.runtime.log, UUID(request["body"]["unit_id"]), request["body"].get("name", "Physics"))
        return {"id": request["body"]["unit_id"]}

    @rpc
    def refuse(self, request: dict[str, Any]) -> dict[str, Any]:
        raise errors.BY_NAME[request["body"]["error"]]("toy.refused", "as asked", {"name": ["too long"]})

    @rpc
    def break_down(self, request: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("a mistake of ours")

    @rpc
    def answer_a_set(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"set": {1, 2}}

    @rpc
    def sleep(self, request: dict[str, Any]) -> dict[str, Any]:
        time.sleep(request["body"]["seconds"])
        return {}

    @rpc
    def query_slowly(self, request: dict[str, Any]) -> dict[str, Any]:
        with self.runtime.engine.connect() as db:
            db.exec_driver_sql(f"select pg_sleep({request['body']['seconds']})")
        return {}

    @rpc
    def hold_everything_up(self, request: dict[str, Any]) -> dict[str, Any]:
        from eventlet.patcher import original

        original("time").sleep(request["body"]["seconds"])
        return {}


TRIES: Counter[str] = Counter()


class HearingService:
    """Notes each event it hears in a stream of its own. A unit's name says how the handling ends."""

    name = "review"
    runtime = Provide(VIEWS)
    ticks = 0

    def ensure_defaults(self) -> None:
        """Record the one unit everything starts with."""
        if not self.runtime.log.load("default"):
            told = UnitEstablished(unit_id=UUID(int=0), name="x", kind="office", parent_id=None, since=SINCE)
            execute(self.runtime.log, "default", TELLING, told, cause_of("start"))

    @subscribe(CONSUMER, UnitEstablished, UnitRenamed)
    def on_unit(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, UnitEstablished | UnitRenamed)
        TRIES[f"{event.name}"] += 1
        structlog.get_logger().info("toy.heard", name=event.name, version=recorded.version)
        if event.name == "poison":
            raise ValueError("cannot be handled")
        if event.name == "never":
            raise errors.Unavailable("toy.not_there", "it is not there yet")
        if event.name.startswith("late") and TRIES[event.name] < 3:
            raise errors.Unavailable("toy.not_there", "it is not there yet")
        if event.name.startswith("slow"):
            time.sleep(float(event.name.split()[1]))
        heard = ArticleSubmissionRetracted(
            article_id=event.unit_id, unit_id=event.unit_id, revision=recorded.version, by=event.unit_id, reason=""
        )
        execute(self.runtime.log, f"heard-{recorded.stream}", TELLING, heard, inbox_cause(CONSUMER, recorded))

    @every(0.05)
    def tick(self) -> None:
        HearingService.ticks += 1
        if HearingService.ticks == 1:
            raise RuntimeError("a tick that fails")
        if HearingService.ticks == 3:
            structlog.get_logger().info("toy.ticked")


def heard(log: Any, unit_id: UUID) -> list[int]:
    """Return the versions of the unit's events in the order in which they were handled."""
    return [recorded.event.revision for recorded in log.load(f"heard-unit-{unit_id}")]


def all_heard(log: Any) -> list[str]:
    """Return ``stream/version`` of everything handled so far."""
    page = log.read(0, 100_000)
    return [f"{r.stream}/{r.event.revision}" for r in page.events if r.stream.startswith("heard-")]
