"""The sheets of a workbook, XLSX or XLS, as text.

A cell at the far end of an otherwise empty sheet makes the library take memory for all the cells between: call it
where memory is limited (``program``).
"""

from datetime import date, datetime
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from shared.errors import Invalid

MAX_ROWS, MAX_COLUMNS, MAX_SHEETS, MAX_CHARACTERS = 100_000, 200, 50, 50_000_000
Sheet = tuple[str, int, list[list[str]]]


def sheets(content: bytes) -> list[Sheet]:
    """Return name, number of the first row as people count, and rows of each sheet.

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
        return sheet.name, 1, []
    if sheet.height > MAX_ROWS or sheet.width > MAX_COLUMNS:
        raise Invalid("import.too_large", f"sheet {sheet.name} has over {MAX_ROWS} rows or {MAX_COLUMNS} columns")
    rows, left = [], MAX_CHARACTERS
    for cells in sheet.to_python():
        row = [_text(cell).strip() for cell in cells]
        left -= sum(map(len, row))
        if left < 0:
            raise Invalid("import.too_large", f"sheet {sheet.name} has more than {MAX_CHARACTERS} characters")
        rows.append(row)
    return sheet.name, sheet.start[0] + 1, rows


def _text(cell: object) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date():
            return cell.isoformat()
    return str(cell)
