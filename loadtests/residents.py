"""What the processes that run for weeks hold in memory, beside one that only loads libraries and connects.

They are at work: each event appended is published, and folded into the matrix and into the service's read model. Ten
times the data: the log is so much longer. None may hold more for it.
"""

from contextlib import ExitStack
from dataclasses import replace

from sqlalchemy import Engine, text

from infra.servers.ports import wait_until
from loadtests.history import PUBLISHED
from loadtests.memory import high_water_mib, peak_mib
from loadtests.peers import Comparison, Sample
from loadtests.processes import matrix
from loadtests.readiness import bare
from loadtests.visible import purge, start_at
from loadtests.world import World
from shared import topology
from shared.config import Settings
from shared.contracts.consumers import CONSUMERS
from shared.database import open_engine, reading
from shared.execute import cause_of
from shared.ids import new_id
from shared.log import open_log

EVENTS, ROUNDS = 500, 2  # a peak is the same to a few hundredths each time
PATIENCE_S = 60.0
COMMANDS = {"relay": ("relay", "content"), "projector": ("project",), "service": ("serve", "content")}
MATRIX, VIEWS = "select position from feed where source = 'content'", "select position from projection_checkpoint"


def residents(world: World) -> list[Comparison]:
    """Return mebibytes at the peak: of a relay, the projector and a service."""
    topology.declare(world.settings.amqp_url, CONSUMERS)
    small, large, nothing = list[dict[str, Sample]](), list[dict[str, Sample]](), list[Sample]()
    for _ in range(ROUNDS):
        small.append(_peaks(world.settings, world.environment))
        nothing.append(Sample(peak_mib(*bare(world))[0]))
        large.append(_peaks(world.large, world.large_environment))
    return [
        Comparison(
            name=f"memory-{name}", what=f"a {name} at work, memory", peer="loading libraries and connecting",
            unit="MiB at the peak", cost=True, ours=tuple(each[name] for each in small), theirs=tuple(nothing),
            ten=tuple(each[name] for each in large),
        )
        for name in COMMANDS
    ]  # fmt: skip


def _peaks(settings: Settings, environment: dict[str, str]) -> dict[str, Sample]:
    """Return each process's peak once all have seen what was appended since they started."""
    content, gateway = (open_engine(settings.database_url(owner)) for owner in ("content", "gateway"))
    log = open_log("content", content)
    start_at(settings, log.head())
    for queue in CONSUMERS:
        purge(settings, queue.name)
    with ExitStack() as stack:
        running = {name: stack.enter_context(matrix(environment, *words)) for name, words in COMMANDS.items()}
        for engine in (content, gateway):
            stack.callback(engine.dispose)
        for _ in range(EVENTS):
            article = new_id()
            event = replace(PUBLISHED, article_id=article, publication_id=new_id())
            last = log.append(f"article-{article}", [event], expected_version=0, cause=cause_of("bench")).position
        for engine, question in ((gateway, MATRIX), (content, VIEWS)):
            assert wait_until(lambda e=engine, q=question: _position(e, q) >= last, PATIENCE_S), question  # type: ignore[misc]
        return {name: Sample(high_water_mib(process.pid)) for name, process in running.items()}


def _position(engine: Engine, question: str) -> int:
    with reading(engine) as db:
        return int(db.execute(text(question)).scalar() or 0)
