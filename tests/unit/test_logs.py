"""What fails again and again is said seldom and in one line, and who says it outlives a full disk."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from shared.errors import Unavailable
from shared.logs import AGAIN_S, Failures

FULL = Unavailable("database.full", "no space is left")


@pytest.fixture(autouse=True)
def own_logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log as at the start of a process, whatever tests before have made of it."""
    before = structlog.get_config()
    structlog.reset_defaults()
    monkeypatch.setattr("shared.logs.log", structlog.get_logger())
    yield
    structlog.configure(**before)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_failure_that_lasts_is_one_line_a_minute_which_says_for_how_many_it_stands() -> None:
    clock = Clock()
    failures = Failures(clock)
    with capture_logs() as lines:
        for _ in range(100):
            failures.note("request.no_room", FULL)
        clock.now += AGAIN_S
        failures.note("request.no_room", FULL)
    assert [line["times"] for line in lines] == [1, 100]
    assert all(line["reason"] == "no space is left" and "exc_info" not in line for line in lines)


def test_different_failures_do_not_keep_each_other_from_being_said() -> None:
    failures = Failures(Clock())
    with capture_logs() as lines:
        for _ in range(3):
            failures.note("timer.failed", FULL, timer="content.publish_due")
            failures.note("timer.failed", FULL, timer="media.forget")
            failures.note("timer.failed", Unavailable("database.unavailable"), timer="media.forget")
    assert len(lines) == 3


def test_what_nobody_foresaw_has_its_traceback_each_time() -> None:
    failures = Failures(Clock())
    with capture_logs() as lines:
        for _ in range(3):
            failures.note("timer.failed", ZeroDivisionError(), timer="x")
    assert len(lines) == 3 and all(isinstance(line["exc_info"], ZeroDivisionError) for line in lines)


SAYS = """
import sys
{configure}
structlog.get_logger().error("disk.full")
print("lives on")
"""
OURS = "import structlog; from shared import logs; logs.configure('test')"
NAIVE = "import structlog; structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))"


@pytest.mark.parametrize(("configure", "lives"), [(OURS, True), (NAIVE, False)], ids=["ours", "mutant"])
def test_a_thread_outlives_a_line_for_which_the_disk_has_no_room(configure: str, lives: bool) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", SAYS.format(configure=configure)],
            stdout=subprocess.PIPE, stderr=full, text=True, check=False,
        )  # fmt: skip
    assert ("lives on" in done.stdout) == lives


def test_a_line_is_json_on_standard_error() -> None:
    command = [sys.executable, "-c", f"import sys; {OURS}; structlog.get_logger().error('x', of='你')"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["service"], line["event"], line["of"]) == ("test", "x", "你")
