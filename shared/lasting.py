"""Commits that last: a commit on SQLite is answered once the disk has it, many with one wait.

PostgreSQL's last when they are answered, and its sessions need no turns: there all of this does nothing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Engine

from shared.disk import FULL, NO_ROOM, disk
from shared.errors import Unavailable


class _Together(threading.local):
    """The innermost block of this thread whose commits last together: of which engine, and what to do at its end."""

    engine: Engine | None = None
    afterwards: frozenset[Callable[[], None]] = frozenset()


_together = _Together()


def turn(engine: Engine) -> AbstractContextManager[None]:
    """Return the context in which one writes: on SQLite one thread of the process after the other.

    Raises:
        Unavailable: another has written for 15 s.
    """
    return disk(str(engine.url.database)).turn if engine.dialect.name == "sqlite" else nullcontext()


def written(engine: Engine, repeatable: bool = False) -> None:
    """Note a commit; wait until it lasts unless it is ``repeatable``. PostgreSQL's lasts when it is answered."""
    if engine.dialect.name == "sqlite":
        disk(str(engine.url.database)).written()
        if not repeatable and _together.engine is not engine:
            lasting(engine)


@contextmanager
def lasting_together(engine: Engine) -> Iterator[None]:
    """Have this thread's commits in the block wait for the disk once, at its end; nobody is told of them before.

    Raises:
        Unavailable: the disk failed; what was committed may or may not last.
    """
    around = _together.engine, _together.afterwards
    _together.engine, _together.afterwards = engine, frozenset()
    try:
        try:
            yield
        finally:
            afterwards = _together.afterwards
            _together.engine, _together.afterwards = around
        lasting(engine)
    finally:
        for act in afterwards:
            act()


def once_lasting(engine: Engine, act: Callable[[], None]) -> None:
    """Do what follows on a commit: at the end of the block that this thread has them last together in, else now."""
    if _together.engine is engine:
        _together.afterwards |= {act}
    else:
        act()


def lasting(engine: Engine) -> None:
    """Return once everything lasts that this process committed so far.

    Raises:
        Unavailable: the disk failed; what was committed may or may not last.
    """
    if engine.dialect.name == "sqlite":
        try:
            disk(str(engine.url.database)).sync()
        except OSError as error:
            if error.errno in FULL:
                raise Unavailable("database.full", NO_ROOM) from error
            raise Unavailable("database.unavailable", f"the disk failed: {error}") from error
