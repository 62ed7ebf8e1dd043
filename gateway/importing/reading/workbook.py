"""The sheets of a workbook, XLSX or XLS, as text.

A cell at the far end of an otherwise empty sheet makes the library take memory for all the cells between: call it
where memory is limited (``program``).
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from io import BytesIO
from itertools import islice

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from gateway.importing.reading.limits import MAX_CHARACTERS, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS
from shared.errors import Invalid

Sheet = tuple[str, int, Callable[[], Iterator[list[str]]]]


def sheets(content: bytes) -> list[Sheet]:
    """Return name, number of the first row as people count, and what gives the rows of each sheet.

    Raises:
        Invalid: ``import.broken_workbook``, or ``import.too_large``.
    """
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        return [_sheet(book.get_sheet_by_name(name)) for name in book.sheet_names[:MAX_SHEETS]]
    except (CalamineError, OSError, ValueError) as error:
        raise Invalid("import.broken_workbook", f"the workbook cannot be read: {error!r}"[:300]) from error


def _sheet(sheet: CalamineSheet) -> Sheet:
    if sheet.start is None:
        return sheet.name, 1, partial(iter, ())
    if sheet.height > MAX_ROWS or sheet.width > MAX_COLUMNS:
        raise Invalid("import.too_large", f"sheet {sheet.name} has over {MAX_ROWS} rows or {MAX_COLUMNS} columns")
    return sheet.name, sheet.start[0] + 1, partial(_rows, sheet)


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    left = MAX_CHARACTERS
    assert sheet.start is not None
    for cells in islice(sheet.iter_rows(), sheet.start[0], None):
        row = [cell if type(cell) is str else _text(cell) for cell in cells]
        left -= sum(map(len, row))
        if left < 0:
            raise Invalid("import.too_large", f"sheet {sheet.name} has more than {MAX_CHARACTERS} characters")
        yield row


def _text(cell: object) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date():
            return cell.isoformat()
    return str(cell)
