"""With several workers ``/metrics`` of any shows what all did, also what one did that is gone."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from infra.prepare import prepare
from infra.servers.ports import free_port, wait_until
from shared.config import load_settings
from shared.testing import SECRET

PATIENCE_S = 60.0


def ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def answered(port: int) -> int:
    """Return how often /livez was answered, as one worker tells it."""
    found = re.search(r'gateway_requests_total\{[^}]*route="/livez"[^}]*\} (\S+)', ask(port, "/metrics"))
    return round(float(found[1])) if found else 0


def is_up(port: int) -> bool:
    try:
        return bool(ask(port, "/metrics"))
    except OSError:
        return False


@contextmanager
def gateway(folder: Path, command: list[str]) -> Iterator[tuple[int, psutil.Process]]:
    """Give the port and the parent of two workers, without a broker: nobody needs one here."""
    port = free_port()
    env = {"MATRIX_MODE": "embedded", "MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET, "MATRIX_PORT": str(port)}
    prepare(load_settings(env))
    filled = [part.format(port=port) for part in command]
    process = subprocess.Popen(
        [sys.executable, "-m", *filled], env={**os.environ, **env}, cwd=Path(__file__).parents[2]
    )
    try:
        assert wait_until(lambda: is_up(port), PATIENCE_S)
        parent = psutil.Process(process.pid)
        assert wait_until(lambda: len(parent.children()) == 2, PATIENCE_S)
        yield port, parent
    finally:
        process.terminate()
        process.wait(40)


def seen(port: int, parent: psutil.Process) -> tuple[int, int]:
    """Ask until both workers have answered; return how often, and what one of them then tells."""
    before, asked = {each.pid: sum(each.cpu_times()[:2]) for each in parent.children()}, 0
    while asked < 400 or not all(sum(psutil.Process(pid).cpu_times()[:2]) > before[pid] for pid in before):
        ask(port, "/livez")
        asked += 1
        assert asked < 20_000
    return asked, answered(port)


def test_metrics_show_every_worker_and_those_that_are_gone(tmp_path: Path) -> None:
    with gateway(tmp_path, ["infra.cli", "gateway", "--workers", "2"]) as (port, parent):
        asked, told = seen(port, parent)
        assert told == asked
        parent.children()[0].send_signal(signal.SIGKILL)
        assert wait_until(lambda: len(parent.children()) == 2 and is_up(port), PATIENCE_S)
        assert answered(port) == asked
        assert re.search(r"^gateway_streams_room \d", ask(port, "/metrics"), re.M)


def test_workers_that_do_not_share_tell_of_themselves_only(tmp_path: Path) -> None:
    """The mutant: the same gateway started without the folder for its measures."""
    command = ["gunicorn", "gateway.asgi:app", "--worker-class", "asgi", "--workers", "2", "--bind", "127.0.0.1:{port}"]
    with gateway(tmp_path, command) as (port, parent):
        asked, told = seen(port, parent)
        if told == asked:
            pytest.skip("one worker answered everything")
        assert told < asked
