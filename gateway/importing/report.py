"""The report of an import: a line for every row. A spreadsheet shows it, so nothing in it may be a formula."""

import csv
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

HEADER = ("row", "outcome", "about", "field", "reason", "id")
ENCODING = "utf-8-sig"  # Excel opens it in the right one
# What spreadsheets take for a formula, also behind quotation marks and spaces, and written in full width.
FORMULA = re.compile(r"""[\s"'“”‘’＂＇\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]""")


def header() -> bytes:
    """Return the first line."""
    return _lines([HEADER]).encode(ENCODING)


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a line for each row."""
    return _lines([harmless(row[name] or "") for name in HEADER] for row in rows).encode()


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def _lines(rows: Iterable[Iterable[str]]) -> str:
    written = StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()
