"""Files are known by their content."""

import json
import struct
import time
import tracemalloc
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryFile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.importing.reader import Told, reading
from gateway.importing.reading import program
from gateway.importing.reading.archive import MAX_INFLATED, require_harmless
from gateway.importing.reading.formats import recognise
from gateway.importing.reading.sniff import MAX_BYTES, Lines, Page, Workbook, sniff
from gateway.importing.reading.tables import read_tables
from gateway.importing.rows import RowError, read_row
from gateway.tests.importing import samples
from shared.errors import Invalid, RuleBroken

EXPORTED = datetime(2022, 5, 1, 8, tzinfo=UTC)
MARKS = st.sampled_from([
    b"", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<table>", b"<html>",
    b"\xef\xbb\xbf", b"\xff\xfe", b'"', "渠道".encode("gb18030"), b"a,b\n", b"a\tb\n",
])  # fmt: skip


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (samples.xlsx(("a", "b")), Workbook),
        (samples.xls(("a", "b")), Workbook),
        (samples.GROWTH.encode(), Page),
        (b"\xef\xbb\xbf\r\n  <TABLE><tr><td>1</td></tr></TABLE>", Page),
        (b'<?xml version="1.0" encoding="gb2312"?><html><table><tr><td>1</td></tr></table></html>', Page),
        (b"a,b\n1,2\n", Lines),
    ],
)
def test_the_content_tells_the_kind(content, kind):
    assert isinstance(sniff(BytesIO(content)), kind)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_lines_are_read_in_every_encoding_and_with_both_separators(encoding, separator):
    text = f'渠道{separator}粉丝数\n"文学院{separator} 微信"{separator}12\n'

    (table,) = samples.tables(text.encode(encoding))

    assert table == ("", 1, [["渠道", "粉丝数"], [f"文学院{separator} 微信", "12"]])


def test_commas_inside_text_do_not_make_a_tab_separated_file_a_comma_separated_one():
    (table,) = samples.tables("title\tbody\nx\t一,二,三\ny\t四,五,六\nz\t七\n".encode())

    assert table[2] == [["title", "body"], ["x", "一,二,三"], ["y", "四,五,六"], ["z", "七"]]


def test_cells_of_html_keep_their_columns_when_others_span_several():
    (table,) = samples.tables(b"<table><thead><tr><th colspan=2>a</th><th>b</th></thead><tr><td>1<td>2<td>3</table>")

    assert table[2] == [["a", "", "b"], ["1", "2", "3"]]


