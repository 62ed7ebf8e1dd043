"""What SQLite answers lasts though power fails: at each sync the files are copied as a disk would hold them then."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, insert

from shared import disk
from shared.database import reading, writing
from shared.errors import Unavailable
from shared.ids import new_id
from shared.log.sqlite import SqliteLog
from shared.log.store import InboxKey
from shared.log.tables import consumer_position
from tests.contract.power import Power, append


@pytest.fixture
def log(sqlite_log: SqliteLog) -> SqliteLog:
    """Give the log in a file."""
    return sqlite_log


def test_what_was_answered_is_there_after_power_failed(log: SqliteLog, power: Power) -> None:
    """The mutant answers without waiting for the disk."""
    for number in range(3):
        append(log, f"unit-{number}")
        assert f"unit-{number}" in power.streams_after_failing()


def test_the_mutant_that_does_not_wait_is_caught(log: SqliteLog, power: Power, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.Disk, "sync", lambda _: None)
    append(log, "unit-1")
    assert "unit-1" not in power.streams_after_failing()


def test_those_who_commit_while_the_disk_works_share_the_next_sync(
    log: SqliteLog, power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    works, goes_on = threading.Event(), threading.Event()

    def slow(file: str) -> None:
        works.set()
        goes_on.wait(20)
        power.sync(file)

    monkeypatch.setattr(disk, "sync_data", slow)
    committed = _count_commits(monkeypatch)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(append, log, "unit-first")
        assert works.wait(20)
        others = [pool.submit(append, log, f"unit-{number}") for number in range(8)]
        committed.wait_for(9)
        assert not any(one.done() for one in (first, *others))
        goes_on.set()
    assert power.syncs == 2
    assert len(power.streams_after_failing()) == 9


def test_a_reader_sees_nothing_that_power_could_take_back(
    log: SqliteLog, power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant reads before the sync: what is done elsewhere for an event would outlive the event."""
    append(log, "unit-reaction", inbox=InboxKey(consumer="content.on-something", event_id=new_id()))
    assert "unit-reaction" not in power.streams_after_failing()  # a reaction does not wait
    assert [one.stream for one in log.read(0).events] == ["unit-reaction"]
    assert "unit-reaction" in power.streams_after_failing()


def test_what_is_committed_while_a_reader_waits_for_the_disk_is_read_the_next_time(
    log: SqliteLog, power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant looks for the log's end after the sync, and reads what came in between and does not last."""

    def slow(file: str) -> None:
        power.sync(file)
        append(log, f"unit-late-{power.syncs}", inbox=InboxKey(consumer="content.on-something", event_id=new_id()))

    append(log, "unit-1", inbox=InboxKey(consumer="content.on-something", event_id=new_id()))
    monkeypatch.setattr(disk, "sync_data", slow)
    page = log.read(0)
    assert [one.stream for one in page.events] == ["unit-1"]
    assert [one.stream for one in log.read(page.checkpoint).events] == ["unit-late-1"]


def test_a_repeated_command_is_answered_only_when_the_first_lasts(
    log: SqliteLog, power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(disk.Disk, "sync", lambda _: None)  # the first is still waiting
        append(log, "unit-1", key="k")
    append(log, "unit-1", key="k")
    assert "unit-1" in power.streams_after_failing()


def test_work_that_would_be_repeated_waits_for_nobody(log: SqliteLog, power: Power) -> None:
    with writing(log.engine, repeatable=True) as db:
        db.execute(consumer_position.insert().values(consumer="c", source="s", position=1))
    assert power.syncs == 0
    with reading(log.engine) as db:
        assert db.execute(consumer_position.select()).one().position == 1


def broken(_: str) -> None:
    raise OSError(5, "Input/output error")


def test_a_disk_that_fails_is_unavailable(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "sync_data", broken)
    with pytest.raises(Unavailable, match="the disk failed"):
        append(log, "unit-1")


def test_after_a_disk_failed_this_process_says_of_nothing_more_that_it_lasts(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G1: the mutant syncs again. A system tells of a failure once, and takes what it lost for written from then on."""
    with monkeypatch.context() as patched:
        patched.setattr(disk, "sync_data", broken)
        with pytest.raises(Unavailable):
            append(log, "unit-1", key="k")
    for once_more in (lambda: append(log, "unit-1", key="k"), lambda: append(log, "unit-2"), lambda: log.read(0)):
        with pytest.raises(Unavailable, match="start anew"):
            once_more()


class _Count:
    def __init__(self) -> None:
        self._changed, self._count = threading.Condition(), 0

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._count >= count, 20)


def _count_commits(monkeypatch: pytest.MonkeyPatch) -> _Count:
    count, written = _Count(), disk.Disk.written

    def counted(self: disk.Disk) -> None:
        written(self)
        count.add()

    monkeypatch.setattr(disk.Disk, "written", counted)
    return count


def fill(log: SqliteLog) -> None:
    for number in range(10_000):
        append(log, f"unit-{number}")


def test_without_room_an_append_is_refused_as_such_and_goes_on_when_there_is_some(log: SqliteLog) -> None:
    with log.engine.connect() as db:
        pages = db.exec_driver_sql("pragma page_count").scalar_one()

    def allow(more: int) -> None:
        log.engine.dispose()  # each connection has a limit of its own
        event.listen(log.engine, "connect", lambda db, _: db.execute(f"pragma max_page_count = {pages + more}"))

    allow(3)
    with pytest.raises(Unavailable) as refusal:
        fill(log)
    assert refusal.value.code == "database.full"
    with pytest.raises(Unavailable) as refusal, writing(log.engine) as db:
        db.execute(insert(consumer_position), [{"consumer": str(n), "source": "x", "position": 0} for n in range(9999)])
    assert refusal.value.code == "database.full"
    allow(100)
    before = [each.stream for each in log.read(0, 10_000).events]
    append(log, "unit-late")
    assert [each.stream for each in log.read(0, 10_000).events] == [*before, "unit-late"]
    assert before == [f"unit-{number}" for number in range(len(before))] and before


def test_a_disk_that_is_full_at_the_sync_is_said_to_be_full(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "sync_data", full)
    with pytest.raises(Unavailable) as refusal:
        append(log, "unit-1")
    assert refusal.value.code == "database.full"
