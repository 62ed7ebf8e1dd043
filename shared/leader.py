"""Who publishes a log: one relay at a time, by a session advisory lock, and an epoch that shuts out sleepers.

A leader that dies lets go of the lock at once. One that is frozen keeps its session: when its beat is ten seconds
old another ends that session and takes over with the next epoch, and the frozen one, awake again, can no longer move
the checkpoint.
"""

from typing import Any
from zlib import crc32

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from shared.errors import Unavailable
from shared.log.postgres import channel
from shared.logs import log

STALE_US = 10_000_000
_NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
_ROW = text(f"insert into relay values (1, 0, 0, {_NOW}) on conflict do nothing")
_LEAD = text(f"update relay set epoch = epoch + 1, beat_at = {_NOW} where id = 1 returning epoch, position")
_MOVE = text(f"update relay set position = :position, beat_at = {_NOW} where id = 1 and epoch = :epoch")
_STALE = text(f"select 1 from relay where id = 1 and beat_at < {_NOW} - :stale")
_LOCK = text("select pg_try_advisory_lock(:lock)")
_END_HOLDER = text(
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'"
    " and granted and classid = 0 and objid = :lock and objsubid = 1 and pid <> pg_backend_pid()"
    " and database = (select oid from pg_database where datname = current_database())"
)


class Fenced(Exception):
    """Another relay leads this log now."""


class Leadership:
    """The right to publish one log, held by an open session; ``position`` is the checkpoint."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._db = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._db.detach()  # the lock is the session's: the connection must not go back to the pool
        self._name = name
        self._lock = crc32(f"matrix.relay.{name}".encode()) & 0x7FFFFFFF
        self.epoch = 0
        self.position = 0

    def __enter__(self) -> "Leadership":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def take(self) -> bool:
        """Return whether we lead from now on; a holder whose beat is too old is put out for the next attempt."""
        self._db.execute(_ROW)
        if not self._db.execute(_LOCK, {"lock": self._lock}).scalar_one():
            if self._db.execute(_STALE, {"stale": STALE_US}).first():
                log.warning("relay.leader_put_out", log=self._name)
                self._db.execute(_END_HOLDER, {"lock": self._lock})
            return False
        self.epoch, self.position = self._db.execute(_LEAD).one()
        # From here on only the checkpoint is written: what a crash takes back of it is published again.
        self._db.exec_driver_sql("set synchronous_commit = off")
        self._db.exec_driver_sql(f"LISTEN {channel(self._name)}")
        return True

    def move(self, position: int) -> None:
        """Set the checkpoint (or only beat, where it is the same).

        Raises:
            Fenced: another relay leads.
            Unavailable: the database did not answer; then we lead no longer either.
        """
        try:
            moved = self._db.execute(_MOVE, {"position": position, "epoch": self.epoch}).rowcount
        except DBAPIError as error:
            raise Unavailable("database.unavailable", str(error.orig)) from error
        if not moved:
            raise Fenced(f"{self._name}: epoch {self.epoch} is over")
        self.position = position

    def fileno(self) -> int:
        """Return the session's socket: readable when there is a hint that something was appended."""
        return int(self._session().fileno())

    def take_hints(self) -> bool:
        """Read the hints, so that the socket is quiet until the next one; return whether there were any.

        Raises:
            Unavailable: the session is gone, and the leadership with it.
        """
        session = self._session()
        try:
            session.poll()
        except session.OperationalError as error:
            raise Unavailable("database.unavailable", str(error)) from error
        hinted = bool(session.notifies)
        session.notifies.clear()
        return hinted

    def _session(self) -> Any:
        return self._db.connection.dbapi_connection