def test_rows_of_a_sheet_are_numbered_as_the_spreadsheet_numbers_them():
    (table,) = samples.tables(samples.xlsx(("a", "b"), (1, 2.5), top=3, left=1))

    assert table == ("New Sheet1", 4, [["a", "b"], ["1", "2.5"]])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.empty"),
        (b" \r\n\t ", "import.empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "import.unknown_kind"),
        (b"\xff\xff\xff", "import.encoding"),
        (b"%PDF-1.4\x00\x01", "import.unknown_kind"),
        (b"<?xml version='1.0'?><Workbook/>", "import.unknown_kind"),
        (b"<html><p>no table</p></html>", "import.no_table"),
        (b'a,b\n"1,2\n', "import.broken_csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "import.broken_workbook"),
        (samples.xlsx(("a",))[:-30], "import.broken_zip"),
        (b"," * 300, "import.too_large"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_a_reason(content, code):
    with pytest.raises(Invalid) as refused:
        _drawn(content)
    assert refused.value.code == code
    assert len(refused.value.detail) > 10


def test_a_file_over_the_limit_is_refused_unread():
    with pytest.raises(Invalid, match=r"import\.too_large"):
        sniff(BytesIO(bytes(MAX_BYTES + 1)))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(lambda mark, rest: mark + rest, MARKS, st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
)
@example(b"<table>" * 3000)
@example(b'<td colspan="\xc2\xb2"><table><tr><td colspan=999>')
def test_whatever_the_bytes_are_there_is_a_table_or_a_clear_refusal(content):
    try:
        tables = samples.tables(content)
    except Invalid as refused:
        assert refused.code.startswith("import.") and refused.detail  # noqa: PT017
    else:
        assert all(isinstance(cell, str) for _, _, rows in tables for row in rows for cell in row)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_workbook_with_a_wrong_byte_is_read_or_refused(at, byte):
    content = bytearray(SOUND)
    content[at % len(content)] = byte
    try:
        require_harmless(bytes(content))
    except Invalid as refused:
        assert refused.code in ("import.bomb", "import.broken_zip")  # noqa: PT017


SOUND = samples.xlsx(samples.CONTENT_COLUMNS, samples.CONTENT_ROW)


def test_a_workbook_that_inflates_beyond_the_limits_is_refused_before_it_is_inflated():
    """S37: the declared size, and the ratio; at once and in little memory."""
    _require_refused_cheaply(
        _archive({"xl/workbook.xml": bytes(2**20), "xl/worksheets/sheet1.xml": bytes(201 * 2**20)})
    )


def test_a_workbook_that_lies_about_its_size_is_refused():
    """S37: the naive mutant, which adds up what the archive declares, lets it pass."""
    honest = _archive({"xl/workbook.xml": b"<workbook/>", "xl/sheet.xml": bytes(100 * 2**20)})
    lying = honest.replace(struct.pack("<I", 100 * 2**20), struct.pack("<I", 1000))

    naive = sum(entry.file_size for entry in zipfile.ZipFile(BytesIO(lying)).infolist())
    assert naive < MAX_INFLATED and naive < 100 * len(lying)
    _require_refused_cheaply(lying)


def test_entries_that_share_their_bytes_are_counted_each():
    """S37: overlapping entries, each within the ratio, together far beyond it."""
    once = _archive({"xl/workbook.xml": bytes(range(256)) * 40})
    at = once.index(b"PK\x01\x02")
    end = once.index(b"PK\x05\x06")
    entry = once[at:end]
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 3000, 3000, 3000 * len(entry), at, 0)

    _require_refused_cheaply(once[:at] + 3000 * entry + tail)


@pytest.mark.parametrize("entries", [10_001, 60_000])
def test_a_workbook_of_too_many_entries_is_refused(entries):
    """S37: entries."""
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, entries * len(one), 4, 0)

    _require_refused_cheaply(b"PK\x03\x04" + entries * one + tail)


def test_a_workbook_of_the_usual_kind_passes_also_with_an_archive_inside():
    """S37: nesting: an archive inside is a file like another, it is not opened."""
    inside = _archive({"bomb": bytes(2**20)})
    assert require_harmless(_archive({"xl/workbook.xml": b"<workbook/>", "xl/embeddings/1.zip": inside}))
    assert "xl/workbook.xml" in require_harmless(SOUND)


def test_a_cell_at_the_far_end_of_a_sheet_does_not_take_the_memory_between():
    """S37: two cells, 17 thousand million between them."""
    book = zipfile.ZipFile(BytesIO(samples.xlsx(("a", "b"))))
    parts = {name: book.read(name) for name in book.namelist()}
    sheet = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", sheet)

    with pytest.raises(RuleBroken, match=r"import\.unreadable"), _reading(_archive(parts)) as told:
        list(told.rows())


def test_what_is_told_of_a_file_is_what_it_says():
    with _reading(samples.ARTICLES.encode("gb18030")) as told:
        ((_, rows),) = samples.rows(samples.ARTICLES.encode(), EXPORTED)
        assert [read_row(says) for _, _, says in told.rows()] == rows and told.total == len(rows) == 2
        assert [table["columns"]["title"] for table in told.tables] == ["title"]
        assert [row[1] for row in told.tables[0]["sample"]] == ["开学典礼举行", "只是草稿"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"channel,taken_at,followers\n" + b"A,2021-07-01,5\n" * 2_000_000, "import.too_large"),
        (b"channel,taken_at,followers\n", "import.no_rows"),
    ],
)
def test_a_refusal_comes_across_as_itself(content, code):
    """Two million rows, and none."""
    with pytest.raises(RuleBroken, match=code), _reading(content) as told:
        list(told.rows())


