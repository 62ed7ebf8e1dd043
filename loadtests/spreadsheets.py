"""Reading a spreadsheet for an import, row by row into what it says, beside the bare library; each in a process."""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from openpyxl import Workbook

from gateway.importing.reader import reading
from gateway.importing.reading.limits import MAX_ROWS
from loadtests.cpu import children, cpu_s
from loadtests.memory import high_water_mib
from loadtests.peers import ROUNDS, Comparison, Sample, allowed, in_turns

ROWS = 5_000
LONGEST, ALLOWED_MIB = MAX_ROWS - 1, 128.0  # with the row of names
LOOK_ROWS = 500  # the program ends with its last row, and what it took is not known any more
COLUMNS = ("内容标题", "发表时间", "总阅读人数", "总阅读次数", "总分享人数", "总分享次数", "送达人数", "内容url")
EXPORTED = datetime(2022, 3, 31, tzinfo=UTC)
Row = tuple[str | int, ...]
Measured = tuple[Sample, Sample]


def imports() -> list[Comparison]:
    """Return rows per second from CSV and XLSX, and mebibytes at the reading process's peak."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        few, many = (Path(folder) / name for name in ("few", "many"))
        for stem, number in ((few, ROWS), (many, 10 * ROWS)):
            _write_csv(stem.with_suffix(".csv"), _rows(number))
            _write_xlsx(stem.with_suffix(".xlsx"), _rows(number))
        longest = (Path(folder) / "longest").with_suffix(".xlsx")
        _write_xlsx(longest, _rows(LONGEST))
        return [
            *_beside("csv", ".csv", "csv.reader", "lines", few, many),
            *_beside("xlsx", ".xlsx", "openpyxl, read only", "sheet", few, many),
            allowed(
                "import-xlsx-longest", f"read {LONGEST:,} rows of XLSX, memory", "MiB at the peak",
                [_ours(longest, LONGEST)[1] for _ in range(2)], ALLOWED_MIB,
            ),
        ]  # fmt: skip


def _beside(name: str, suffix: str, peer: str, work: str, few: Path, many: Path) -> list[Comparison]:
    small, large = few.with_suffix(suffix), many.with_suffix(suffix)
    found = in_turns(
        partial(_ours, small, ROWS), partial(_bare, work, small, ROWS), ROUNDS, partial(_ours, large, 10 * ROWS)
    )

    def of(part: int, ending: str, what: str, unit: str) -> Comparison:
        mine, others, grown = (tuple(each[part] for each in some) for some in found)
        return Comparison(
            name=f"import-{name}{ending}", what=f"read {ROWS:,} rows of {name.upper()}{what}", peer=f"bare {peer}",
            unit=unit, cost=part == 1, ours=mine, theirs=others, ten=grown,
        )  # fmt: skip

    return [of(0, "", "", "rows/s"), of(1, "-memory", ", memory", "MiB at the peak")]


def _rows(number: int) -> Iterable[Row]:
    yield COLUMNS
    for each in range(number):
        day = f"2021{each % 12 + 1:02}{each % 28 + 1:02}"
        address = f"http://mp.weixin.qq.com/s?__biz=MzA5&mid={each}"
        yield f"学院召开第{each}次年度总结大会", day, each % 997, each % 1999, each % 7, each % 11, 2112, address


def _write_csv(file: Path, rows: Iterable[Row]) -> None:
    with file.open("w", newline="", encoding="utf-8") as written:
        csv.writer(written).writerows(rows)


def _write_xlsx(file: Path, rows: Iterable[Row]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(file)


def _ours(file: Path, rows: int) -> Measured:
    """Measure from the program's start to the last row; its peak is asked for while it tells them."""
    others, own, started = children(), time.process_time(), time.perf_counter()
    with file.open("rb") as content, reading(content, EXPORTED) as told:
        (program,) = children() - others
        peak = 0.0
        for _, _, says in told.rows():
            assert '"says":"error"' not in says, says
            if told.total % LOOK_ROWS == 0:
                peak = max(peak, high_water_mib(program))
        used = cpu_s([program]) + time.process_time() - own
    assert told.total == rows
    return _measured(rows, time.perf_counter() - started, used, peak)


def _bare(work: str, file: Path, rows: int) -> Measured:
    started = time.perf_counter()
    said = subprocess.run([sys.executable, "-m", "loadtests.bare", work, str(file)], check=True, capture_output=True)
    seconds, told = time.perf_counter() - started, json.loads(said.stdout)
    return _measured(rows, seconds, told["cpu_s"], told["peak_mib"])


def _measured(rows: int, seconds: float, cpu: float, peak: float) -> Measured:
    return Sample(rows / seconds, cpu * 1e6 / rows), Sample(peak)
