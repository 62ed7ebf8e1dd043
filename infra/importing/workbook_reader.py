"""Reads a workbook from standard input, writes its cells as JSON: a program of its own, with limits of its own.

A cell at the far end of an otherwise empty sheet makes the library take memory for all the cells between; here that
ends this process only. Imports nothing of the project, as it is run by its path.
"""

import json
import resource
import sys
from datetime import date, datetime
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

ADDRESS_SPACE, CPU_S = 2**30, 20
MAX_ROWS, MAX_COLUMNS, MAX_SHEETS, MAX_CHARACTERS = 100_000, 200, 50, 50_000_000


class TooLarge(Exception):
    """More cells than an import takes."""


def main() -> None:
    """Write ``{"sheets": [[name, first row's number, rows]]}`` or ``{"error": reason}``."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
        names = book.sheet_names[:MAX_SHEETS]
        told: dict[str, list[object]] = {"sheets": [_sheet(book.get_sheet_by_name(name)) for name in names]}
    except (CalamineError, TooLarge, OSError, ValueError) as error:
        told = {"error": [str(error) or type(error).__name__]}
    json.dump(told, sys.stdout)


def _sheet(sheet: CalamineSheet) -> list[object]:
    if sheet.start is None:
        return [sheet.name, 1, []]
    if sheet.height > MAX_ROWS or sheet.width > MAX_COLUMNS:
        raise TooLarge(f"sheet {sheet.name} has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns")
    rows, left = [], MAX_CHARACTERS
    for cells in sheet.to_python():
        row = [_text(cell) for cell in cells]
        left -= sum(map(len, row))
        if left < 0:
            raise TooLarge(f"sheet {sheet.name} has more than {MAX_CHARACTERS} characters")
        rows.append(row)
    return [sheet.name, sheet.start[0] + 1, rows]


def _text(cell: object) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date():
            return cell.isoformat()
    return str(cell)


if __name__ == "__main__":
    main()
