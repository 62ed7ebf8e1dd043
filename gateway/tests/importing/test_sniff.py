"""Files are known by their content."""

from io import BytesIO

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.importing.reading.formats import recognise
from gateway.importing.reading.sniff import MAX_BYTES, Lines, Page, Workbook, sniff
from gateway.importing.reading.tables import read_tables
from gateway.tests.importing import samples
from shared.errors import Invalid

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


def _drawn(content: bytes) -> None:
    tables = read_tables(BytesIO(content))
    recognise(tables)
    for table in tables:
        list(table.rows())
