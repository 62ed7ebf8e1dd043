"""Rebuilding a read model beside COPY of the same events, and the memory it takes beside that with an empty log.

Before each rebuild one live row is wrong, so that the rows are replaced too. The peer's events are in memory; it copies
them into a table with the log's indexes, decodes and folds nothing. Memory is that of ``matrix rebuild``.
"""

import io
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text

from loadtests.cpu import cpu_s, family
from loadtests.memory import peak_mib
from loadtests.peers import Comparison, Sample, compare
from loadtests.world import World
from services.content.projections import VIEWS
from shared.config import Settings
from shared.database import open_engine, writing
from shared.log import open_log
from shared.projector import Projector, Rebuilt

REBUILD = (sys.executable, "-m", "infra.cli", "rebuild")


def rebuilding(world: World) -> list[Comparison]:
    """Return events per second, and mebibytes of the process at its peak."""
    with closing(_content(world.settings, world)) as once, closing(_content(world.large, world)) as ten:
        copied = Copied(once.owner)
        what = f"rebuild from {world.events:,} events"
        speed = compare(
            "rebuild", what, "COPY of the same events", "events/s", once.sample, lambda: copied.sample(world),
            ten=ten.sample,
        )  # fmt: skip
        return [speed, memory("rebuild-memory", what, "the same with no events", once, ten, world)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A read model that is up to date with its log; ``wrong`` is a statement that makes a row of it wrong."""

    name: str
    owner: Engine
    database_pid: int
    wrong: str
    rebuild: Callable[[], Rebuilt]

    def sample(self) -> Sample:
        self._spoil()
        pids = family(self.database_pid)
        used, own = cpu_s(pids), time.process_time()
        done = self.rebuild()
        assert not done.equal
        used = cpu_s(pids) - used + time.process_time() - own
        return Sample(done.events / done.seconds, used * 1e6 / done.events)

    def peak(self, environment: dict[str, str]) -> Sample:
        self._spoil()
        return _peak(self.name, environment)

    def close(self) -> None:
        self.owner.dispose()

    def _spoil(self) -> None:
        with writing(self.owner) as db:
            db.execute(text(self.wrong))


def memory(name: str, what: str, peer: str, once: Model, ten: Model, world: World) -> Comparison:
    """Return mebibytes of `matrix rebuild` at its peak, beside a service's that has no events."""
    return Comparison(
        name=name, what=f"{what}, memory", peer=peer, unit="MiB at the peak", cost=True,
        ours=tuple(once.peak(world.environment) for _ in range(2)),
        theirs=tuple(_peak("training", world.environment) for _ in range(2)),
        ten=(ten.peak(world.large_environment),),
    )  # fmt: skip


def _content(settings: Settings, world: World) -> Model:
    owner = open_engine(settings.owner_url("content"))
    projector = Projector(open_log("content", owner), VIEWS)
    projector.catch_up()
    return Model(
        name="content", owner=owner, database_pid=world.database_pid, rebuild=projector.rebuild,
        wrong="update article set title = '' where article_id = (select article_id from article limit 1)",
    )  # fmt: skip


def _peak(service: str, environment: dict[str, str]) -> Sample:
    return Sample(peak_mib([*REBUILD, service], environment)[0])


class Copied:
    """The log's events as COPY reads them, and a table to copy them to."""

    def __init__(self, owner: Engine) -> None:
        self._owner, out = owner, io.StringIO()
        with writing(owner) as db:
            db.execute(text("create table if not exists bench_copy (like event including all)"))
            self.events = int(db.execute(text("select count(*) from event")).scalar_one())
        self._run("copy event to stdout", out)
        self._rows = out.getvalue()

    def sample(self, world: World) -> Sample:
        with writing(self._owner) as db:
            db.execute(text("truncate bench_copy"))
        pids = family(world.database_pid)
        used, own, started = cpu_s(pids), time.process_time(), time.perf_counter()
        self._run("copy bench_copy from stdin", io.StringIO(self._rows))
        seconds = time.perf_counter() - started
        used = cpu_s(pids) - used + time.process_time() - own
        return Sample(self.events / seconds, used * 1e6 / self.events)

    def _run(self, statement: str, file: io.StringIO) -> None:
        connection = self._owner.raw_connection()
        cursor: Any = connection.cursor()
        cursor.copy_expert(statement, file)
        connection.commit()
        connection.close()
