"""A bundle of commits in SQLite waits for the disk once, before anybody is told."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from shared import disk
from shared.errors import Unavailable
from shared.lasting import lasting_together
from shared.log.sqlite import SqliteLog
from tests.contract.power import Power, append


@pytest.fixture
def log(sqlite_log: SqliteLog) -> SqliteLog:
    """Give the log in a file."""
    return sqlite_log


def test_commits_of_one_bundle_wait_for_the_disk_once_before_anybody_is_told(log: SqliteLog, power: Power) -> None:
    with lasting_together(log.engine):
        for number in range(5):
            append(log, f"unit-{number}")
        assert power.syncs == 0
    assert power.syncs == 1 and len(power.streams_after_failing()) == 5
    append(log, "unit-alone")
    assert power.syncs == 2


def test_readers_are_woken_once_when_a_bundle_lasts(log: SqliteLog, power: Power) -> None:
    """The mutant that wakes them with each commit has them wait for the disk in the middle of it, again and again."""
    woken: list[int] = []
    log.on_append(lambda: woken.append(power.syncs))
    with lasting_together(log.engine):
        for number in range(5):
            append(log, f"unit-{number}")
        assert woken == []
    assert woken == [1]
    append(log, "unit-alone")
    assert woken == [1, 2]


def test_readers_are_woken_where_a_bundle_ends_in_the_middle(log: SqliteLog) -> None:
    woken: list[str] = []
    log.on_append(lambda: woken.append("once"))
    with suppress(ZeroDivisionError), lasting_together(log.engine):
        append(log, "unit-1")
        raise ZeroDivisionError
    assert woken == ["once"]


def test_a_bundle_within_a_bundle_waits_at_its_end_and_the_outer_one_goes_on(log: SqliteLog, power: Power) -> None:
    """The mutant that forgets the outer bundle has each of its later commits wait alone."""
    with lasting_together(log.engine):
        with lasting_together(log.engine):
            append(log, "unit-inner")
        assert "unit-inner" in power.streams_after_failing()
        for number in range(3):
            append(log, f"unit-{number}")
        assert power.syncs == 1
    assert power.syncs == 2 and len(power.streams_after_failing()) == 4


def test_a_bundle_that_does_not_wait_at_its_end_is_caught(
    log: SqliteLog, power: Power, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.lasting.lasting", lambda _: None)
    with lasting_together(log.engine):
        append(log, "unit-1")
    assert "unit-1" not in power.streams_after_failing()


def test_others_wait_for_themselves_while_a_bundle_goes_on(log: SqliteLog, power: Power) -> None:
    """The mutant that keeps the bundle for the process answers another's command before it lasts."""
    with lasting_together(log.engine), ThreadPoolExecutor(1) as pool:
        append(log, "unit-bundle")
        pool.submit(append, log, "unit-other").result()
        assert "unit-other" in power.streams_after_failing()


def test_a_bundle_on_a_disk_that_fails_is_unavailable(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, "sync_data", broken)
    with pytest.raises(Unavailable, match="the disk failed"), lasting_together(log.engine):
        append(log, "unit-1")
