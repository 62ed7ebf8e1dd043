"""Backup and restore: a consistent copy of each database, and of the files, while writing goes on."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, select, tuple_, update
from sqlalchemy.engine import make_url

from gateway.matrix.tables import feed
from infra import erasures
from infra.credentials import OWNERS
from infra.erase import erase_again
from shared.blobs import Blobs, LocalBlobs, open_blobs
from shared.config import BadSetting, Settings
from shared.contracts import SERVICES
from shared.database import open_engine, reading, writing
from shared.errors import NotFound
from shared.log import open_log
from shared.log.tables import consumer_position, event, inbox, relay
from shared.migrations import migrate

MANIFEST = "backup.json"
# Who reads is copied before whom it reads: what it lacks it reads again, and it knows of nothing that is not there.
ORDER = ("gateway", "metrics", "training", "review", "content", "media")
PAGE = 1000
FILES = "media/"  # every file's key begins with it


def back_up(settings: Settings, folder: Path) -> Iterator[str]:
    """Copy every database, then the files, to a new folder; yield a line for each.

    Files are copied last: an event's file was stored before the event, so no event in the copy lacks its file. After
    them the ledger of erasures, which names who was erased while the databases were copied.

    Raises:
        BadSetting: the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadSetting(f"{folder} is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for owner in ORDER:
        if settings.mode == "embedded":
            _copy_sqlite(settings.data / f"{owner}.db", folder / f"{owner}.db")
        else:
            _dump(settings, owner, folder / f"{owner}.dump")
        yield f"{owner}: copied"
    files, copy = open_blobs(settings), LocalBlobs(folder / "blobs")
    yield f"files: {_copy_files(files, copy)} copied"
    erasures.keep(files)
    _copy_files(files, copy, erasures.FOLDER)
    if settings.mode == "embedded" and (settings.data / "secret.key").exists():
        shutil.copy2(settings.data / "secret.key", folder / "secret.key")
        yield "secret.key: copied; who holds it and the databases can read personal data, keep them apart"
    about = {"made_at": datetime.now(UTC).isoformat(), "mode": settings.mode, "files": settings.blobs}
    (folder / MANIFEST).write_text(json.dumps(about))


def bring_back(settings: Settings, folder: Path, *, without_ledger: bool = False) -> Iterator[str]:
    """Bring a backup back and erase again who was erased since; yield a line for each part.

    The ledger of erasures is that of the platform: among its files, or where they were when the copy was made.
    ``without_ledger`` does without: only who was erased before the copy stays erased.

    Raises:
        BadSetting: the folder is no backup of this mode, the data directory holds something already, or the ledger is
            not there. Nothing was brought back.
    """
    about = json.loads((folder / MANIFEST).read_text()) if (folder / MANIFEST).exists() else {}
    if about.get("mode") != settings.mode:
        raise BadSetting(f"{folder} is no backup of the {settings.mode} platform")
    if settings.mode == "embedded" and list(settings.data.glob("*.db")):
        raise BadSetting(f"{settings.data} holds a platform already; restore into an empty DATA=")
    settings.data.mkdir(parents=True, exist_ok=True)
    _bring_ledger(settings, LocalBlobs(folder / "blobs"), about.get("files", settings.blobs), without_ledger)
    for owner in OWNERS:
        if settings.mode == "embedded":
            shutil.copy2(folder / f"{owner}.db", settings.data / f"{owner}.db")
        else:
            _restore(settings, owner, folder / f"{owner}.dump")
        yield f"{owner}: restored"
    yield f"files: {_copy_files(LocalBlobs(folder / 'blobs'), open_blobs(settings))} restored"
    if (folder / "secret.key").exists():
        shutil.copy2(folder / "secret.key", settings.data / "secret.key")
        yield "secret.key: restored"
    for owner in OWNERS:
        migrate(owner, settings.owner_url(owner))  # a copy made by older code: what follows works on the newest tables
    yield from read_again(settings)
    yield from erase_again(settings)
    yield "now: matrix verify, then matrix rebuild"


def _bring_ledger(settings: Settings, copy: Blobs, was: str, without: bool) -> None:
    """Bring the platform's ledger of erasures to where its files are now, and what the copy's names besides."""
    ledgers = list(erasures.kept_in(settings, settings.blobs, was))
    if not ledgers and not without:
        raise BadSetting(
            f"no ledger of erasures is in {' or '.join(dict.fromkeys((settings.blobs, was)))}: who was erased since the"
            f" copy would be there again. Bring the folder {erasures.FOLDER} of the platform's files there; where it is"
            " lost, restore --without-ledger"
        )
    here = open_blobs(settings)
    for ledger in (*ledgers, copy):
        if ledger is not here:
            _copy_files(ledger, here, erasures.FOLDER)
    erasures.keep(here)


def read_again(settings: Settings) -> Iterator[str]:
    """Have every consumer read every log again; yield a line for each that was ahead of what it reads.

    What was handled before has its effect once. A relay that runs is fenced and begins anew; the embedded platform must
    be stopped.
    """
    for owner in SERVICES:
        yield from _send_again(settings, owner)
    with ExitStack() as logs:
        engines = [open_engine(settings.database_url(owner)) for owner in SERVICES]
        for engine in engines:
            logs.callback(engine.dispose)
        opened = [logs.enter_context(reading(engine)) for engine in engines]
        for engine in engines:
            for consumer, number in _unheard_of(engine, opened).items():
                yield f"{consumer}: handled {number} events that no log here has"
    engine = open_engine(settings.database_url("gateway"))
    with writing(engine) as db:
        db.execute(update(feed).values(position=0))
    engine.dispose()
    yield "every consumer reads the logs again; what it handled before has its effect once"


def _send_again(settings: Settings, owner: str) -> Iterator[str]:
    engine = open_engine(settings.database_url(owner))
    with reading(engine) as db:
        sent = db.execute(select(relay.c.position)).scalar() or 0
    head = open_log(owner, engine).head()  # after what was sent: a relay that runs goes on meanwhile
    with writing(engine) as db:
        db.execute(delete(consumer_position))
        db.execute(update(relay).values(position=0, epoch=relay.c.epoch + 1))
    engine.dispose()
    if sent > head:
        yield f"{owner}: its relay had sent up to {sent}, the log ends at {head}"


def _unheard_of(engine: Engine, logs: Sequence[Connection]) -> Counter[str]:
    """Return how many events each of the service's consumers handled that no log has; a page at a time is in memory."""
    found: Counter[str] = Counter()
    key, last = tuple_(inbox.c.consumer, inbox.c.event_id), None
    with reading(engine) as db:
        while True:
            page = select(inbox.c.consumer, inbox.c.event_id).order_by(*key.clauses).limit(PAGE)
            rows = db.execute(page if last is None else page.where(key > last)).all()
            ids = {row.event_id for row in rows}
            for log in logs:
                ids -= set(log.execute(select(event.c.event_id).where(event.c.event_id.in_(ids))).scalars())
            found.update(row.consumer for row in rows if row.event_id in ids)
            if len(rows) < PAGE:
                break
            last = tuple_(*rows[-1])
    return found


def _copy_sqlite(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as live, sqlite3.connect(target) as copy:
        live.backup(copy)


def _dump(settings: Settings, owner: str, target: Path) -> None:
    _postgres(settings, owner, ["pg_dump", "--format=custom", f"--schema={owner}", f"--file={target}"])


def _restore(settings: Settings, owner: str, source: Path) -> None:
    """Bring back everything in the schema; the schema itself stays, as its owner may not make another."""
    listed = _run(["pg_restore", "--list", str(source)], dict(os.environ))
    with tempfile.NamedTemporaryFile("w") as wanted:
        wanted.write("".join(line for line in listed.splitlines(keepends=True) if " SCHEMA - " not in line))
        wanted.flush()
        options = ["--clean", "--if-exists", "--single-transaction", f"--use-list={wanted.name}"]
        _postgres(settings, owner, ["pg_restore", *options, str(source)])


def _postgres(settings: Settings, owner: str, command: list[str]) -> None:
    url = make_url(settings.owner_url(owner))
    at = [f"--host={url.host}", f"--port={url.port or 5432}", f"--username={url.username}", f"--dbname={url.database}"]
    _run([command[0], *at, *command[1:]], {**os.environ, "PGPASSWORD": url.password or ""})


def _run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadSetting(f"{command[0]}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _copy_files(source: Blobs, target: Blobs, prefix: str = FILES) -> int:
    """Copy every file from one storage to the other; return how many. One deleted meanwhile is left out."""
    copied = 0
    for blob in source.list(prefix):
        with suppress(NotFound):
            target.put(blob.key, source.open(blob.key))
            copied += 1
    return copied
