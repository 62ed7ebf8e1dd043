"""A worker's collections of garbage, which everybody who listens waits for."""

import gc
import subprocess
import sys
from typing import Any
from unittest.mock import Mock

import pytest
from gunicorn.workers.gasgi import ASGIWorker

from infra.workers import FEW, LOOK_S, MUCH, OF_ONE, GatewayWorker

COUNTED = """
import gc
import gateway.app, infra.embedded
from infra import workers
{prepared}
print(len(gc.get_objects()))
"""


def looked_through(prepared: str) -> int:
    """Return how many objects a full collection looks through in a process that has loaded the platform."""
    told = subprocess.run([sys.executable, "-c", COUNTED.format(prepared=prepared)], capture_output=True, check=True)
    return int(told.stdout)


@pytest.mark.parametrize(("prepared", "few"), [("workers.post_worker_init(None)", True), ("", False)])
def test_what_was_loaded_is_not_looked_through_for_garbage_again(prepared: str, few: bool) -> None:
    """F53; the careless worker, which leaves it, has a hundred thousand objects to look through each time."""
    assert (looked_through(prepared) < 5_000) is few


def test_garbage_is_let_be_while_the_platform_loads_and_collected_again_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collected: list[bool] = []
    monkeypatch.setattr(ASGIWorker, "load_wsgi", lambda _: collected.append(gc.isenabled()))
    GatewayWorker.load_wsgi(object.__new__(GatewayWorker))
    assert [*collected, gc.isenabled()] == [False, True]


@pytest.mark.parametrize(
    ("connections", "objects", "collects"),
    [(FEW, 0, True), (FEW + 1, 0, False), (10_000, MUCH, False), (10_000, MUCH + OF_ONE * 10_000, True)],
)
def test_while_many_are_connected_garbage_is_let_be_unless_there_may_be_much(
    connections: int, objects: int, collects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The careless worker looks through what thousands keep again and again, and they all wait."""
    worker: Any = object.__new__(GatewayWorker)
    worker.nr_conns, worker.loop = connections, Mock()
    monkeypatch.setattr(gc, "get_count", lambda: (objects, 0, 0))
    try:
        worker.look()
        assert gc.isenabled() is collects
        assert worker.loop.call_later.call_args.args == (LOOK_S, worker.look)
    finally:
        gc.enable()
