"""Files to tables: rows of text cells, whatever the file was, given one after the other."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, NamedTuple

from gateway.importing.reading.limits import require_room
from gateway.importing.reading.sniff import Lines, Page, Workbook, sniff
from shared.errors import Invalid

MAX_CELL = 1_000_000  # characters
Row = Sequence[str]


class Table(NamedTuple):
    """A sheet, an HTML table, or the lines of a file.

    ``first`` is the number of the first row as people count; ``rows()`` gives the rows from there on, each time anew,
    and raises ``Invalid`` where they cannot be read any further.
    """

    name: str
    first: int
    rows: Callable[[], Iterable[Row]]


def read_tables(file: IO[bytes]) -> list[Table]:
    """Return every table of a file.

    Raises:
        Invalid: the file is nothing that can be imported, broken, or over a limit.
    """
    match sniff(file):
        case Workbook(content=book):
            from gateway.importing.reading.workbook import sheets  # each library is loaded for files that need it

            return [Table(*sheet) for sheet in sheets(book)]
        case Page(text=text):
            from gateway.importing.reading.page import html_tables

            return [Table(f"table {number}", 1, rows) for number, rows in enumerate(html_tables(text), 1)]
        case Lines() as lines:
            return [Table("", 1, lambda: _rows(lines))]


def _rows(lines: Lines) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)  # the library's own limit is less than an article may have
    number = 0
    try:
        for number, row in enumerate(lines.rows()):
            require_room(number, len(row))
            yield row
    except csv.Error as error:
        raise Invalid("import.broken_csv", f"row {number + 2}: {error}; look at the quotation marks") from error
