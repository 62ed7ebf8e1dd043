"""A long log's facts, put straight into the matrix of an embedded platform that does not run yet: for benchmarks."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from gateway.matrix.calendar import month_of
from gateway.matrix.tables import NO_CHANNEL, channel, fact, history, matrix_state, unit
from infra.prepare import prepare
from loadtests.embedded import Served, embedded
from shared.config import load_settings
from shared.database import open_engine, to_microseconds, writing
from shared.driver import Driver
from shared.ids import named_id

FIRST, DAYS = datetime(2020, 1, 1, tzinfo=UTC), 731  # two years, of which one is asked for
LAG_DAYS = 3  # a fact is recorded on its day or one of the next two
DAY_US = 86_400_000_000
UNITS = [named_id("bench", "unit", n) for n in range(20)]
KINDS = ("website", "wechat_oa", "douyin")
CHANNELS = [(unit_id, kind, named_id("bench", kind, unit_id)) for unit_id in UNITS for kind in KINDS]
FIGURES = {"website": "news_published", "wechat_oa": "wechat_posts", "douyin": "reader_count"}
PLACES = [
    place
    for unit_id, kind, channel_id in CHANNELS
    for place in (
        (unit_id.hex, channel_id.hex, FIGURES[kind]),
        (unit_id.hex, channel_id.hex, "view_count"),
        (unit_id.hex, NO_CHANNEL.hex, "char_count"),
    )
]
RECORDED_SUMMED = """
  insert into recorded_sum
  select recorded_day, day, unit_id, channel_id, figure, sum(value), sum(weight), sum(flagged), count(*)
  from fact group by 1, 2, 3, 4, 5
"""
DAYS_SUMMED = """
  insert into day_sum
  select day, unit_id, channel_id, figure, substr(recorded_day, 1, 7), sum(value), sum(weight), sum(flagged), sum(facts)
  from recorded_sum group by 1, 2, 3, 4, 5
"""
MONTHS_SUMMED = """
  insert into month_sum
  select substr(day, 1, 7), unit_id, channel_id, figure, recorded_month, sum(value), sum(weight), sum(flagged),
    sum(facts), min(day), max(day)
  from day_sum group by 1, 2, 3, 4, 5
"""


@contextmanager
def board_of(facts: int) -> Iterator[tuple[Served, str]]:
    """Give the server and the administrator's key of an embedded platform whose matrix has so many facts."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        fill(Path(folder), facts)
        with embedded(Path(folder)) as served:
            yield served


def fill(folder: Path, facts: int) -> None:
    """Put so many facts of 20 units and 60 channels, spread evenly over two years, into a platform's folder."""
    settings = load_settings({"MATRIX_MODE": "embedded", "DATA": str(folder)})
    prepare(settings)
    engine = open_engine(settings.database_url("gateway"))
    with writing(engine) as db:
        for table, row in _things():
            db.execute(insert(table), row)
        db.execute(insert(matrix_state), {"id": 1, "position": facts, "described": facts})
    with Driver(engine).cursor() as cursor:
        cursor.execute("begin")
        cursor.executemany(f"insert into fact values ({', '.join('?' * len(fact.c))})", _facts(facts))
        for summed in (RECORDED_SUMMED, DAYS_SUMMED, MONTHS_SUMMED):
            cursor.execute(summed)
        cursor.execute("commit")
    engine.dispose()


def _things() -> Iterator[tuple[Table, dict[str, Any]]]:
    since, common = FIRST.date(), {"recorded_at": FIRST}
    for unit_id in UNITS:
        yield unit, {"unit_id": unit_id, "kind": "college", "since": since, **common}
        yield history, _turn(unit_id, "name", str(unit_id))
    for unit_id, kind, channel_id in CHANNELS:
        of = {"channel_id": channel_id, "unit_id": unit_id, "kind": kind, "official": True, "since": since}
        yield channel, {**of, **common}
        yield history, _turn(channel_id, "name", kind)
        yield history, _turn(channel_id, "status", "active")


def _turn(thing_id: Any, what: str, value: str) -> dict[str, Any]:
    return {
        "thing_id": thing_id, "what": what, "version": 1, "value": value, "since": FIRST.date(), "recorded_at": FIRST,
    }  # fmt: skip


def _facts(number: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows of the table ``fact`` as SQLite keeps them, in the order of happening."""
    draw = random.Random(0)
    for nth in range(DAYS):
        noon = FIRST + timedelta(days=nth, hours=12)  # the same day in Shanghai
        later = [(noon + timedelta(days=lag)).date().isoformat() for lag in range(LAG_DAYS)]
        happened, day, month = to_microseconds(noon), noon.date().isoformat(), month_of(noon.date())
        for n in range(number * nth // DAYS, number * (nth + 1) // DAYS):
            (unit_id, channel_id, figure), lag = draw.choice(PLACES), draw.randrange(LAG_DAYS)
            yield (
                f"{n:032x}", 0, "content", unit_id, channel_id, figure, happened, day, month,
                happened + lag * DAY_US + draw.randrange(DAY_US // 2), later[lag], draw.randrange(100), 1, 0,
                "", "articles",
            )  # fmt: skip
