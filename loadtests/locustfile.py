"""Locust's users and shape of a live event; started by ``python -m loadtests.live`` (``make load``), not by hand.

One user is one viewer's life: Locust spawns users as the shape says, the model is open (who comes does not depend on
how fast the platform is), and a viewer who has left is not replaced. Each process plays its share of the event.
"""

import os
import random
import resource
import time
from collections import deque
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import LoadTestShape, User, events, task

from loadtests.live.crowd import Crowd, Viewer
from loadtests.live.desk import Desk
from loadtests.live.plan import STREAMS_PER_KEY, VARIABLE, read_plan
from loadtests.live.records import OK, Done, Records
from loadtests.live.shapes import shape_of

AHEAD_S = 2.0  # users are spawned before their moment, and wait for it
HOME = 1e6

PLAN = read_plan(os.environ[VARIABLE])
ROLE = os.environ["LOAD_ROLE"]  # "desk", or "crowd-N"
FOLDER = Path(PLAN.folder)
SHAPE = shape_of(PLAN.shape, PLAN.viewers, PLAN.seed, **(PLAN.options or {}))


def begin() -> float:
    """Say that this process is there, and return when the run starts (monotonic seconds)."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    (FOLDER / f"{ROLE}.ready").touch()
    while not (FOLDER / "begin").exists():
        time.sleep(0.02)
    return float((FOLDER / "begin").read_text())


def tell(done: Done) -> None:
    """Let Locust's own summary know."""
    failure = None if done.outcome in (OK, "delayed") else OSError(done.outcome)
    ENVIRONMENT[0].events.request.fire(
        request_type="LOAD", name=done.kind, response_time=done.raw_ms, response_length=0, exception=failure
    )


ENVIRONMENT: list[Any] = []
RECORDS = Records(begin(), tell)


@events.init.add_listener
def remember(environment: Any, **_: Any) -> None:
    """Keep Locust's environment for ``tell``."""
    ENVIRONMENT.append(environment)


@events.quitting.add_listener
def keep(**_: Any) -> None:
    """Write down what was noted."""
    RECORDS.write(FOLDER, ROLE)


if ROLE == "desk":
    DESK = Desk(PLAN, SHAPE, RECORDS)
    COMING: list[Any] = []

    class Probe(User):
        """Appends at a fixed pace."""

        fixed_count = 1

        @task
        def work(self) -> None:
            """Probe to the end."""
            DESK.probe()
            gevent.sleep(HOME)

    class Witness(User):
        """Hears everything."""

        fixed_count = 1

        @task
        def work(self) -> None:
            """Listen to the end."""
            DESK.watch()
            gevent.sleep(HOME)

    class Editor(User):
        """Makes news."""

        fixed_count = SHAPE.editors
        numbers: ClassVar = iter(range(SHAPE.editors))

        @task
        def work(self) -> None:
            """Edit to the end."""
            DESK.edit(next(self.numbers))
            gevent.sleep(HOME)

else:
    SHARE = int(ROLE.partition("-")[2])
    COMING = SHAPE.arrivals()[SHARE :: PLAN.crowds]
    KEYS = PLAN.keys[SHARE :: PLAN.crowds] or PLAN.keys
    CROWD = Crowd(PLAN, SHAPE, RECORDS, deque(KEYS * STREAMS_PER_KEY))
    LIVES = iter(COMING)
    CHANCE = random.Random(f"{PLAN.seed}/{ROLE}")

    class Spectator(User):
        """One viewer's life. Who has left stays at home: Locust would let another come in his place."""

        @task
        def live(self) -> None:
            """Come, watch, leave."""
            arrival = next(LIVES, None)
            if arrival is not None:
                Viewer(CROWD, arrival, random.Random(CHANCE.random())).live()
            gevent.sleep(HOME)

    @events.test_start.add_listener
    def watch(**_: Any) -> None:
        """Watch the crowd beside it."""
        gevent.spawn(CROWD.watch)


class Event(LoadTestShape):
    """As many users as have come so far."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many came, and to spawn all who are missing at once; None at the end."""
        now = RECORDS.now() / 1e6
        if now > SHAPE.ends_at + 1:
            return None
        wanted = sum(each.at <= now + AHEAD_S for each in COMING) if COMING else 2 + SHAPE.editors
        return max(1, wanted), max(1, wanted)
