"""How a process starts: what it lacks is said in one line that tells how to mend it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def plainly() -> Iterator[None]:
    """Have what was foreseen end the process with one line and exit code 1, and all else with its traceback."""
    try:
        yield
    except Exception as error:
        from infra.advice import advice  # loads every library that it knows of: only who failed needs them

        if (line := advice(error)) is None:
            raise
        click.secho(line, fg="red", err=True)
        sys.exit(1)
