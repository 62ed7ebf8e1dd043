"""Recognises what a table is by the names of its columns, wherever they stand, and reads its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from gateway.importing.reading.rows import AnyRow, ArticleRow, FollowersRow, ReadRow, ReadsRow, RowError
from gateway.importing.reading.tables import Row, Table
from gateway.importing.reading.values import Unreadable, When, count, iso, plain, to_html, when
from shared.contracts.content.requests import DraftArticle
from shared.contracts.metrics.events import ReadUnit
from shared.errors import Invalid
from shared.ids import new_id

HEADER_WITHIN = 20  # rows from the top of a table
SAMPLE, SAMPLE_CELL = 5, 80  # rows, and characters of a cell, that show what was understood
WECHAT_SETTLES = timedelta(days=8)  # WeChat counts for seven days after the day of publication, and no longer
KINDS = {"新闻": "news", "推文": "wechat_post", "微信": "wechat_post", "视频": "video_post", "短视频": "video_post"}
ARTICLE_COLUMNS = {
    "unit": ("unit", "单位"), "kind": ("kind", "类型"), "title": ("title", "标题"), "body": ("body", "正文"),
    "published_at": ("published_at", "发布时间"), "url": ("url", "链接"), "channel": ("channel", "渠道"),
    "byline": ("byline", "作者"), "tags": ("tags", "标签"), "topic": ("topic", "专题"), "series": ("series", "系列"),
    "originality": ("originality",), "source_url": ("source_url", "来源链接"),
    "event_ended_at": ("event_ended_at", "活动结束时间"),
}  # fmt: skip
Cells = Mapping[str, str]
DRAFT = DraftArticle()


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of table: names of its columns by what they mean, and how a row is read."""

    name: str
    required: Mapping[str, Sequence[str]]
    optional: Mapping[str, Sequence[str]]
    read: Callable[[str, Cells, datetime], ReadRow]

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """All columns."""
        return {**self.required, **self.optional}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A table that is understood: its columns by what they mean, as the file writes them, and its first rows' cells."""

    name: str
    format: str
    columns: Mapping[str, str]
    sample: Sequence[Row]
    rows: Sequence[AnyRow]