def test_rows_are_told_while_the_rest_is_unread():
    """The mutant that first reads all of it has read the file to its end before the first row."""
    file = BytesIO(b"channel,taken_at,followers\n" + b"A,2021-07-01,5\n" * 90_000)
    sniffed = file.seek(0, 2)

    told = program.told(file, EXPORTED)
    first = next(told)

    assert _rows_in(first) == program.AT_ONCE and file.tell() < sniffed / 10
    assert sum(map(_rows_in, told)) == 90_000 - program.AT_ONCE


def test_rows_that_are_long_go_out_in_less_than_five_hundred():
    content = "kind,title,body\n" + f"新闻,题,{'长' * 30_000}\n" * 9
    told = list(program.told(BytesIO(content.encode()), EXPORTED))
    assert list(map(_rows_in, told[:-1])) == [3, 3, 3]


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"says": "reads"}', '{"says": []}', "[" * 100_000, '{"says": "os"}'])
def test_what_the_program_should_not_say_of_a_row_is_a_row_in_error(said):
    assert isinstance(read_row(said), RowError)


@pytest.mark.parametrize(
    "said",
    [
        b"", b"{}", b"[]\n", b'{"places": [1]}\n', b'{"places": 1, "words": 1}\n', b"[" * 100_000 + b"\n",
        b'{"places": ["1", "2"], "words": ["1"]}\n{}\n{}\n', b'{"places": ["1"], "words": ["1"]}\n\xff\n',
        b'{"places": ["1"], "words": ["1"]}\n{"says"',
    ],
)  # fmt: skip
def test_a_program_that_says_something_else_is_heard_no_further(said):
    with pytest.raises(RuleBroken, match=r"import\.unreadable"):
        list(Told(BytesIO(said)).rows())


def test_a_program_that_tells_of_more_rows_than_there_may_be_is_heard_no_further(monkeypatch):
    monkeypatch.setattr("gateway.importing.reader.MAX_ROWS", 3)
    with pytest.raises(RuleBroken, match=r"import\.unreadable"):
        list(Told(BytesIO(b'{"places": ["1", "2"], "words": ["1", "2"]}\n{}\n{}\n' * 2 + b'{"tables": []}\n')).rows())


def test_the_program_knows_nothing_of_our_environment(monkeypatch):
    """The mutant that passes it on shows the platform's secret to whoever takes over the program."""
    monkeypatch.setenv("MATRIX_SECRET", "the-secret")
    started: list[Popen[bytes]] = []

    def start(*command, **more):
        started.append(Popen(*command, **more))
        return started[0]

    monkeypatch.setattr("gateway.importing.reader.subprocess.Popen", start)
    with _reading(samples.ARTICLES.encode()) as told:
        next(told.rows())
        assert b"the-secret" not in Path(f"/proc/{started[0].pid}/environ").read_bytes()


@contextmanager
def _reading(content: bytes):
    with TemporaryFile() as file:
        file.write(content)
        with reading(file, EXPORTED) as told:
            yield told


def _rows_in(told: bytes) -> int:
    return len(json.loads(told.partition(b"\n")[0]).get("places", ()))


def _drawn(content: bytes) -> None:
    tables = read_tables(BytesIO(content))
    recognise(tables)
    for table in tables:
        list(table.rows())


def _archive(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def _require_refused_cheaply(content: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(Invalid, match=r"import\.bomb"):
            sniff(BytesIO(content))
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
        assert time.process_time() - started < 2  # a second without the tracing
    finally:
        tracemalloc.stop()
