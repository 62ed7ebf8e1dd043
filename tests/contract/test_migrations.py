"""What the migrations build is what the models say, in both databases."""

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from conftest import MakeDatabase
from infra.credentials import OWNERS
from shared.database import open_engine
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