class _Bad(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason


def recognise(tables: Sequence[Table], exported_at: datetime) -> list[Recognised]:
    """Return what the tables say; those that are nothing known are left out when another is.

    ``exported_at`` is when the figures were taken, for exports that do not say it.

    Raises:
        Invalid: ``import.unknown_format``, none is known.
    """
    found = [_read(table, *known, exported_at, len(tables) > 1) for table in tables if (known := _header(table))]
    if not found:
        seen = next((row for table in tables for row in table.rows if sum(map(bool, row)) > 1), tables[0].rows[0])
        names = "; ".join(f"{one.name} ({', '.join(names[0] for names in one.required.values())})" for one in FORMATS)
        columns = ", ".join(filter(None, seen))[:200]
        raise Invalid(
            "import.unknown_format", f"the columns are none of a known table. Seen: {columns}. Known: {names}"
        )
    return found


def _header(table: Table) -> tuple[Format, int] | None:
    """Return the table's format and the index of its header row."""
    for index, row in enumerate(table.rows[:HEADER_WITHIN]):
        names = {plain(cell) for cell in row}
        for known in FORMATS:
            if all(names & set(wanted) for wanted in known.required.values()):
                return known, index
    return None


def _read(table: Table, known: Format, header: int, exported_at: datetime, many: bool) -> Recognised:
    columns = _columns(table.rows[header], known)
    rows: list[AnyRow] = []
    sample: list[Row] = []
    for index, row in enumerate(table.rows[header + 1 :], header + 1):
        if any(row):
            number = str(table.first + index)
            rows.append(_row(f"{table.name}!{number}" if many else number, row, columns, known, exported_at))
            if len(sample) < SAMPLE:
                sample.append([row[at][:SAMPLE_CELL] if at < len(row) else "" for at in columns.values()])
    named = {column: table.rows[header][at] for column, at in columns.items()}
    return Recognised(table.name, known.name, named, sample, rows)


def _columns(header: Row, known: Format) -> dict[str, int]:
    names = [plain(cell) for cell in header]
    where = {
        column: [names.index(name) for name in wanted if name in names] for column, wanted in known.columns.items()
    }
    return {column: found[0] for column, found in where.items() if found}


def _row(place: str, row: Row, columns: Mapping[str, int], known: Format, exported_at: datetime) -> AnyRow:
    cells = {column: row[at] for column, at in columns.items() if at < len(row)}
    try:
        return known.read(place, cells, exported_at)
    except _Bad as bad:
        said = cells.get("title") or cells.get("channel") or cells.get("taken_at") or ""
        return RowError(place=place, field=bad.field, reason=bad.reason, about=said)


def _article(place: str, cells: Cells, _: datetime) -> ArticleRow:
    kind = cells.get("kind", "")
    text: dict[str, object] = {"title": _needed(cells, "title"), "kind": KINDS.get(kind, kind)}
    text["body"] = to_html(_needed(cells, "body"))
    for name in ("byline", "topic", "series", "originality", "source_url"):
        text |= {name: cells[name]} if cells.get(name) else {}
    if tags := [tag.strip() for tag in cells.get("tags", "").replace("，", ",").split(",") if tag.strip()]:
        text["tags"] = tags
    if ended := _moment(cells, "event_ended_at"):
        text["event_ended_at"] = iso(ended)
    try:
        DRAFT.load({**text, "unit_id": str(new_id())})
    except Invalid as error:
        field, reasons = next(iter(error.fields.items()))
        raise _Bad(field, " ".join(reasons)) from error
    return ArticleRow(
        place=place, unit=cells.get("unit", ""), kind=str(text.pop("kind")), title=str(text.pop("title")), text=text,
        published_at=_moment(cells, "published_at"), url=cells.get("url") or None, channel=cells.get("channel", ""),
    )  # fmt: skip


def _wechat_reads(place: str, cells: Cells, exported_at: datetime) -> ReadsRow:
    """次数 are reads, 人数 are readers: one person may read often."""
    counts = {unit: _count(cells, unit) for unit in ("reads", "readers") if unit in cells}
    published = _when(cells, "published_at")
    return ReadsRow(
        place=place, title=_needed(cells, "title"), published=published, url=cells.get("url") or None,
        counts=cast(dict[ReadUnit, int], counts), kind="wechat_post", channel_kind="wechat_oa",
        source="wechat content analysis", taken_at=min(published.moment + WECHAT_SETTLES, exported_at),
    )  # fmt: skip


def _douyin_reads(place: str, cells: Cells, exported_at: datetime) -> ReadsRow:
    return ReadsRow(
        place=place, title=_needed(cells, "title"), published=_when(cells, "published_at"), url=None,
        counts={"reads": _count(cells, "reads")}, kind="video_post", channel_kind="douyin",
        source="douyin creator centre", taken_at=exported_at,
    )  # fmt: skip


def _wechat_followers(place: str, cells: Cells, exported_at: datetime) -> FollowersRow:
    return FollowersRow(
        place=place, channel="", channel_kind="wechat_oa", taken_at=_end(cells, exported_at),
        followers=_count(cells, "followers"), source="wechat user growth",
    )  # fmt: skip


def _followers(place: str, cells: Cells, exported_at: datetime) -> FollowersRow:
    return FollowersRow(
        place=place, channel=cells.get("channel", ""), channel_kind=None, taken_at=_end(cells, exported_at),
        followers=_count(cells, "followers"), source="channel statistics",
    )  # fmt: skip


def _needed(cells: Cells, name: str) -> str:
    if not cells.get(name):
        raise _Bad(name, "missing")
    return cells[name]


def _when(cells: Cells, name: str) -> When:
    try:
        return when(cells.get(name, ""))
    except Unreadable as error:
        raise _Bad(name, str(error)) from error


def _moment(cells: Cells, name: str) -> datetime | None:
    return _when(cells, name).moment if cells.get(name) else None


def _end(cells: Cells, exported_at: datetime) -> datetime:
    """Return the counted day's last second, or the moment of the export on the day that still runs."""
    told = _when(cells, "taken_at")
    return min(told.last, max(told.moment, exported_at)) if told.whole_day else told.moment


def _count(cells: Cells, name: str) -> int:
    try:
        return count(cells.get(name, ""))
    except Unreadable as error:
        raise _Bad(name, str(error)) from error


WECHAT = {"title": ("内容标题", "标题"), "published_at": ("发表时间",), "readers": ("总阅读人数",)}
WECHAT_URL = {"url": ("内容url",)}
FORMATS = (
    Format("WeChat content analysis", {**WECHAT, "reads": ("总阅读次数",)}, WECHAT_URL, _wechat_reads),
    Format("WeChat content analysis (2026)", WECHAT, WECHAT_URL, _wechat_reads),
    Format("WeChat user growth", {"taken_at": ("时间", "日期"), "followers": ("累积关注人数",)}, {}, _wechat_followers),
    Format("Douyin creator centre", {"title": ("作品名称",), "published_at": ("发布时间",), "reads": ("播放量",)}, {},
           _douyin_reads),
    Format("channel statistics", {"taken_at": ("taken_at", "日期"), "followers": ("followers", "粉丝数")},
           {"channel": ("channel", "渠道")}, _followers),
    Format("articles", {name: ARTICLE_COLUMNS[name] for name in ("kind", "title", "body")}, ARTICLE_COLUMNS, _article),
)  # fmt: skip
