"""The event log: one contract (``store``) and two stores, PostgreSQL and SQLite."""

from sqlalchemy import Engine

from shared.contracts import REGISTRY
from shared.events import Registry
from shared.log.postgres import PostgresLog
from shared.log.sqlite import SqliteLog
from shared.log.store import Log


def open_log(name: str, engine: Engine, registry: Registry = REGISTRY) -> Log:
    """Return the log in ``engine``'s database; ``name`` is the service that owns it."""
    store = PostgresLog if engine.dialect.name == "postgresql" else SqliteLog
    return store(name, engine, registry)
