"""With several workers ``/metrics`` of any shows what all did, also what one did that is gone."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def seen(port: int) -> tuple[int, int]:
    """Ask often and at once, so that every worker has to answer; return how often, and what one of them tells."""
    with ThreadPoolExecutor(16) as pool:
        asked = len(list(pool.map(lambda _: ask(port, "/livez"), range(600))))
    return asked, answered(port)


def test_metrics_show_every_worker_and_those_that_are_gone(tmp_path: Path) -> None:
    with gateway(tmp_path, ["infra.cli", "gateway", "--workers", "2"]) as (port, parent):
        asked, told = seen(port)
        assert told == asked
        parent.children()[0].send_signal(signal.SIGKILL)
        assert wait_until(lambda: len(parent.children()) == 2 and is_up(port), PATIENCE_S)
        assert answered(port) == asked
        assert re.search(r"^gateway_streams_room \d", ask(port, "/metrics"), re.M)


def test_workers_that_do_not_share_tell_of_themselves_only(tmp_path: Path) -> None:
    """The mutant: the same gateway started without the folder for its measures."""
    command = ["gunicorn", "gateway.asgi:app", "--worker-class", "asgi", "--workers", "2", "--bind", "127.0.0.1:{port}"]
    asked = 0

    def untold(port: int) -> bool:
        nonlocal asked  # by everybody so far; until both workers are there, one tells of it all
        more, told = seen(port)
        asked += more
        return told < asked

    with gateway(tmp_path, command) as (port, _):
        assert wait_until(lambda: untold(port), PATIENCE_S)


def waiting_room(folder: Path, command: list[str]) -> int:
    """Return how many connections may wait to be accepted: of a listener, ``ss`` calls that Send-Q."""
    with gateway(folder, command) as (port, _):
        said = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
        return int(said.split()[2])


@pytest.mark.skipif(shutil.which("ss") is None, reason="ss shows what is measured")
def test_thousands_who_come_at_once_find_room_to_wait(tmp_path: Path) -> None:
    """F53. The mutant is gunicorn's own worker: its loop listens anew, with room for a hundred."""
    assert waiting_room(tmp_path, ["infra.cli", "gateway", "--workers", "2"]) >= 1000
    own = ["gunicorn", "gateway.asgi:app", "--worker-class", "asgi", "--workers", "2", "--backlog", "4096"]
    assert waiting_room(tmp_path, [*own, "--bind", "127.0.0.1:{port}"]) == 100
