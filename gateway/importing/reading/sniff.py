"""What a file is, by its content: its name tells nothing, platforms save HTML as .xls."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from gateway.importing.reading.archive import require_harmless
from shared.errors import Invalid

MAX_BYTES = 50 * 2**20
LOOKED_AT = 20_000  # characters that decide on the separator
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
MARKUP = re.compile(
    r"\s*<(!doctype\s+html|html|head|body|table|meta|style|div|\?xml[^>]*>\s*<(!doctype\s+)?html)", re.I
)
UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f]")
Separator = Literal[",", "\t"]


@dataclass(frozen=True, slots=True)
class Workbook:
    """XLSX or XLS."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """HTML."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of values."""

    text: str
    separator: Separator


def sniff(content: bytes) -> Workbook | Page | Lines:
    """Return what the content is.

    Raises:
        Invalid: it is nothing that can be imported, or too large; ``import.*`` and a sentence that says why.
    """
    if len(content) > MAX_BYTES:
        raise too_large()
    if content.startswith(ZIP):
        if "xl/workbook.xml" not in require_harmless(content):
            raise Invalid("import.not_a_workbook", "the file is a zip archive, yet no XLSX workbook")
        return Workbook(content)
    if content.startswith(OLE):
        return Workbook(content)
    text = _decoded(content)
    if MARKUP.match(text):
        return Page(text)
    if text.lstrip().startswith("<"):
        raise Invalid("import.unknown_kind", "the file is XML; save it as XLSX or CSV")
    return Lines(text, _separator(text))


def too_large() -> Invalid:
    """Return the error for a file over the limit."""
    return Invalid("import.too_large", f"the file is larger than {MAX_BYTES // 2**20} MB; split it")


def _decoded(content: bytes) -> str:
    text = _text(content)
    if not text.strip():
        raise Invalid("import.empty", "the file is empty")
    if UNREADABLE.search(text):
        raise Invalid("import.unknown_kind", "the file is no text, XLSX, XLS or HTML table")
    return text


def _text(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith(UTF_16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("import.encoding", "the file is neither UTF-8 nor GB 18030 text, nor a workbook; save it as XLSX")


def _separator(text: str) -> Separator:
    """Return the separator that cuts most rows of the beginning into the same number (two or more) of values."""
    beginning = text[:LOOKED_AT].splitlines(keepends=True)
    return "\t" if _evenness(beginning, "\t") > _evenness(beginning, ",") else ","


def _evenness(lines: list[str], separator: Separator) -> int:
    widths: Counter[int] = Counter()
    try:
        widths.update(len(row) for row in csv.reader(lines, delimiter=separator) if len(row) > 1)
    except csv.Error:
        return 0
    return max(widths.values(), default=0)
