"""What was measured on: the machine, the libraries, and the servers with the settings that make an answer last."""

import os
import platform
import sqlite3
import tempfile
from importlib.metadata import version
from typing import Any

from sqlalchemy import text

from loadtests.world import World
from shared import topology
from shared.database import open_engine

LIBRARIES = ("psycopg2-binary", "pika", "nameko", "eventsourcing", "gunicorn")
EVENTSOURCING = f"eventsourcing {version('eventsourcing')}"
POSTGRES, SQLITE = ("server_version", "fsync", "synchronous_commit"), ("journal_mode", "synchronous")
SYNCHRONOUS = ("off", "normal", "full", "extra")  # SQLite tells a number
Facts = dict[str, Any]


def machine() -> Facts:
    """Return the machine's facts, how busy it is, and the versions of Python and of what peers are made of."""
    release = ".".join(platform.release().split(".")[:2])
    return {
        "system": f"{platform.system()} {release}, {platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        "Python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
        **_sqlite(),
    }


def servers(world: World) -> Facts:
    """Return the servers' versions, and whether PostgreSQL waits for the disk."""
    with open_engine(world.settings.database_url("content")).connect() as db:
        told = {name: db.execute(text(f"show {name}")).scalar_one() for name in POSTGRES}
    with topology.connected(world.settings.amqp_url) as connection:
        broker = connection._impl.server_properties["version"]  # pika's blocking connection does not tell it
    return {"PostgreSQL": told.pop("server_version").split()[0], **told, "RabbitMQ": broker}


def sentence(facts: Facts) -> str:
    """Return the facts as one sentence."""
    return f"{facts['system']}, {', '.join(f'{name} {value}' for name, value in facts.items() if name != 'system')}."


def _sqlite() -> Facts:
    """Return SQLite's version, and its settings on a file opened as the platform opens its own."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        with engine.connect() as db:
            journal, synchronous = (db.execute(text(f"pragma {name}")).scalar_one() for name in SQLITE)
        engine.dispose()
    return {"SQLite": sqlite3.sqlite_version, "journal_mode": journal, "synchronous": SYNCHRONOUS[synchronous]}
