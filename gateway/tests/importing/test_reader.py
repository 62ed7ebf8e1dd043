"""What the program that reads a file says, and how far it is believed."""

import json
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryFile

import pytest

from gateway.importing.reader import Told, reading
from gateway.importing.reading import program
from gateway.importing.rows import RowError, read_row
from gateway.tests.importing import samples
from shared.errors import RuleBroken

EXPORTED = datetime(2022, 5, 1, 8, tzinfo=UTC)


def test_a_cell_at_the_far_end_of_a_sheet_does_not_take_the_memory_between():
    """S37: two cells, 17 thousand million between them."""
    book = zipfile.ZipFile(BytesIO(samples.xlsx(("a", "b"))))
    parts = {name: book.read(name) for name in book.namelist()}
    sheet = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", sheet)

    with pytest.raises(RuleBroken, match=r"import\.unreadable"), _reading(samples.archive(parts)) as told:
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
