"""How a process starts: what it lacks is said in one line that tells how to mend it, and is waited for."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from shared.logs import AGAIN_S, log
from shared.versions import OldTables, newest_version, version_of

PAUSE_S = 1.0
Need = Callable[[], None]


@contextmanager
def plainly(code: int = 1) -> Iterator[None]:
    """Have what was foreseen end the process with one line and this exit code, and all else with its traceback."""
    try:
        yield
    except Exception as error:
        if (line := _advice(error)) is None:
            raise
        click.secho(line, fg="red", err=True)
        sys.exit(code)


def wait_for(need: Need, pause: Callable[[float], object] = time.sleep) -> None:
    """Return when the need is met, or ``pause`` returns true. What is missing is said at once, then once a minute."""
    said, said_at = "", 0.0
    while True:
        try:
            return need()
        except Exception as error:  # whatever it is: who gives up at the start helps nobody
            line, now = _advice(error), time.monotonic()
            if line is None:
                log.exception("start.waits")
            elif line != said or now - said_at >= AGAIN_S:
                log.warning("start.waits", reason=line)
                said, said_at = line, now
        if pause(PAUSE_S):
            return None


def tables(owner: str, url: str) -> Need:
    """Return the need for the owner's tables to be as new as this program; newer ones serve it too."""
    newest = newest_version(owner)

    def need() -> None:
        found = version_of(url)
        if found < newest:
            raise OldTables(
                f"the tables of {owner} are of version {found}, this program needs {newest}: run `matrix migrate`"
            )

    return need


def _advice(error: Exception) -> str | None:
    from infra.advice import advice  # loads every library that it knows of: only who failed needs them

    return advice(error)
