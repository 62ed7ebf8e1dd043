"""What is exported is read as what it says."""

import csv
import io
from datetime import UTC, date, datetime
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.importing.reader import Told
from gateway.importing.reading import program
from gateway.importing.reading.values import CHINA, Unreadable, count, when
from gateway.importing.rows import ArticleRow, FollowersRow, ReadsRow, RowError, about, read_row
from gateway.tests.importing import samples
from shared.errors import Invalid

EXPORTED = datetime(2022, 5, 1, 8, tzinfo=UTC)


def test_wechat_content_analysis_gives_reads_and_readers_apart():
    (row,) = _rows(samples.xlsx(samples.CONTENT_COLUMNS, samples.CONTENT_ROW), "WeChat content analysis")

    assert isinstance(row, ReadsRow)
    assert (row.place, row.title, row.counts) == ("2", "学院召开年度总结大会", {"reads": 163, "readers": 94})
    assert row.url == "http://mp.weixin.qq.com/s?__biz=MzA5&mid=1"
    assert (row.kind, row.channel_kind) == ("wechat_post", "wechat_oa")
    assert row.published == datetime(2022, 3, 28, 16, tzinfo=UTC)


def test_what_wechat_counted_holds_when_its_seven_days_are_over():
    content = samples.xlsx(samples.CONTENT_COLUMNS, samples.CONTENT_ROW)
    early = datetime(2022, 4, 1, tzinfo=UTC)

    (late_row,), (early_row,) = (samples.rows(content, at)[0][1] for at in (EXPORTED, early))

    assert isinstance(late_row, ReadsRow) and late_row.taken_at == datetime(2022, 4, 5, 16, tzinfo=UTC)
    assert isinstance(early_row, ReadsRow) and early_row.taken_at == early


@pytest.mark.parametrize("make", [samples.xls, lambda *rows: samples.xlsx(*rows)])
def test_the_2026_variant_has_readers_only_and_begins_in_the_fourth_row(make):
    pad = ("",)
    content = make(("统计",), (), (), pad + samples.NEW_COLUMNS, pad + samples.NEW_ROW)

    (row,) = _rows(content, "WeChat content analysis (2026)")

    assert isinstance(row, ReadsRow)
    assert (row.place, row.counts) == ("5", {"readers": 94})


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_wechat_user_growth_is_html_and_gives_followers_at_the_end_of_each_day(encoding):
    rows = _rows(samples.GROWTH.encode(encoding), "WeChat user growth")

    assert [(row.place, row.followers) for row in rows if isinstance(row, FollowersRow)] == [("3", 1010), ("4", 1000)]
    assert rows[0].taken_at == datetime(2021, 7, 2, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("order", [1, -1])
def test_douyin_is_read_by_the_names_of_its_columns_wherever_they_stand(order):
    content = samples.xlsx(samples.DOUYIN_COLUMNS[::order], samples.DOUYIN_ROW[::order])

    (row,) = _rows(content, "Douyin creator centre")

    assert isinstance(row, ReadsRow)
    assert (row.title, row.counts, row.kind) == ("校园的一天", {"reads": 12034}, "video_post")
    assert (row.published, row.taken_at) == (datetime(2021, 10, 8, 4, 30, tzinfo=UTC), EXPORTED)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_articles_are_read_from_csv(encoding):
    first, draft = _rows(samples.ARTICLES.encode(encoding), "articles")

    assert first == ArticleRow(
        place="2", unit="文学院", kind="news", title="开学典礼举行",
        text={"body": "<p>第一段。</p><p>第二段，1&lt;2。</p>"}, published_at=datetime(2021, 9, 1, 2, tzinfo=UTC),
        url="https://a.example.edu.cn/1", channel="文学院网站",
    )  # fmt: skip
    assert isinstance(draft, ArticleRow) and draft.text["body"] == "<p>正文</p>" and draft.published_at is None


def test_articles_are_read_from_xlsx_with_chinese_names_and_real_dates():
    head = ("标题", "类型", "正文", "发布时间", "标签")
    (row,) = _rows(samples.xlsx(head, ("题", "推文", "文", datetime(2021, 7, 1, 9, 30), "甲，乙")), "articles")  # noqa: DTZ001

    assert isinstance(row, ArticleRow) and (row.kind, row.text["tags"]) == ("wechat_post", ["甲", "乙"])
    assert row.published_at == datetime(2021, 7, 1, 1, 30, tzinfo=UTC)


def test_channel_statistics_are_read_and_the_running_day_ends_with_the_export():
    rows = _rows(b"channel,taken_at,followers\nA,2022-04-30,5\nA,2022-05-01,6\n", "channel statistics")

    assert [row.taken_at for row in rows] == [datetime(2022, 4, 30, 15, 59, 59, tzinfo=UTC), EXPORTED]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("A,someday,5", "taken_at", "no day or moment"),
        ("A,2021-02-30,5", "taken_at", "no such moment"),
        ("A,2021-02-03,1.2万", "followers", "rounded"),
        ("A,2021-02-03,-5", "followers", "not from 0"),
        ("A,2021-02-03,", "followers", "missing"),
        ("A", "taken_at", "missing"),
    ],
)
def test_a_bad_row_is_named_with_its_number_its_column_and_the_reason(line, field, reason):
    good, bad = _rows(f"channel,taken_at,followers\nA,2021-01-01,1\n\n{line}\n".encode(), "channel statistics")

    assert isinstance(good, FollowersRow)
    assert isinstance(bad, RowError) and (bad.place, bad.field) == ("4", field)
    assert reason in bad.reason


