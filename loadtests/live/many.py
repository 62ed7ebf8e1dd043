"""A platform of many processes for one run, and what is done to it while people watch."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from infra.servers import Servers, servers_in
from infra.servers.ports import free_port
from infra.supervise import FOLDER, MARK
from loadtests.live.platform import KEY, CannotLoad, Platform
from loadtests.processes import plain_environment

ROOT = Path(__file__).parents[2]


@contextmanager
def many() -> Iterator[Platform]:
    """Give a platform as `make up` starts it without Docker, on servers of its own; nothing of it stays.

    ``faults`` are: the relay is killed, the broker killed and started, the database stopped at once and started.

    Raises:
        CannotLoad: it did not start.
    """
    with tempfile.TemporaryDirectory(prefix="matrix-load-") as name:
        folder, port = Path(name).resolve(), free_port()
        try:
            said = _supervise("start", folder, port)
            if (key := KEY.search(said)) is None:
                raise CannotLoad(f"the platform did not start: {said[-2000:]}")
            servers = servers_in(folder / FOLDER)
            faults = (partial(_kill_relay, folder), partial(_restart_broker, servers), partial(_stop_database, servers))
            about = "eight processes, PostgreSQL and RabbitMQ"
            yield Platform(port=port, admin_key=key.group(), own=True, about=about, faults=faults)
        finally:
            _supervise("forget", folder, port)


def _supervise(word: str, folder: Path, port: int) -> str:
    command = [sys.executable, "-m", "infra.supervise", word]
    env = {**plain_environment(), "PORT": str(port), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _kill_relay(folder: Path) -> None:
    """Kill it as a power cut would; its supervisor starts another."""
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            if each.environ().get(MARK) == str(folder / FOLDER) and each.cmdline()[-1] == "relay":
                each.kill()


def _restart_broker(servers: Servers) -> None:
    servers.rabbit.stop(at_once=True)
    servers.rabbit.start()


def _stop_database(servers: Servers) -> None:
    servers.postgres.stop(at_once=True)
    servers.postgres.start()
