"""Reads a file from standard input under limits of its own; a hostile one ends this process and nothing else.

Writes lines of JSON: for some rows at a time, as they are read, ``{"places": [...], "words": [...]}`` and then what
each of them says, in a line of its own, which is so written once and not as a text within JSON; at the end
``{"tables": [...]}``, or ``{"error": [code, detail]}`` as soon as it is known. The argument is the moment of the
export. What it has told of is not held any more, and libraries are loaded for the files that need them.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from gateway.importing.reading.formats import Line, Recognised, recognise
from gateway.importing.reading.limits import require_room
from gateway.importing.reading.tables import read_tables
from shared.errors import Invalid

ADDRESS_SPACE, CPU_S = 2**30, 60
AT_ONCE, AT_ONCE_BYTES = 500, 2**18  # of rows


def main() -> None:
    """Read, tell, end."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in told(sys.stdin.buffer, datetime.fromisoformat(sys.argv[1])):
        sys.stdout.buffer.write(line)


def told(file: IO[bytes], exported_at: datetime) -> Iterator[bytes]:
    """Give what is told of a file, some lines at a time."""
    try:
        found = recognise(read_tables(file))
        lines = _lines(found, exported_at)
        while some := _some(lines):
            places, words, says = zip(*some, strict=True)
            yield b"".join((_line({"places": places, "words": words}), b"\n".join(says), b"\n"))
        if not any(table.rows for table in found):
            raise Invalid("import.no_rows", "below its header the table is empty")
    except Invalid as error:
        yield _line({"error": [error.code, error.detail]})
    except MemoryError:
        yield _line({"error": ["import.too_large", "reading the file takes too much memory; split it"]})
    else:
        yield _line({"tables": [_about(table) for table in found]})


def _lines(found: list[Recognised], exported_at: datetime) -> Iterator[Line]:
    told = 0
    for table in found:
        for line in table.lines(exported_at):
            require_room(told, 0)
            told += 1
            yield line


def _some(lines: Iterator[Line]) -> list[Line]:
    """Return the next rows, as many as are told at once."""
    some: list[Line] = []
    left = AT_ONCE_BYTES
    for line in lines:
        some.append(line)
        left -= len(line[2])
        if left < 0 or len(some) == AT_ONCE:
            break
    return some


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode(errors="replace") + b"\n"


def _about(table: Recognised) -> dict[str, Any]:
    return {
        "name": table.name, "format": table.format, "columns": table.columns, "rows": table.rows,
        "sample": table.sample,
    }  # fmt: skip
