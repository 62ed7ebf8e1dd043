"""What is counted of a process's own work, and the port where an operator reads it."""

import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress

import pytest
from prometheus_client import REGISTRY

from infra.monitor import monitor
from infra.servers.ports import free_port
from shared.errors import Conflict
from shared.meters import counted


def calls(outcome: str) -> float:
    labels = {"service": "toy", "door": "play", "outcome": outcome}
    return REGISTRY.get_sample_value("matrix_calls_total", labels) or 0


@pytest.mark.parametrize(
    ("error", "outcome"), [(None, "ok"), (Conflict("toy.taken", "taken"), "refused"), (ZeroDivisionError(), "failed")]
)
def test_a_call_is_counted_by_how_it_ended(error: Exception | None, outcome: str) -> None:
    before = calls(outcome)
    with suppress(Conflict, ZeroDivisionError), counted("toy", "play"):
        if error:
            raise error
    assert calls(outcome) == before + 1


def test_the_time_of_a_call_is_measured() -> None:
    labels = {"service": "toy", "door": "wait"}
    with counted("toy", "wait"):
        pass
    assert REGISTRY.get_sample_value("matrix_call_seconds_count", labels) == 1


@pytest.fixture
def ask() -> Callable[[str], tuple[int, str]]:
    """Give a function that asks the monitor of a process which says it is broken when asked for /healthz twice."""
    said = iter([None, "nobody listens"])
    where = f"127.0.0.1:{free_port()}"
    monitor(where, lambda: next(said))

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{where}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return get


def test_a_monitor_says_whether_the_process_does_its_work(ask: Callable[[str], tuple[int, str]]) -> None:
    assert ask("/healthz") == (200, "well")
    assert ask("/healthz") == (503, "nobody listens")
    assert ask("/healthz")[0] == 503  # the check itself fails, which is as bad


def test_a_monitor_gives_the_measures(ask: Callable[[str], tuple[int, str]]) -> None:
    status, text = ask("/metrics")
    assert status == 200
    assert "# TYPE matrix_calls_total counter" in text
