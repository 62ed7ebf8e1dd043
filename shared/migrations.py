"""Alembic, one chain per owner (a service or the gateway), the same on PostgreSQL and SQLite."""

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData

from shared.database import open_engine
from shared.versions import migrations_of


def migrate(owner: str, url: str) -> None:
    """Bring the database at ``url`` to the owner's newest version; do nothing where it is there already."""
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            command.upgrade(config_of(owner, connection), "head")
    finally:
        engine.dispose()


def config_of(owner: str, connection: Connection) -> Config:
    """Return an Alembic configuration that works on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(migrations_of(owner)))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def run(*models: MetaData) -> None:
    """Run migrations from an ``env.py``; ``models`` are the tables they must add up to."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=list(models), transactional_ddl=True)
    context.run_migrations()
