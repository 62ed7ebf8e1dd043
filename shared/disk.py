"""Group commit for SQLite: a commit is written at once, and those that must last wait for the disk together.

With ``synchronous=FULL`` each commit holds the file's one write lock while the disk works. With ``NORMAL`` it holds the
lock while it writes to the write-ahead file; one sync of that file then makes all commits before it last.
What SQLite moves from there into the database file it syncs itself, first (sqlite.org/wal.html, "Checkpointing").
"""

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from shared.errors import Unavailable

BUSY_TIMEOUT_MS = 15_000
FULL = (errno.ENOSPC, errno.EDQUOT)
NO_ROOM = "no space is left for the database"
_DATA: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # not every system has it


class Turn:
    """Whose turn it is to write, among the threads of this process; SQLite's own lock stands between processes.

    Who waits for that one sleeps 1 to 100 ms and asks again; who waits here goes on as soon as the other has committed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise Unavailable("database.busy", "another writes to the database for too long")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Disk:
    """The write-ahead file of one database. Safe in several threads; another process has a view of its own."""

    def __init__(self, database: str) -> None:
        self._file = f"{database}-wal"
        self._noting, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._lasting = 0
        self._failed: OSError | None = None
        self.turn = Turn()

    def written(self) -> None:
        """Note a commit that was just made."""
        with self._noting:
            self._written += 1

    def sync(self) -> None:
        """Return once every commit noted before the call lasts; one that waits syncs for all.

        A system tells of a failure once, and takes what it lost for written from then on: nothing that stands behind
        that in the file would last either. So nothing more is said to last until the database was opened anew, alone,
        which moves the file's content over. Source: PostgreSQL's data_sync_retry.

        Raises:
            OSError: the disk failed, now or before; whether the commits last is unknown.
        """
        mine = self._written
        if self._lasting >= mine:
            return
        with self._syncing:
            if self._lasting >= mine:
                return
            if self._failed:
                raise OSError(errno.EIO, f"it failed before ({self._failed.strerror}); start anew")
            upto = self._written
            try:
                with suppress(FileNotFoundError):  # the last connection that closed has moved everything over
                    sync_data(self._file)
            except OSError as error:
                self._failed = error
                raise
            self._lasting = upto


def sync_path(path: str | Path) -> None:
    """Have a file, or what a folder says is in it, outlive a loss of power.

    Raises:
        OSError: there is none (``FileNotFoundError``), or the disk failed.
    """
    _sync(path, os.fsync)


def sync_data(path: str | Path) -> None:
    """Have a file's bytes outlive a loss of power, as SQLite does: its times may not.

    On a file system with a journal these would cost a commit of the journal more. Raises what ``sync_path`` does.
    """
    _sync(path, _DATA)


def _sync(path: str | Path, sync: Callable[[int], None]) -> None:
    # A process that closes a file frees the locks it holds on it: of SQLite's files the write-ahead file bears none.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


@cache
def disk(database: str) -> Disk:
    """Return the disk beneath a database file, one for all engines of the process."""
    return Disk(database)
