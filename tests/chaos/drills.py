"""Backup and restore, carried out: copies made while people write, brought back, and judged like a run."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from infra.servers import Servers
from infra.servers.ports import wait_until
from infra.servers.postgres import ServerFailed
from infra.supervisor import COMMANDS
from tests.chaos import checker
from tests.chaos.clients import Office
from tests.chaos.facts import Facts, read_facts, still_readable
from tests.chaos.history import History
from tests.chaos.stage import EMBEDDED, Stage, give

POINT = "drill"
CALM_S, RECOVERY_S = 120.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy made by ``matrix backup``; distributed also PostgreSQL's files, and when its restore point was set."""

    folder: Path
    files: Path | None = None
    at: float = 0.0


def copy(stage: Stage, history: History) -> Copy:
    """Copy the platform while people write. Raises: RuntimeError: a copy was not made."""
    folder = stage.folder / "copy"
    files = None
    if stage.servers is not None:
        files = _base(stage.servers, stage.folder)
    if (done := stage.matrix("backup", str(folder))).returncode:
        raise RuntimeError(done.stderr)
    at = history.now()
    if stage.servers is not None:
        stage.servers.postgres.psql("postgres", "--command", f"select pg_create_restore_point('{POINT}')")
    return Copy(folder=folder, files=files, at=at)


def bring_back(stage: Stage, office: Office, made: Copy, history: History) -> list[str]:
    """Bring each copy back and let the platform run on it; return what is not as it should be."""
    found = []
    before = read_facts(stage)
    for name in list(stage.running):
        stage.kill(name)
    if stage.mode == EMBEDDED:
        stage.env = {**stage.env, "DATA": str(stage.folder / "restored")}
        return list(_run_on(stage, office, history, "restore", str(made.folder)))
    assert stage.servers is not None and made.files is not None
    _recover(stage.servers, made.files, stage.folder / "archive")
    _forget_queues(stage.servers)
    found += [f"point in time: {line}" for line in _run_on(stage, office, history, "resend")]
    found += [f"point in time: {line}" for line in _prefix(stage, office, before, history, made.at)]
    for name in list(stage.running):
        stage.kill(name)
    _forget_queues(stage.servers)
    return found + [f"dump: {line}" for line in _run_on(stage, office, history, "restore", str(made.folder))]


def _run_on(stage: Stage, office: Office, history: History, *command: str) -> Iterator[str]:
    """Do what a restore needs, start the platform, wait until it has caught up; yield what is not right."""
    done = stage.matrix(*command)
    if done.returncode:
        yield f"matrix {' '.join(command)}: {done.stderr[-500:]}"
    stage.sent.copies.clear()
    for name in COMMANDS if stage.mode != EMBEDDED else ("run",):
        stage.start(name)
    stage.wait_until_ready()

    def calm() -> bool:
        """Nothing is left to do, nor by imports, which go on where they were."""
        return not office.imports_unfinished(history) and checker.left_to_do(read_facts(stage)) == 0

    if not wait_until(calm, CALM_S):
        yield "not everything was handled"
    facts = read_facts(stage)
    verdict = checker.judge_effects(stage, facts)
    yield from (*verdict.lost, *verdict.doubled, *verdict.reordered, *verdict.unexpected)
    yield from checker.questions(stage)
    yield from checker.passed_over(facts, read_facts(stage))
    yield from still_readable(stage)
    yield from office.names_shown()


def _prefix(stage: Stage, office: Office, before: Facts, history: History, at: float) -> Iterator[str]:
    """Yield what does not follow from the point in time: other events than before, or acknowledged ones missing."""
    after = read_facts(stage)
    for service, log in before.logs.items():
        ids = {event.event_id for event in log}
        goes_on = f"followers-{office.imported}"  # rows that were still to be imported then
        asked = [event for event in after.logs[service] if event.caused_by is None and event.stream != goes_on]
        theirs = {event.event_id for event in asked if not event.type.endswith(".person.erased.v1")}  # erased again
        if strangers := theirs - ids:
            yield f"{service} has {len(strangers)} events that it never had"
    early = History()
    early.operations = [one for one in history.operations if one.outcome == "ok" and one.ended < at]
    yield from checker.operations_lost(early, after)


def _base(servers: Servers, folder: Path) -> Path:
    """Return a copy of PostgreSQL's files, made by pg_basebackup while it runs."""
    files = folder / "base"
    for place in (files, folder / "space"):
        place.mkdir(mode=0o700)
        give(place)
    url = servers.postgres.url("").replace("+psycopg2", "").rstrip("/")
    servers.postgres.run("pg_basebackup", f"--dbname={url}", f"--pgdata={files}", "--checkpoint=fast",
                         "--wal-method=none", "--no-sync",
                         f"--tablespace-mapping={folder}/disk/space={folder}/space")  # fmt: skip
    return files


def _recover(servers: Servers, files: Path, archived: Path) -> None:
    """Let PostgreSQL come up on the copied files as of the restore point. Raises: RuntimeError: it does not."""
    with create_engine(servers.postgres.url(), isolation_level="AUTOCOMMIT").connect() as db:
        db.execute(text("select pg_switch_wal()"))
    time.sleep(1.0)  # the last segment is archived
    come_up(servers, files, archived, f"recovery_target_name = '{POINT}'", "archive_mode = 'off'")


def come_up(servers: Servers, files: Path, archived: Path, *settings: str) -> None:
    """Let PostgreSQL come up on copied files, with what was archived since, until where the settings say.

    Raises:
        RuntimeError: it does not.
    """
    data = Path(str(_asked(servers, "show data_directory")))
    servers.postgres.stop()
    shutil.rmtree(data)
    subprocess.run(["cp", "-a", str(files), str(data)], check=True)
    told = (f'restore_command = \'cp "{archived}/%f" "%p"\'', *settings, "recovery_target_action = 'promote'")
    with (data / "postgresql.auto.conf").open("a") as kept:
        kept.write("".join(f"{line}\n" for line in told))
    (data / "recovery.signal").touch()
    give(data / "recovery.signal")
    with suppress(ServerFailed):  # it is up, and while it recovers no role can be made
        servers.postgres.start()
    if not wait_until(lambda: not _asked(servers, "select pg_is_in_recovery()"), RECOVERY_S):
        raise RuntimeError("PostgreSQL does not come to the moment it was told")


def _asked(servers: Servers, question: str) -> Any:
    with create_engine(servers.postgres.url()).connect() as db:
        return db.execute(text(question)).scalar_one()


def _forget_queues(servers: Servers) -> None:
    """Let the broker begin with nothing."""
    servers.rabbit.stop(at_once=True)
    shutil.rmtree(servers.folder / "rabbitmq" / "data", ignore_errors=True)
    servers.rabbit.start()
