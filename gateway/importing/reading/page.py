"""The tables of an HTML page."""

from collections.abc import Callable, Iterator

from lxml import etree, html

from gateway.importing.reading.limits import MAX_COLUMNS, require_room
from shared.errors import Invalid

Rows = Callable[[], Iterator[list[str]]]


def html_tables(text: str) -> list[Rows]:
    """Return what gives each table's rows, each time anew.

    Raises:
        Invalid: ``import.broken_html``, or ``import.no_table``.
    """
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        page = html.document_fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise Invalid("import.broken_html", f"the HTML cannot be read: {error}") from error
    return [lambda table=table: _rows(table) for table in page.iter("table")]  # type: ignore[misc]


def _rows(table: html.HtmlElement) -> Iterator[list[str]]:
    for number, line in enumerate(table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")):
        row = [cell for element in line.xpath("./td | ./th") for cell in _cells(element)]
        require_room(number, len(row))
        yield row


def _cells(element: html.HtmlElement) -> Iterator[str]:
    """Give the cell's text, and an empty text for every further column that it spans."""
    yield " ".join(str(element.xpath("string()")).split())
    spans = str(element.get("colspan", "1"))
    columns = int(spans) if spans.isascii() and spans.isdigit() and len(spans) < 4 else 1
    yield from [""] * (min(columns, MAX_COLUMNS) - 1)
