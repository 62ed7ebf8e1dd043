"""Has a file read by ``reading.program``, in a process of its own, and gives what that tells."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, Any

from gateway.importing.reading.program import __name__ as PROGRAM
from gateway.importing.reading.rows import AnyRow, of_plain
from shared.errors import RuleBroken

PATIENCE_S = 180.0


class Told:
    """What the program tells: the tables it understood, then the rows, each when it is asked for."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines = lines
        first = self._next()
        if "error" in first:
            raise RuleBroken(*first["error"])
        self.tables: list[dict[str, Any]] = first["tables"]
        self.total = sum(table["rows"] for table in self.tables)

    def rows(self) -> Iterator[AnyRow]:
        """Give the rows. Raises: RuleBroken: ``import.unreadable``, the program ended before the last."""
        for _ in range(self.total):
            yield of_plain(self._next())

    def _next(self) -> dict[str, Any]:
        try:
            line: dict[str, Any] = json.loads(self._lines.readline())
        except ValueError as error:
            reason = "the file cannot be read: it is broken, or takes too much memory or time"
            raise RuleBroken("import.unreadable", reason) from error
        return line


@contextmanager
def reading(file: IO[bytes], exported_at: datetime) -> Iterator[Told]:
    """Give what is told of a file from its beginning on; figures that name no day are those of ``exported_at``.

    Raises:
        RuleBroken: ``import.*``, the file is nothing that can be imported; the reason says why.
    """
    file.seek(0)
    command = [sys.executable, "-m", PROGRAM, exported_at.isoformat()]
    program = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    patience = threading.Timer(PATIENCE_S, program.kill)
    patience.start()
    assert program.stdout is not None
    try:
        yield Told(program.stdout)
    finally:
        patience.cancel()
        program.kill()
        with suppress(BrokenPipeError):
            program.stdout.close()
        program.wait()
