"""Has a file read by ``reading.program``, in a process of its own, and gives what that tells."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from gateway.importing.reading.limits import MAX_ROWS
from gateway.importing.reading.program import __name__ as PROGRAM
from gateway.importing.reading.sniff import MAX_BYTES
from shared.errors import RuleBroken

PATIENCE_S = 180.0
PLACES = os.pathsep.join(map(str, (Path(__file__).parents[2], *filter(None, sys.path))))  # of modules
Line = tuple[str, str, str]  # where a row stands, the words by which people know it, and what it says as JSON
LONGEST = 4 * MAX_BYTES  # of what is told at once: one row may be the whole file, and each of its marks four


class Told:
    """What the program tells: rows, each when it is asked for, and with the last of them the tables they stood in."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines = lines
        self.tables: list[dict[str, Any]] = []
        self.total = 0  # rows so far

    def rows(self) -> Iterator[Line]:
        """Give where each row stands, the words by which people know it, and what it says (``rows.read_row``).

        Raises:
            RuleBroken: ``import.*``, the file is nothing that can be imported, or the program ended before the last.
        """
        try:
            while "tables" not in (told := json.loads(self._line())):
                if "error" in told:
                    code, detail = told["error"]
                    raise RuleBroken(str(code), str(detail))
                for place, words in zip(told["places"], told["words"], strict=True):
                    self.total += 1
                    yield str(place), str(words), self._line()
                if self.total > MAX_ROWS:
                    raise ValueError(f"{self.total} rows")
            self.tables = told["tables"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            reason = "the file cannot be read: it is broken, or takes too much memory or time"
            raise RuleBroken("import.unreadable", reason) from error

    def _line(self) -> str:
        line = self._lines.readline(LONGEST)
        if not line.endswith(b"\n"):
            raise ValueError("cut short")
        return line[:-1].decode()


@contextmanager
def reading(file: IO[bytes], exported_at: datetime) -> Iterator[Told]:
    """Give what is told of a file from its beginning on; figures that name no day are those of ``exported_at``."""
    file.seek(0)
    # Without ``site`` and ``runpy`` it starts sooner; and has nothing of our environment, where secrets are.
    command = [sys.executable, "-S", "-P", "-c", f"from {PROGRAM} import main; main()", exported_at.isoformat()]
    program = subprocess.Popen(
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PYTHONPATH": PLACES}
    )
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
