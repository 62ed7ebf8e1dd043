"""How large a table may be."""

from shared.errors import Invalid

MAX_ROWS, MAX_COLUMNS, MAX_SHEETS, MAX_CHARACTERS = 100_000, 200, 50, 50_000_000


def require_room(rows: int, columns: int) -> None:
    """Pass while one more row of that width fits. Raises: Invalid: ``import.too_large``."""
    if rows >= MAX_ROWS or columns > MAX_COLUMNS:
        raise Invalid("import.too_large", f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns; split the file")
