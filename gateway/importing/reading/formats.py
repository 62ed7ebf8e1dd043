"""Recognises what a table is by the names of its columns, wherever they stand, and reads its rows into JSON."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from gateway.importing.reading.tables import Row, Table
from gateway.importing.reading.values import CHINA, Unreadable, When, count, iso, to_html, when
from shared.errors import Invalid
from shared.titles import plain

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
Said = tuple[str, bytes]  # the words by which people know a row, and the members of what it says (``rows``) in JSON
Line = tuple[str, str, bytes]  # where a row stands, the words by which people know it, and what it says as JSON
_json = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode  # in half the time


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _members(says: Mapping[str, Any]) -> bytes:
    return _bytes(_json(says)[1:-1])


_WECHAT = _members({
    "says": "reads", "kind": "wechat_post", "channel_kind": "wechat_oa", "source": "wechat content analysis",
})  # fmt: skip
_DOUYIN = _members({
    "says": "reads", "kind": "video_post", "channel_kind": "douyin", "source": "douyin creator centre",
})  # fmt: skip


class Format(NamedTuple):
    """A kind of table: names of its columns by what they mean, and how a row's cells are read."""

    name: str
    required: Mapping[str, Sequence[str]]
    optional: Mapping[str, Sequence[str]]
    read: Callable[[Cells, datetime], Said]

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """All columns."""
        return {**self.required, **self.optional}


class Recognised:
    """A table that is understood; ``rows`` (their number) and ``sample`` (the first ones) are whole after ``lines``."""

    def __init__(self, table: Table, known: Format, header: int, cells: Row, prefix: str) -> None:
        self._table, self._known, self._header, self._prefix = table, known, header, prefix
        self._columns = _columns(cells, known)
        self.name, self.format = table.name, known.name
        self.columns = {column: cells[at].strip() for column, at in self._columns.items()}
        self.rows = 0
        self.sample: list[list[str]] = []

    def lines(self, exported_at: datetime) -> Iterator[Line]:
        """Give what each row says that is not blank. Raises: Invalid: the table cannot be read any further."""
        first = self._table.first
        for index, row in enumerate(self._table.rows()):
            if index <= self._header or not any(map(str.strip, row)):
                continue
            cells = {column: row[at].strip() for column, at in self._columns.items() if at < len(row)}
            if self.rows < SAMPLE:
                self.sample.append([cells.get(column, "")[:SAMPLE_CELL] for column in self._columns])
            self.rows += 1
            yield self._line(f"{self._prefix}{first + index}", cells, exported_at)

    def _line(self, place: str, cells: Cells, exported_at: datetime) -> Line:
        try:
            about, says = self._known.read(cells, exported_at)
        except _Bad as bad:
            about = cells.get("title") or cells.get("channel") or cells.get("taken_at") or ""
            says = _members({"says": "error", "field": bad.field, "reason": bad.reason, "about": about})
        return place, about, b'{"place":%b,%b}' % (_bytes(_json(place)), says)


