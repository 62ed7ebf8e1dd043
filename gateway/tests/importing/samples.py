"""Small files as the platforms export them, and archives."""

import struct
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

from gateway.importing.reading.formats import recognise
from gateway.importing.reading.tables import read_tables
from gateway.importing.rows import AnyRow, read_row

CONTENT_COLUMNS = (
    "内容标题", "发表时间", "总阅读人数", "总阅读次数", "总分享人数", "总分享次数", "阅读后关注人数", "送达人数",
    "公众号消息阅读次数", "送达阅读率", "首次分享次数", "分享产生阅读次数", "首次分享率", "每次分享带来阅读次数",
    "阅读完成率", "内容url",
)  # fmt: skip
CONTENT_ROW = (
    "学院召开年度总结大会", "20220329", 94, 163, 7, 10, 0, 2112, 79, 0.0374, 5, 69, 0.0633, 6.9, 0.6889,
    "http://mp.weixin.qq.com/s?__biz=MzA5&mid=1",
)  # fmt: skip
NEW_COLUMNS = (
    "标题", "发表时间", "总阅读人数", "总分享人数", "阅读后关注人数", "送达人数", "送达阅读率", "阅读完成率", "内容url",
)  # fmt: skip
NEW_ROW = (
    "学院召开年度总结大会",
    "20220329",
    94,
    7,
    0,
    2112,
    0.0374,
    0.6889,
    "http://mp.weixin.qq.com/s?__biz=MzA5&mid=1",
)
DOUYIN_COLUMNS = (
    "作品名称", "发布时间", "体裁", "审核状态", "完播率", "5s完播率", "播放量", "封面点击率", "2s跳出率",
    "平均播放时长", "点赞量", "分享量", "评论量", "收藏量", "主页访问量", "粉丝增量",
)  # fmt: skip
DOUYIN_ROW = ("校园的一天", "2021-10-08 12:30:00", "视频", "通过", "0.3", "0.5", "12034", "0.1", "0.2", "8", *"123456")
ARTICLES = (
    "unit,kind,title,body,published_at,url,channel\n"
    '文学院,news,开学典礼举行,"第一段。\n第二段，1<2。",2021-09-01 10:00,https://a.example.edu.cn/1,文学院网站\n'
    "文学院,news,只是草稿,<p>正文</p>,,,\n"
)
GROWTH = (
    '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="utf-8"></head><body><table border=1>'
    "<tr><td colspan=5>用户增长</td></tr>"
    "<tr><td>时间</td><td>新关注人数</td><td>取消关注人数</td><td>净增关注人数</td><td>累积关注人数</td></tr>"
    "<tr><td>2021-07-02</td><td>12</td><td>2</td><td>10</td><td>1,010</td></tr>"
    "<tr><td>2021-07-01</td><td>5</td><td>5</td><td>0</td><td>1000</td></tr></table></body></html>"
)


def tables(content: bytes) -> list[tuple[str, int, list[list[str]]]]:
    """Return name, number of the first row and rows of every table in a file."""
    return [(table.name, table.first, [list(row) for row in table.rows()]) for table in read_tables(BytesIO(content))]


def rows(content: bytes, exported_at: datetime) -> list[tuple[str, list[AnyRow]]]:
    """Return format and rows of every table in a file that is something known."""
    found = recognise(read_tables(BytesIO(content)))
    return [(table.format, [read_row(says.decode()) for _, _, says in table.lines(exported_at)]) for table in found]


def xlsx(*rows, top: int = 0, left: int = 0, sheet: str = "New Sheet1") -> bytes:
    """Return a workbook with the rows, some rows and columns away from its corner."""
    book = Workbook()
    book.active.title = sheet
    for number, row in enumerate(rows, top + 1):
        for column, value in enumerate(row, left + 1):
            cell = book.active.cell(number, column, value)
            cell.data_type = (
                "s" if isinstance(value, str) else cell.data_type
            )  # a name that begins with = is no formula
    file = BytesIO()
    book.save(file)
    book.close()
    return file.getvalue()


def archive(parts: dict[str, bytes]) -> bytes:
    """Return an archive with files of these names."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def xls(*rows) -> bytes:
    """Return the rows as a BIFF8 workbook of text cells in the smallest compound file that may hold one."""
    text = "utf-16-le"
    sheet = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0xDBB, 0x7CC, 0, 6))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            written = str(value).encode(text)
            sheet += _record(0x204, struct.pack("<HHHHB", number, column, 0, len(written) // 2, 1) + written)
    sheet += _record(0x0A, b"")
    first = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0xDBB, 0x7CC, 0, 6)) + _record(
        0x42, struct.pack("<H", 1200)
    )
    name = "New Sheet1"
    at = len(first) + 4 + 8 + 2 * len(name) + 4
    first += _record(0x85, struct.pack("<IHBB", at, 0, len(name), 1) + name.encode(text)) + _record(0x0A, b"")
    stream = (first + sheet).ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % 512)
    return _compound(stream)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _compound(stream: bytes) -> bytes:
    """Sector 0 is the allocation table, sector 1 the directory, the stream follows (MS-CFB)."""
    count, end, free = len(stream) // 512, 0xFFFFFFFE, 0xFFFFFFFF
    table = [0xFFFFFFFD, end, *range(3, count + 2), end]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    directory = (
        _entry("Root Entry", 5, 1, end, 0) + _entry("Workbook", 2, free, 2, len(stream)) + 2 * _entry("", 0, free, 0, 0)
    )
    return header + struct.pack("<128I", *table, *[free] * (128 - len(table))) + directory + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    free = 0xFFFFFFFF
    written = (name + "\0").encode("utf-16-le") if name else b""
    head = written.ljust(64, b"\0") + struct.pack("<HBBIII", len(written), kind, 1, free, free, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
