"""The report of an import: a row for every row. A spreadsheet shows it, so nothing in it may be a formula."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from infra.importing.uploader import Outcome

HEADER = ("row", "outcome", "about", "field", "reason", "id")
# What spreadsheets take for a formula, also behind quotation marks and spaces, and written in full width.
FORMULA = re.compile(r"""[\s"'“”‘’＂＇\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]""")


def write_report(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write the report as CSV that Excel opens in the right encoding.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        for one in outcomes:
            cells = (one.place, one.verdict, one.about, one.field, one.reason, one.thing)
            rows.writerow([harmless(cell) for cell in cells])


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if FORMULA.match(text) else text
