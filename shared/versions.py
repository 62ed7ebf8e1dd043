"""Which migrations an owner (a service or the gateway) has. No Alembic in here: a running service has no use for it."""

from importlib import import_module
from pathlib import Path

from sqlalchemy import text

from shared.database import open_engine, reading


class OldTables(Exception):
    """Tables are older than this program; the text says whose, and what to do."""


def migrations_of(owner: str) -> Path:
    """Return the folder of the owner's migrations."""
    module = import_module("gateway" if owner == "gateway" else f"services.{owner}")
    return Path(next(iter(module.__path__))) / "migrations"


def newest_version(owner: str) -> str:
    """Return the number of the owner's newest migration, ``0006``: their files are named after them."""
    return max(path.name[:4] for path in (migrations_of(owner) / "versions").glob("[0-9]*.py"))


def version_of(url: str) -> str:
    """Return the number of the newest migration that the database at ``url`` has had; ``none``: not one.

    Raises:
        PlatformError, DBAPIError: the database does not answer, or nobody ever prepared it.
    """
    engine = open_engine(url)
    try:
        with reading(engine) as db:
            return str(db.execute(text("select version_num from alembic_version")).scalar() or "none")
    finally:
        engine.dispose()
