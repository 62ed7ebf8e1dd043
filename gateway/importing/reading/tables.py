"""Files to tables: rows of text cells, whatever the file was."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from lxml import etree, html

from gateway.importing.reading.sniff import Lines, Page, Workbook, sniff
from gateway.importing.reading.workbook import MAX_COLUMNS, MAX_ROWS, sheets
from shared.errors import Invalid

MAX_CELL = 1_000_000  # characters
Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet, an HTML table, or the lines of a file; ``first`` is the number of the first row as people count."""

    name: str
    first: int
    rows: Sequence[Row]


def read_tables(content: bytes) -> list[Table]:
    """Return every table of a file, empty ones left out.

    Raises:
        Invalid: the file is nothing that can be imported, broken, or over a limit.
    """
    match sniff(content):
        case Workbook(content=book):
            tables = [Table(*sheet) for sheet in sheets(book)]
        case Page(text=text):
            tables = _html_tables(text)
        case Lines() as lines:
            tables = [_lines(lines)]
    tables = [table for table in tables if any(any(row) for row in table.rows)]
    if not tables:
        raise Invalid("import.no_table", "the file holds no table")
    _require_room(sum(len(table.rows) for table in tables) - 1, 0)
    return tables


def _lines(lines: Lines) -> Table:
    csv.field_size_limit(MAX_CELL)  # the library's own limit is less than an article may have
    rows: list[Row] = []
    reader = csv.reader(StringIO(lines.text, newline=""), delimiter=lines.separator, strict=True)
    try:
        for row in reader:
            _require_room(len(rows), len(row))
            rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise Invalid("import.broken_csv", f"line {reader.line_num}: {error}; look at the quotation marks") from error
    return Table("", 1, rows)


def _html_tables(text: str) -> list[Table]:
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        page = html.document_fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise Invalid("import.broken_html", f"the HTML cannot be read: {error}") from error
    return [Table(f"table {number}", 1, _html_rows(table)) for number, table in enumerate(page.iter("table"), 1)]


def _html_rows(table: html.HtmlElement) -> list[Row]:
    rows: list[Row] = []
    for line in table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr"):
        row = [cell for element in line.xpath("./td | ./th") for cell in _html_cells(element)]
        _require_room(len(rows), len(row))
        rows.append(row)
    return rows


def _html_cells(element: html.HtmlElement) -> Iterator[str]:
    """Give the cell's text, and an empty text for every further column that it spans."""
    yield " ".join(str(element.xpath("string()")).split())
    spans = str(element.get("colspan", "1"))
    columns = int(spans) if spans.isascii() and spans.isdigit() and len(spans) < 4 else 1
    yield from [""] * (min(columns, MAX_COLUMNS) - 1)


def _require_room(rows: int, columns: int) -> None:
    if rows >= MAX_ROWS or columns > MAX_COLUMNS:
        raise Invalid("import.too_large", f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns; split the file")