class _Bad(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason


def recognise(tables: Sequence[Table]) -> list[Recognised]:
    """Return the tables that are something known, as their first rows tell; the others are left out.

    Raises:
        Invalid: ``import.unknown_format``, none is known; ``import.no_table``, none begins with anything.
    """
    starts = [list(islice(table.rows(), HEADER_WITHIN)) for table in tables]
    filled = [(table, rows) for table, rows in zip(tables, starts, strict=True) if any(map(any, rows))]
    if not filled:
        raise Invalid("import.no_table", "the file holds no table")
    found = [
        Recognised(table, known, header, rows[header], f"{table.name}!" if len(filled) > 1 else "")
        for table, rows in filled
        for known, header in _header(rows)
    ]
    if not found:
        seen = next((row for _, rows in filled for row in rows if sum(map(bool, row)) > 1), filled[0][1][0])
        names = "; ".join(f"{one.name} ({', '.join(names[0] for names in one.required.values())})" for one in FORMATS)
        columns = ", ".join(filter(None, seen))[:200]
        raise Invalid(
            "import.unknown_format", f"the columns are none of a known table. Seen: {columns}. Known: {names}"
        )
    return found


def _header(rows: Sequence[Row]) -> Iterator[tuple[Format, int]]:
    """Give the table's format and the index of its header row, where it is something known."""
    for index, row in enumerate(rows):
        names = {plain(cell) for cell in row}
        for known in FORMATS:
            if all(names & set(wanted) for wanted in known.required.values()):
                yield known, index
                return


def _columns(header: Row, known: Format) -> dict[str, int]:
    names = [plain(cell) for cell in header]
    where = {
        column: [names.index(name) for name in wanted if name in names] for column, wanted in known.columns.items()
    }
    return {column: found[0] for column, found in where.items() if found}


def _article(cells: Cells, _: datetime) -> Said:
    kind = cells.get("kind", "")
    text: dict[str, Any] = {"title": _needed(cells, "title"), "kind": KINDS.get(kind, kind)}
    text["body"] = to_html(_needed(cells, "body"))
    for name in ("byline", "topic", "series", "originality", "source_url"):
        text |= {name: cells[name]} if cells.get(name) else {}
    if tags := [tag.strip() for tag in cells.get("tags", "").replace("，", ",").split(",") if tag.strip()]:
        text["tags"] = tags
    if ended := _moment(cells, "event_ended_at"):
        text["event_ended_at"] = iso(ended)
    _require_draft(text)
    title, published_at = text.pop("title"), _moment(cells, "published_at")
    return title, _members({
        "says": "article", "unit": cells.get("unit", ""), "kind": text.pop("kind"), "title": title, "text": text,
        "published_at": iso(published_at) if published_at else None, "url": cells.get("url") or None,
        "channel": cells.get("channel", ""),
    })  # fmt: skip


def _require_draft(text: Mapping[str, Any]) -> None:
    """Pass when the service would take the text as a draft."""
    from gateway.importing.reading.drafts import require_draft  # takes longer to load than most files to read

    try:
        require_draft(text)
    except Invalid as error:
        field, reasons = next(iter(error.fields.items()))
        raise _Bad(field, " ".join(reasons)) from error


def _wechat_reads(cells: Cells, exported_at: datetime) -> Said:
    """次数 are reads, 人数 are readers: one person may read often."""
    published, settled = _settled(_when(cells, "published_at").moment, exported_at)
    return _reads(cells, published, settled, _WECHAT)


@lru_cache(maxsize=4096)  # a table names the same days in many rows
def _settled(published: datetime, exported_at: datetime) -> tuple[str, str]:
    return iso(published), iso(min(published + WECHAT_SETTLES, exported_at))


def _douyin_reads(cells: Cells, exported_at: datetime) -> Said:
    return _reads(cells, iso(_when(cells, "published_at").moment), iso(exported_at), _DOUYIN)


def _reads(cells: Cells, published: str, taken_at: str, always: bytes) -> Said:
    """Files have many of these: written out, as an encoder takes longer for a row than all the rest.

    Where one character of a text is Chinese, all of it is turned into bytes one by one: the title goes by itself.
    """
    counts = ",".join([f'"{unit}":{_count(cells, unit)}' for unit in ("reads", "readers") if unit in cells])
    title, url = _needed(cells, "title"), cells.get("url") or None
    rest = f'"published":"{published}","url":{_json(url)},"counts":{{{counts}}},"taken_at":"{taken_at}"'
    return title, b'"title":%b,%b,%b' % (_bytes(_json(title)), _bytes(rest), always)


def _wechat_followers(cells: Cells, exported_at: datetime) -> Said:
    return _counted(cells, exported_at, channel="", kind="wechat_oa", source="wechat user growth")


def _followers(cells: Cells, exported_at: datetime) -> Said:
    return _counted(cells, exported_at, channel=cells.get("channel", ""), kind=None, source="channel statistics")


def _counted(cells: Cells, exported_at: datetime, *, channel: str, kind: str | None, source: str) -> Said:
    taken_at = _end(cells, exported_at)
    return f"{channel} {taken_at.astimezone(CHINA):%Y-%m-%d}".strip(), _members({
        "says": "followers", "channel": channel, "channel_kind": kind, "taken_at": iso(taken_at),
        "followers": _count(cells, "followers"), "source": source,
    })  # fmt: skip


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
