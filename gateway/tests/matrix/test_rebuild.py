"""The matrix built anew is the matrix; and nobody reads a part of it meanwhile."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, event, select, update

from gateway.matrix.rebuild import fill, rebuild
from gateway.matrix.tables import change, month_sum
from gateway.matrix.writer import Writer
from gateway.tests.matrix.kit import NOW, MemoryLog, apply, ask, at, open_model, rows_of, totals
from gateway.tests.matrix.worlds import Act, acts, history_of
from shared.contracts import SERVICES
from shared.contracts.content.events import ArticlePublished, ChannelOpened, UnitEstablished
from shared.database import open_engine, reading, writing
from shared.events import Recorded
from shared.execute import cause_of
from shared.log import open_log
from shared.log.store import Log
from shared.log.tables import metadata as log_tables

ACTS = [Act(what, n % 3, n * 97, n) for n in range(40) for what in ("news", "followers", "reads", "photos")]


def logs_of(events: list[Recorded]) -> list[Log]:
    return [cast(Log, MemoryLog(name, events)) for name in SERVICES]


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(acts)
def test_incremental_equals_from_zero(found: list[Act]) -> None:
    """F43."""
    events = history_of(found).events
    with tempfile.TemporaryDirectory() as folder:
        model = open_model(Path(folder) / "gateway.db")
        for start in range(0, len(events), 5):
            apply(model, events[start : start + 5])
        before = rows_of(model)
        report = rebuild(model, logs_of(events))
        assert report.equal and report.events == len(events)
        assert rows_of(model) == before
        model.dispose()


def test_wrong_rows_are_replaced_and_everybody_is_told(model: Engine) -> None:
    events = history_of(ACTS).events
    position = apply(model, events)
    right = rows_of(model)
    with writing(model) as db:
        db.execute(update(month_sum).values(value=month_sum.c.value + 1))
    assert not rebuild(model, logs_of(events)).equal
    assert rows_of(model) == right
    with reading(model) as db:
        last = db.execute(select(change).order_by(change.c.position.desc()).limit(1)).one()
    assert (last.previous, last.cells) == (position, None)


def test_what_the_queue_has_not_brought_yet_is_not_taken_for_a_difference(model: Engine) -> None:
    events = history_of(ACTS).events
    apply(model, events[:60])
    assert rebuild(model, logs_of(events)).equal
    assert apply(model, events) is None


def test_a_matrix_that_joins_late_is_filled_from_the_logs_while_its_queue_runs(model: Engine) -> None:
    """F39: no gap, and no effect twice."""
    events = history_of(ACTS).events
    writer = Writer(model)
    live = threading.Thread(
        target=lambda: [writer.apply([each], {}) for each in events[len(events) // 2 :]], daemon=True
    )
    live.start()
    assert fill(model, logs_of(events[: -len(events) // 4])) == len(events[: -len(events) // 4])
    live.join()
    clean = open_model(Path(str(model.url.database)).with_name("clean.db"))
    apply(clean, events)
    assert rows_of(model) == rows_of(clean)
    clean.dispose()


def test_readers_see_old_or_new_and_live_events_go_on(model: Engine) -> None:
    """F42."""
    history = history_of(ACTS)
    apply(model, history.events)
    right = totals(ask(model, "2021"))
    with writing(model) as db:
        db.execute(update(month_sum).values(value=0))
    wrong = totals(ask(model, "2021"))
    seen: list[dict[str, int]] = []
    done = threading.Event()
    logs = logs_of(history.events)

    def look() -> None:
        while not done.is_set():
            seen.append(totals(ask(model, "2021")))

    def live() -> None:
        unit = history.events[0].event.unit_id  # type: ignore[attr-defined]
        while not done.is_set():
            recorded = history.publish(unit, uuid4(), at("2019-05-05T12:00"))
            logs[0].events.append(recorded)  # type: ignore[attr-defined]
            apply(model, [recorded])
            done.wait(0.005)

    threads = [threading.Thread(target=look), threading.Thread(target=live)]
    for thread in threads:
        thread.start()
    try:
        assert not rebuild(model, logs).equal
        assert rebuild(model, logs).equal
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert all(each in (wrong, right) for each in seen)
    assert totals(ask(model, "2021")) == right


KILLED = """
import sys
from gateway.matrix.rebuild import rebuild
from shared.database import open_engine
from shared.log import open_log
rebuild(open_engine(sys.argv[1]), [open_log("content", open_engine(sys.argv[2]))])
"""


def real_log(path: Path) -> Log:
    """Return a content log with a unit, a channel and ten publications."""
    engine = open_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    with writing(engine) as db:
        log_tables.create_all(db)
    log, unit, channel = open_log("content", engine), uuid4(), uuid4()
    established = UnitEstablished(unit_id=unit, name="u", kind="college", parent_id=None, since=NOW.date())
    opened = ChannelOpened(
        channel_id=channel, unit_id=unit, kind="website", name="c", handle=None, official=True, tier="none",
        status="active", opened_at=NOW,
    )  # fmt: skip
    log.append(f"unit-{unit}", [established], expected_version=0, cause=cause_of("test"))
    log.append(f"channel-{channel}", [opened], expected_version=0, cause=cause_of("test"))
    for n in range(10):
        article = uuid4()
        published = ArticlePublished(
            article_id=article, unit_id=unit, publication_id=uuid4(), kind="news", title="t", revision=1,
            channel_id=channel, channel_kind="website", tier="none", event_ended_at=None,
            published_at=at(f"2021-03-{n + 1:02}T12:00"), url=None, by=uuid4(),
        )  # fmt: skip
        log.append(f"article-{article}", [published], expected_version=0, cause=cause_of("test"))
    return log


@pytest.mark.parametrize("where", ["rebuild.mid", "rebuild.before_swap", "rebuild.after_swap"])
def test_a_rebuild_killed_anywhere_leaves_old_or_new_rows_and_can_be_repeated(
    model: Engine, tmp_path: Path, where: str
) -> None:
    """F42."""
    log = real_log(tmp_path / "content.db")
    fill(model, [log])
    right = rows_of(model)
    with writing(model) as db:
        db.execute(update(month_sum).values(value=77))
    wrong = rows_of(model)
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(model.url), str(log.engine.url)],
        env={**os.environ, "FAILPOINTS": f"{where}:kill9", "PYTHONPATH": str(Path(__file__).parents[3])},
        check=False,
    )
    assert process.returncode == -9
    assert rows_of(model) == (right if where == "rebuild.after_swap" else wrong)
    rebuild(model, [log])
    assert rows_of(model) == right
    log.engine.dispose()
