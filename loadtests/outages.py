"""What a fault costs: appends while a relay is dead or the broker restarts, and how long the relay then catches up.

Appends are due at a steady rate, whatever becomes of the earlier ones, and count if they are answered soon after they
were due: who stands still during an outage does not win it back by hurrying afterwards. The peer is the same load with
no fault. They go straight into the log, as a service's do; what a caller asks by RPC waits for the broker.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from infra.servers.ports import wait_until
from loadtests.peers import ROUNDS, Comparison, Sample
from loadtests.processes import matrix
from loadtests.visible import start_at
from loadtests.world import World
from loadtests.writers import KINDS, STREAM, Write, connect
from shared import topology
from shared.config import Settings
from shared.contracts.consumers import CONSUMERS
from shared.ids import new_id

WRITERS, RATE = 2, 250  # appends a second, of each writer
BEFORE_S, OUTAGE_S = 0.5, 5.0
SOON_S = 0.25  # a relay that has nothing to catch up with is never so late: its checkpoint moves every 0.2 s
PATIENCE_S = 60.0
Fault = Callable[[], None]
Begin = Callable[[float], Callable[[], list[float]]]


@dataclass(frozen=True, slots=True)
class Course:
    """How it went: appends per second answered soon; seconds of outage, and from its end until caught up."""

    rate: Sample
    outage: Sample
    drain: Sample


def outages(world: World) -> list[Comparison]:
    """Return appends per second beside those without a fault, and seconds to catch up beside the outage's."""
    topology.declare(world.settings.amqp_url, CONSUMERS)
    rabbit = world.servers.rabbit
    with _writers(world.settings) as begin, closing(connect(world.settings)) as database, ExitStack() as stack:
        progress = Progress(database.cursor())
        start_at(world.settings, progress.head())
        leader = stack.enter_context(matrix(world.environment, "relay", "content"))
        progress.wait_until_caught_up()

        def relay_dies() -> None:
            nonlocal leader
            leader.kill()
            time.sleep(OUTAGE_S)
            leader = stack.enter_context(matrix(world.environment, "relay", "content"))

        def broker_restarts() -> None:
            rabbit.stop(at_once=True)
            rabbit.start()

        faults: dict[str, Fault] = {
            "none": lambda: time.sleep(OUTAGE_S),
            "relay": relay_dies,
            "broker": broker_restarts,
        }
        orders = [list(faults), list(reversed(faults))]  # in turns, so that no fault has the better moments
        order = [name for nth in range(ROUNDS) for name in orders[nth % 2]]
        courses = [(name, _course(faults[name], begin, progress)) for name in order]
    found = {name: [course for whose, course in courses if whose == name] for name in faults}
    assert all(course.rate.value for course in found["none"]), "too busy a machine: no append is soon, with no fault"
    return [
        *_rows("relay", "a relay killed, back after 5 s", found["relay"], found["none"]),
        *_rows("broker", "the broker killed, started anew", found["broker"], found["none"]),
    ]


def _rows(name: str, fault: str, ours: Sequence[Course], steady: Sequence[Course]) -> list[Comparison]:
    return [
        Comparison(
            name=f"outage-{name}", what=f"append, {WRITERS * RATE}/s asked, {fault}", peer="the same with no fault",
            unit="events/s", ours=tuple(each.rate for each in ours), theirs=tuple(each.rate for each in steady),
        ),
        Comparison(
            name=f"drain-{name}", what=f"{fault}, until the relay caught up", peer="the outage", unit="s", cost=True,
            ours=tuple(each.drain for each in ours), theirs=tuple(each.outage for each in ours),
        ),
    ]  # fmt: skip


def _course(fault: Fault, begin: Begin, progress: "Progress") -> Course:
    """Let the writers write until the relay has caught up; what they do is counted from the fault on."""
    start = time.time()
    end = begin(start)
    time.sleep(max(0.0, start + BEFORE_S - time.time()))
    failed = time.perf_counter()
    fault()
    back = time.perf_counter()
    progress.wait_until_caught_up()
    caught_up = time.perf_counter()
    return Course(Sample(soon(end()) / (caught_up - failed)), Sample(back - failed), Sample(caught_up - back))


def soon(late_s: Sequence[float]) -> int:
    """Return how many of the appends were answered at most ``SOON_S`` seconds after they were due."""
    return sum(late <= SOON_S for late in late_s)


class Progress:
    """How far the relay is with the log, asked by the bare driver so as not to take the appends' time."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def wait_until_caught_up(self) -> None:
        """Return once what is appended is published within ``SOON_S`` seconds, while appends go on."""
        since = float("-inf")
        while time.perf_counter() - since > SOON_S:
            since, head = time.perf_counter(), self.head()
            assert wait_until(lambda at=head: self._published() >= at, PATIENCE_S), "the relay does not catch up"  # type: ignore[misc]

    def head(self) -> int:
        """Return the last event's position."""
        return self._ask("select coalesce(max(position), 0) from event")

    def _published(self) -> int:
        return self._ask("select coalesce(max(position), 0) from relay")

    def _ask(self, question: str) -> int:
        self._cursor.execute(question)
        return int(self._cursor.fetchone()[0])


@contextmanager
def _writers(settings: Settings) -> Iterator[Begin]:
    """Give what lets the writers begin at a moment, and gives what ends them and tells how late each append was."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in range(WRITERS)]
    processes = [spawn.Process(target=_work, args=(settings, theirs), daemon=True) for _, theirs in pipes]
    for process, (_, theirs) in zip(processes, pipes, strict=True):
        process.start()
        theirs.close()  # so that the end of a writer is the end of its pipe
    for pipe, _ in pipes:
        pipe.recv()  # it is ready

    def tell(what: float | None) -> None:
        for pipe, _ in pipes:
            pipe.send(what)

    def begin(at: float) -> Callable[[], list[float]]:
        def end() -> list[float]:
            tell(None)
            return [late for pipe, _ in pipes for late in pipe.recv()]

        tell(at)
        return end

    yield begin
    tell(None)
    for process in processes:
        process.join()


def _work(settings: Settings, pipe: Connection) -> None:
    """Write from the moment told until told to end, as often as told."""
    write = KINDS["ours"](settings)
    pipe.send(None)
    while (begin := pipe.recv()) is not None:
        late = steadily(write, begin, pipe.poll)
        pipe.recv()
        pipe.send(late)


def steadily(
    write: Write, begin: float, ended: Callable[[float], bool], now: Callable[[], float] = time.time
) -> list[float]:
    """Write at ``RATE`` until ``ended``, which waits so many seconds; return how late each was that counts, in seconds.

    Late writes are made up for, and what is late is told from when it was due, not from when its turn came.
    """
    stream, number, late = "", 0, []
    while not ended(max(0.0, (due := begin + number / RATE) - now())):
        if number % STREAM == 0:
            stream = f"unit-{new_id()}"
        write(stream, number % STREAM)
        if number >= RATE * BEFORE_S:
            late.append(now() - due)
        number += 1
    return late
