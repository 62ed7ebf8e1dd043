"""Rebuilding a read model beside COPY of the same events, and the memory it takes beside that with an empty log.

Before each rebuild one live row is wrong, so that the rows are replaced too. The peer's events are in memory; it copies
them into a table with the log's indexes, decodes and folds nothing. The ten-fold log is rebuilt by ``matrix rebuild``.
"""

import io
import re
import sys
import time
from dataclasses import replace
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
from shared.projector import Projector

_SAID = re.compile(r"(\d+) events, \d+ rows in ([\d.]+) s; it differed")


def rebuilding(world: World) -> list[Comparison]:
    """Return events per second, and mebibytes of the process at its peak."""
    owner = open_engine(world.settings.owner_url("content"))
    projector, copied = Projector(open_log("content", owner), VIEWS), _Copied(owner)
    projector.catch_up()
    speed = compare(
        "rebuild", f"rebuild from {world.events:,} events", "COPY of the same events", "events/s",
        lambda: _rebuild(world, projector, owner), lambda: copied.sample(world),
    )  # fmt: skip
    owner.dispose()
    rate, large = _command(world.large, world.large_environment)
    own = [_command(world.settings, world.environment)[1] for _ in range(2)]
    nothing = [peak_mib([*_REBUILD, "training"], world.environment)[0] for _ in range(2)]
    memory = Comparison(
        name="rebuild-memory", what=f"rebuild from {world.events:,} events, memory", peer="the same with no events",
        unit="MiB at the peak", cost=True, ours=_samples(*own), theirs=_samples(*nothing), ten=_samples(large),
    )  # fmt: skip
    return [replace(speed, ten=_samples(rate)), memory]


_REBUILD = (sys.executable, "-m", "infra.cli", "rebuild")


def _samples(*values: float) -> tuple[Sample, ...]:
    return tuple(map(Sample, values))


def _rebuild(world: World, projector: Projector, owner: Engine) -> Sample:
    _spoil(owner)
    pids = family(world.database_pid)
    used, own = cpu_s(pids), time.process_time()
    done = projector.rebuild()
    assert not done.equal
    used = cpu_s(pids) - used + time.process_time() - own
    return Sample(done.events / done.seconds, used * 1e6 / done.events)


def _command(settings: Settings, environment: dict[str, str]) -> tuple[float, float]:
    """Run the command; return events per second and mebibytes at its peak."""
    owner = open_engine(settings.owner_url("content"))
    Projector(open_log("content", owner), VIEWS).catch_up()
    _spoil(owner)
    owner.dispose()
    peak, said = peak_mib([*_REBUILD, "content"], environment)
    found = _SAID.search(said)
    assert found, said
    return int(found[1]) / float(found[2]), peak


def _spoil(owner: Engine) -> None:
    with writing(owner) as db:
        db.execute(text("update article set title = '' where article_id = (select article_id from article limit 1)"))


class _Copied:
    """The log's events as COPY reads them, and a table to copy them to."""

    def __init__(self, owner: Engine) -> None:
        self._owner, out = owner, io.StringIO()
        with writing(owner) as db:
            db.execute(text("create table bench_copy (like event including all)"))
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
