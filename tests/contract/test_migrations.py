"""What the migrations build is what the models say, in both databases."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy import event as happening

from conftest import MakeDatabase
from infra.credentials import OWNERS
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, reading, writing
from shared.errors import Conflict
from shared.execute import cause_of
from shared.log import migrations, open_log
from shared.log.store import Appended, CommandKey, InboxKey
from shared.log.tables import command as commands
from shared.log.tables import event, inbox
from shared.log.verify import verify
from shared.migrations import config_of, migrate

TABLES = (event, commands, inbox)


@pytest.mark.parametrize("owner", OWNERS)
def test_migrations_equal_models(owner: str, database: MakeDatabase) -> None:
    engine = open_engine(database(owner).owner_url)
    with engine.connect() as connection:
        command.check(config_of(owner, connection))
    engine.dispose()


@pytest.mark.parametrize("owner", OWNERS)
def test_migrating_again_changes_nothing(owner: str, database: MakeDatabase) -> None:
    migrate(owner, database(owner).owner_url)


@pytest.mark.parametrize("owner", OWNERS)
def test_migrations_are_one_chain_and_only_go_forward(owner: str) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        chain = ScriptDirectory.from_config(config_of(owner, connection))
    engine.dispose()
    assert len(chain.get_heads()) == 1
    assert not [step.path for step in chain.walk_revisions() if hasattr(step.module, "downgrade")]


def test_a_log_of_an_older_shape_is_the_same_log_in_the_new_one(sqlite_database: MakeDatabase) -> None:
    """The mutant that lets the new table number the rows closes the gaps in the positions."""
    engine = open_engine(sqlite_database("content").url)
    for table, (new, old) in OLDER.items():
        reshape(engine, table, new, old)
    for stream in ("unit-1", "unit-2", "unit-3"):
        append(engine, stream)
    last = append(engine, "unit-1", at=1)
    with writing(engine) as db:
        db.execute(event.update().where(event.c.position == last.position).values(position=2**53 + 1))
    before, anchor = rows(engine), verify(engine).anchor
    assert [len(each) for each in before] == [4, 4, 4]

    with writing(engine) as db, Operations.context(MigrationContext.configure(db)):
        migrations.rewrite()

    assert rows(engine) == before and all(new in shape(engine, table) for table, (new, _) in OLDER.items())
    assert (verify(engine, anchor).breaks, verify(engine).anchor) == ((), anchor)
    with pytest.raises(Conflict):
        append(engine, "unit-2", said="once more")
    assert append(engine, "unit-2", at=1).position == 2**53 + 2
    assert append(engine, "unit-1").replayed
    engine.dispose()


class Cut(Exception):
    """The migration ends here."""


BEFORE_REWRITING = "0006"


def older(sqlite_database: MakeDatabase) -> str:
    """Return the URL of a log of the older shape with three events in it, that has yet to be rewritten."""
    url = sqlite_database("content").url
    engine = open_engine(url)
    for table, (new, old) in OLDER.items():
        reshape(engine, table, new, old)
    with writing(engine) as db:
        db.execute(text("update alembic_version set version_num = :before"), {"before": BEFORE_REWRITING})
    for stream in ("unit-1", "unit-2", "unit-3"):
        append(engine, stream)
    engine.dispose()
    return url


def cutting(at: int, then: Callable[[Any], None] = lambda _: None) -> Callable[[str], Engine]:
    """Return how to open a database on which the statement of that number is never carried out."""

    def opened(url: str) -> Engine:
        engine, numbers = open_engine(url), itertools.count(1)

        def count(connection: Any, *_: Any) -> None:
            if next(numbers) == at:
                raise Cut
            then(connection)

        happening.listen(engine, "before_cursor_execute", count)
        return engine

    return opened


def cut_everywhere(url: str, monkeypatch: pytest.MonkeyPatch, then: Callable[[Any], None] = lambda _: None) -> int:
    """Migrate, cut at the first statement, at the second and so on, until nothing is cut; return how often it was.

    After each the old log is whole, takes another event, and is in its old shape.
    """
    for at in itertools.count(1):
        engine = open_engine(url)
        before = rows(engine)
        monkeypatch.setattr("shared.migrations.open_engine", cutting(at, then))
        with suppress(Cut):
            migrate("content", url)
            break
        assert rows(engine) == before and not any(new in shape(engine, table) for table, (new, _) in OLDER.items())
        append(engine, f"unit-1{at}")
        assert verify(engine).breaks == ()
        engine.dispose()
    assert rows(engine) == before and all(new in shape(engine, table) for table, (new, _) in OLDER.items())
    engine.dispose()
    return at - 1


def test_a_rewriting_that_is_cut_at_any_statement_leaves_the_old_log_and_can_be_repeated(
    sqlite_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F62."""
    assert cut_everywhere(older(sqlite_database), monkeypatch) > 4 * len(TABLES)


