"""Reads a file from standard input under limits of its own; a hostile one ends this process and nothing else.

Writes JSON, a line each: first ``{"tables": [...]}`` or ``{"error": [code, detail]}``, then every row. The argument is
the moment of the export.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gateway.importing.reading.formats import Recognised, recognise
from gateway.importing.reading.rows import to_plain
from gateway.importing.reading.sniff import MAX_BYTES
from gateway.importing.reading.tables import read_tables
from shared.errors import Invalid

ADDRESS_SPACE, CPU_S = 2**30, 60


def main() -> None:
    """Read, tell, end."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in told(sys.stdin.buffer.read(MAX_BYTES + 1), datetime.fromisoformat(sys.argv[1])):
        sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n")


def told(content: bytes, exported_at: datetime) -> Iterator[dict[str, Any]]:
    """Give what is told of a file, line by line."""
    try:
        found = recognise(read_tables(content), exported_at)
        if not any(table.rows for table in found):
            raise Invalid("import.no_rows", "below its header the table is empty")
    except Invalid as error:
        yield {"error": [error.code, error.detail]}
    except MemoryError:
        yield {"error": ["import.too_large", "reading the file takes too much memory; split it"]}
    else:
        yield {"tables": [_about(table) for table in found]}
        yield from (to_plain(row) for table in found for row in table.rows)


def _about(table: Recognised) -> dict[str, Any]:
    return {
        "name": table.name, "format": table.format, "columns": dict(table.columns), "rows": len(table.rows),
        "sample": [list(row) for row in table.sample],
    }  # fmt: skip


if __name__ == "__main__":
    main()
