"""What the migrations build is what the models say, in both databases."""

from datetime import date
from uuid import UUID

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, select, text

from conftest import MakeDatabase
from infra.credentials import OWNERS
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine, reading, writing
from shared.errors import Conflict
from shared.execute import cause_of
from shared.log import migrations, open_log
from shared.log.store import Appended
from shared.log.tables import event
from shared.log.verify import verify
from shared.migrations import config_of, migrate


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


def test_a_log_that_counted_positions_is_the_same_log_without_the_counter(sqlite_database: MakeDatabase) -> None:
    """The mutant that lets the new table number the rows closes the gaps in the positions."""
    engine = open_engine(sqlite_database("content").url)
    count_positions(engine)
    for stream in ("unit-1", "unit-2", "unit-3"):
        append(engine, stream)
    last = append(engine, "unit-1", at=1)
    with writing(engine) as db:
        db.execute(event.update().where(event.c.position == last.position).values(position=2**53 + 1))
    before, anchor = rows(engine), verify(engine).anchor

    drop_counter(engine)

    assert rows(engine) == before and "AUTOINCREMENT" not in shape(engine)
    assert (verify(engine, anchor).breaks, verify(engine).anchor) == ((), anchor)
    with pytest.raises(Conflict):
        append(engine, "unit-2")
    assert append(engine, "unit-2", at=1).position == 2**53 + 2
    drop_counter(engine)
    assert rows(engine)[:-1] == before
    engine.dispose()


def count_positions(engine: Engine) -> None:
    """Have the empty log count positions as it did before."""
    counted = shape(engine).replace("position INTEGER NOT NULL", "position INTEGER PRIMARY KEY AUTOINCREMENT")
    with writing(engine) as db:
        db.execute(text("drop table event"))
        db.execute(text(counted.replace("PRIMARY KEY (position),", "")))


def drop_counter(engine: Engine) -> None:
    with writing(engine) as db, Operations.context(MigrationContext.configure(db)):
        migrations.drop_counter()


def append(engine: Engine, stream: str, at: int = 0) -> Appended:
    named = UnitRenamed(unit_id=UUID(int=7), name=stream, since=date(2021, 9, 1))
    return open_log("content", engine).append(stream, [named], expected_version=at, cause=cause_of("test"))


def rows(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as db:
        return [tuple(row) for row in db.execute(select(event).order_by(event.c.position))]


def shape(engine: Engine) -> str:
    with reading(engine) as db:
        return str(db.execute(text("select sql from sqlite_master where name = 'event'")).scalar_one())