def test_a_rewriting_that_commits_on_its_way_is_caught(
    sqlite_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant of F62: cut in the middle, part of the log is under another name."""

    def commit(connection: Any) -> None:
        raw = connection.connection.driver_connection
        if raw.in_transaction:
            raw.execute("commit")
            raw.execute("begin")

    with pytest.raises(Exception, match="no such table"):
        cut_everywhere(older(sqlite_database), monkeypatch, commit)


KILLED = """
import os, signal, sys
from shared.log import migrations
from shared.migrations import migrate

drop = migrations.op.drop_table
migrations.op.drop_table = lambda name: (drop(name), os.kill(os.getpid(), signal.SIGKILL))
migrate("content", sys.argv[1])
"""


def test_a_rewriting_whose_process_is_killed_leaves_the_old_log_and_can_be_repeated(
    sqlite_database: MakeDatabase,
) -> None:
    """F62: after the new table was filled and the old one dropped."""
    url = older(sqlite_database)
    engine = open_engine(url)
    before, anchor = rows(engine), verify(engine).anchor
    assert subprocess.run([sys.executable, "-c", KILLED, url], check=False).returncode == -9
    assert rows(engine) == before and OLDER["event"][0] not in shape(engine, "event")
    migrate("content", url)
    assert rows(engine) == before and verify(engine, anchor).breaks == ()
    engine.dispose()


# What of a table's shape was otherwise, today and then.
OLDER = {
    "event": ("position INTEGER NOT NULL,", "position INTEGER PRIMARY KEY AUTOINCREMENT,"),
    "command": ("WITHOUT ROWID", ""),
    "inbox": ("WITHOUT ROWID", ""),
}


def reshape(engine: Engine, table: str, new: str, old: str) -> None:
    """Give an empty table its older shape."""
    then = shape(engine, table).replace(new, old)
    with writing(engine) as db:
        db.execute(text(f"drop table {table}"))
        db.execute(text(then.replace("PRIMARY KEY (position),", "")))


def append(engine: Engine, stream: str, at: int = 0, said: str = "") -> Appended:
    name = f"{stream} at {at} {said}"
    cause = cause_of(
        "test", key=CommandKey(key=name, fingerprint="f"), inbox=InboxKey(consumer=name, event_id=UUID(int=at))
    )
    named = UnitRenamed(unit_id=UUID(int=7), name=name, since=date(2021, 9, 1))
    return open_log("content", engine).append(stream, [named], expected_version=at, cause=cause)


def rows(engine: Engine) -> list[list[tuple[object, ...]]]:
    """Return the rows of each table that an append writes to."""
    with reading(engine) as db:
        return [[tuple(row) for row in db.execute(select(each).order_by(*each.columns))] for each in TABLES]


def shape(engine: Engine, table: str) -> str:
    with reading(engine) as db:
        return str(db.execute(text("select sql from sqlite_master where name = :name"), {"name": table}).scalar_one())