def test_an_article_that_the_platform_would_refuse_is_refused_with_the_field():
    rows = _rows(f"kind,title,body\nessay,t,b\nnews,{'长' * 201},b\nnews,t,\n".encode(), "articles")

    assert [row.field for row in rows if isinstance(row, RowError)] == ["kind", "title", "body"]


def test_every_sheet_of_a_workbook_counts_and_rows_name_their_sheet():
    page = "<table><tr><td>时间<td>累积关注人数<tr><td>2021-07-0{}<td>1</table>"
    content = (page.format(1) + "<table><tr><td>x</table>" + page.format(2)).encode()
    (_, first), (_, second) = samples.rows(content, EXPORTED)

    assert (first[0].place, second[0].place) == ("table 1!2", "table 3!2")


def test_an_unknown_table_is_refused_with_what_was_seen_and_what_is_known():
    with pytest.raises(Invalid) as refused:
        samples.rows("甲,乙\n1,2\n".encode(), EXPORTED)

    assert refused.value.code == "import.unknown_format"
    assert "甲, 乙" in refused.value.detail and "WeChat user growth (时间, 累积关注人数)" in refused.value.detail


@given(st.text(max_size=30))
def test_a_cell_is_a_number_or_a_day_or_has_a_reason(text):
    for read in (count, when):
        try:
            read(text)
        except Unreadable as error:
            assert str(error)  # noqa: PT017


@given(st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2199, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_moment_with_its_zone_is_read_as_written(moment):
    assert when(moment.isoformat(timespec="seconds")).moment == moment.replace(microsecond=0)


def _lines(rows, encoding, separator=","):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def _page(rows, encoding):
    lines = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<html><body><table>{lines}</table></body></html>".encode(encoding)


WRITERS = {
    "csv": lambda rows: _lines(rows, "utf-8-sig"),
    "csv in GB 18030": lambda rows: _lines(rows, "gb18030"),
    "tabs in UTF-16": lambda rows: _lines(rows, "utf-16", "\t"),
    "html": lambda rows: _page(rows, "utf-8"),
    "html in GB 18030": lambda rows: _page(rows, "gb18030"),
    "xlsx": lambda rows: samples.xlsx(*rows),
    "xls": lambda rows: samples.xls(*rows),
}
NAMES_OF_CHANNELS = st.text(alphabet="文学院微信𠮷,，\"'<&>=+-;|a1", min_size=1, max_size=8)
COUNTED = st.tuples(NAMES_OF_CHANNELS, st.dates(date(1990, 1, 1), date(2022, 4, 30)), st.integers(0, 10**9))


@settings(deadline=None, max_examples=40)
@given(st.lists(COUNTED, min_size=1, max_size=4), st.sampled_from(sorted(WRITERS)))
def test_whatever_it_is_written_as_every_row_comes_back_as_it_was_once_and_in_order(rows, kind):
    content = WRITERS[kind]([("渠道", "日期", "粉丝数"), *((n, d.isoformat(), c) for n, d, c in rows)])

    told = Told(io.BytesIO(b"".join(program.told(io.BytesIO(content), EXPORTED))))

    lines = list(told.rows())
    read = [row for _, _, says in lines if isinstance(row := read_row(says), FollowersRow)]
    assert [(place, words) for place, words, _ in lines] == [(row.place, about(row)) for row in read]
    assert told.tables[0]["rows"] == told.total == len(read) == len(rows)
    assert [row.place for row in read] == [str(number) for number in range(2, len(rows) + 2)]
    assert [(row.channel, row.followers) for row in read] == [(name, count) for name, _, count in rows]
    assert [row.taken_at.astimezone(CHINA).date() for row in read] == [day for _, day, _ in rows]


def _rows(content: bytes, name: str):
    ((found, rows),) = samples.rows(content, EXPORTED)
    assert found == name
    return rows
