"""What a file is, by its content: its name tells nothing, platforms save HTML as .xls."""

import codecs
import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from io import TextIOWrapper
from typing import IO, Literal, NamedTuple

from shared.errors import Invalid

MAX_BYTES = 50 * 2**20
PIECE = 2**18  # bytes that are held of a text
LOOKED_AT = 20_000  # characters that decide on the separator
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
MARKUP = r"<(!doctype\s+html|html|head|body|table|meta|style|div|\?xml[^>]*>\s*<(!doctype\s+)?html)"
UNREADABLE = bytes([*range(0x09), *range(0x0E, 0x20)])
Separator = Literal[",", "\t"]


class Workbook(NamedTuple):
    """XLSX or XLS."""

    content: bytes


class Page(NamedTuple):
    """HTML."""

    text: str


class Lines(NamedTuple):
    """Lines of values, in a file that can be read from its beginning again and again."""

    file: IO[bytes]
    encoding: str
    separator: Separator

    def rows(self) -> Iterator[list[str]]:
        """Give the rows from the first on. Raises: csv.Error: the quotation marks do not match."""
        self.file.seek(0)
        text = TextIOWrapper(self.file, self.encoding, newline="")
        try:
            yield from csv.reader(text, delimiter=self.separator, strict=True)
        finally:
            text.detach()  # it would close the file


def sniff(file: IO[bytes]) -> Workbook | Page | Lines:
    """Return what the file's content is. Of text no more than a piece is held at once.

    Raises:
        Invalid: it is nothing that can be imported, or too large; ``import.*`` and a sentence that says why.
    """
    if file.seek(0, os.SEEK_END) > MAX_BYTES:
        raise too_large()
    file.seek(0)
    start = file.read(len(OLE))
    if start.startswith(ZIP):
        return _workbook(start + file.read())
    if start == OLE:
        return Workbook(start + file.read())
    encoding, beginning = _text(file, start)
    if beginning.lstrip().startswith("<"):
        if re.match(MARKUP, beginning.lstrip(), re.IGNORECASE):
            file.seek(0)
            return Page(file.read().decode(encoding))
        raise Invalid("import.unknown_kind", "the file is XML; save it as XLSX or CSV")
    return Lines(file, encoding, _separator(beginning))


def too_large() -> Invalid:
    """Return the error for a file over the limit."""
    return Invalid("import.too_large", f"the file is larger than {MAX_BYTES // 2**20} MB; split it")


def _workbook(content: bytes) -> Workbook:
    from gateway.importing.reading.archive import require_harmless  # most files are no archive, and start sooner

    if "xl/workbook.xml" not in require_harmless(content):
        raise Invalid("import.not_a_workbook", "the file is a zip archive, yet no XLSX workbook")
    return Workbook(content)


def _text(file: IO[bytes], start: bytes) -> tuple[str, str]:
    """Return the encoding in which the whole file is readable text, and the text's beginning."""
    for encoding in ("utf-16",) if start.startswith(UTF_16) else ("utf-8-sig", "gb18030"):
        try:
            return encoding, _beginning(file, encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("import.encoding", "the file is neither UTF-8 nor GB 18030 text, nor a workbook; save it as XLSX")


def _beginning(file: IO[bytes], encoding: str) -> str:
    """Decode the file to its end; return the first characters. Raises: UnicodeDecodeError."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    beginning, blank, unreadable = "", True, False
    for piece in iter(partial(file.read, PIECE), b""):
        text = decoder.decode(piece)
        beginning += text[: LOOKED_AT - len(beginning)]
        blank = blank and not text.strip()
        marks = text.encode(errors="replace") if encoding == "utf-16" else piece  # in the others these are bytes
        unreadable = unreadable or len(marks.translate(None, UNREADABLE)) < len(marks)
    decoder.decode(b"", final=True)
    if blank:
        raise Invalid("import.empty", "the file is empty")
    if unreadable:
        raise Invalid("import.unknown_kind", "the file is no text, XLSX, XLS or HTML table")
    return beginning


def _separator(beginning: str) -> Separator:
    """Return the separator that cuts most rows of the beginning into the same number (two or more) of values."""
    lines = beginning.splitlines(keepends=True)
    return "\t" if _evenness(lines, "\t") > _evenness(lines, ",") else ","


def _evenness(lines: list[str], separator: Separator) -> int:
    widths: Counter[int] = Counter()
    try:
        widths.update(len(row) for row in csv.reader(lines, delimiter=separator) if len(row) > 1)
    except csv.Error:
        return 0
    return max(widths.values(), default=0)
