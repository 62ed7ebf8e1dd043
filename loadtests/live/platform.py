"""The platform under load: the one that runs here, else one of our own; and the people who use it in a run."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psutil

from infra.client import Client
from infra.servers.ports import free_port, wait_until
from infra.supervise import ENVIRONMENT
from loadtests.embedded import environment
from loadtests.live.plan import HERE, STREAMS_PER_KEY

LOOPBACK = frozenset({"127.0.0.1", "localhost"})
UNIT, CHANNELS = "Load test 负载测试", 8
COLLEGES = 20
AT_ONCE = 8
READY_S, END_S = 90.0, 60.0
KEY = re.compile(r"mm_[a-z0-9]+_[A-Za-z0-9_-]+")


class CannotLoad(Exception):
    """There is nothing to load, or it must not be; the text says how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """``own``: started for this run, so that its processes may be killed and its data thrown away.

    ``faults`` are what the shape `fault` does to it, one at each of its moments.
    """

    port: int
    admin_key: str
    own: bool
    about: str = "one process, SQLite"
    faults: tuple[Callable[[], None], ...] = ()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HERE}:{self.port}"

    def workers(self) -> list[psutil.Process]:
        """Return the gateway's workers on this machine; none where they are hidden in a container."""
        found = {
            each.pid for each in psutil.net_connections("tcp4")
            if each.status == psutil.CONN_LISTEN and each.laddr.port == self.port and each.pid
        }  # fmt: skip
        listening = [psutil.Process(pid) for pid in sorted(found)]
        return [each for each in listening if each.ppid() in found] or listening

    def kill_worker(self) -> None:
        """Kill a process that holds connections as a power cut would; its parent starts another."""
        for worker in self.workers()[:1]:
            worker.send_signal(signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Keys of viewers and of editors, and what editors write in."""

    viewers: tuple[str, ...]
    editor: str
    unit: str
    channels: tuple[str, ...]


def address(url: str | None) -> int | None:
    """Return the port in a URL.

    Raises:
        CannotLoad: it is not this machine's loopback interface.
    """
    host = os.environ.get("MATRIX_HOST") or os.environ.get("HOST") or HERE
    parts = urlsplit(url or f"http://{host}:{os.environ.get('PORT') or 8000}")
    if parts.hostname not in LOOPBACK:
        raise CannotLoad(
            f"{parts.hostname} is not this machine: load goes to {HERE} only; run it where the platform is"
        )
    return parts.port or 80


@contextmanager
def platform(url: str | None, fresh: bool) -> Iterator[Platform]:
    """Give the platform that runs here, on ``url`` or on what PORT= or `make up` lead to; else one of our own.

    Raises:
        CannotLoad: the address is not loopback, or there is no key for what runs.
    """
    port = address(url)
    if not fresh:
        for candidate in dict.fromkeys((port, _port_of_up())):
            if candidate and _is_ready(candidate):
                yield from _running(Platform(port=candidate, admin_key=_key_for(candidate), own=False))
                return
        if url:
            raise CannotLoad(f"nothing answers on {url}/readyz; start it, or leave URL= away and one is started")
    with _own() as made:
        yield made


def _running(found: Platform) -> Iterator[Platform]:
    """Give the platform; a key that was made for the run holds no longer than it."""
    try:
        yield found
    finally:
        if "MATRIX_KEY" not in os.environ:
            headers = {"Authorization": f"Bearer {found.admin_key}"}
            me = httpx.get(f"{found.url}/v1/me", headers=headers, trust_env=False).json()
            _disable(found, str(me["id"]))


@contextmanager
def people(of: Platform, viewers: int, channels: int = CHANNELS) -> Iterator[People]:
    """Give accounts for a run; afterwards none of their keys holds any more."""
    admin = Client(of.url, of.admin_key)
    run = uuid4().hex[:8]
    made = {}
    for role in ("viewer", "office_editor"):
        made[role] = str(admin.post("accounts", f"{run}-{role}", _account(role))["id"])
    try:
        keys = -(-viewers // STREAMS_PER_KEY)

        def issue(number: int) -> str:
            body = {"label": f"load {number}", "days": 1}
            return str(admin.post(f"accounts/{made['viewer']}/keys", f"{run}-key-{number}", body)["key"])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            issued = tuple(pool.map(issue, range(max(1, keys))))
        editor = str(admin.post(f"accounts/{made['office_editor']}/keys", f"{run}-editor", {"label": "load"})["key"])
        unit = _unit(admin, UNIT, run)
        opened = tuple(_channel(admin, unit, run, number) for number in range(channels))
        if of.own:
            for number in range(COLLEGES):
                _channel(admin, _unit(admin, f"College {number + 1}", run), run, 100 + number)
        yield People(viewers=issued, editor=editor, unit=unit, channels=opened)
    finally:
        for account in made.values():
            _disable(of, account)
        admin.close()


def _account(role: str) -> dict[str, object]:
    return {"name": f"load test: {role}", "role": role, "units": ["*"]}


def _unit(admin: Client, name: str, run: str) -> str:
    known = next((each["id"] for each in admin.all("units") if each["name"] == name), None)
    body = {"name": name, "kind": "college", "since": "2020-01-01"}
    return str(known or admin.post("units", f"{run}-{name.split()[-1]}", body)["id"])


def _channel(admin: Client, unit: str, run: str, number: int) -> str:
    body = {"unit_id": unit, "kind": "douyin", "name": f"Load {run} {number}", "opened_at": "2020-01-01T00:00:00Z"}
    return str(admin.post("channels", f"{run}-channel-{number}", body)["id"])


def _disable(of: Platform, account: str) -> None:
    path, key = f"{of.url}/v1/accounts/{account}", {"Authorization": f"Bearer {of.admin_key}"}
    with httpx.Client(headers=key, trust_env=False) as http, suppress(httpx.HTTPError):
        http.patch(path, json={"disabled": True}, headers={"If-Match": http.get(path).headers.get("ETag", "")})


def _is_ready(port: int) -> bool:
    with suppress(OSError, ValueError), urllib.request.urlopen(f"http://{HERE}:{port}/readyz", timeout=3) as answer:
        return "status" in json.load(answer)
    return False


def _port_of_up() -> int | None:
    with suppress(OSError, KeyError):
        return int(json.loads(ENVIRONMENT.read_text())["MATRIX_PORT"])
    return None


def _key_for(port: int) -> str:
    """Return an administrator's key: MATRIX_KEY, else one that the platform's own command makes for a day."""
    key = os.environ.get("MATRIX_KEY") or _made_key()
    if not key or not _is_admins(key, port):
        raise CannotLoad(
            f"no administrator's key for what runs on port {port}: set MATRIX_KEY=mm_… (or DATA= as it has)"
        )
    return key


def _is_admins(key: str, port: int) -> bool:
    answer = httpx.get(f"http://{HERE}:{port}/v1/me", headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    return answer.status_code == 200 and answer.json().get("role") == "admin"


def _made_key() -> str:
    make = ["key", "create", "--role", "admin", "--days", "1", "--name", "load test"]
    if Path("var/secrets").is_dir() and shutil.which("docker"):
        command = ["docker", "compose", "exec", "-T", "gateway", "matrix", *make]
    else:
        command = [sys.executable, "-m", "infra.supervise", "matrix", *make]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = KEY.search(said)
    return found.group() if found else ""


@contextmanager
def _own() -> Iterator[Platform]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="matrix-load-") as folder:
        env = {**environment(Path(folder) / "data", port), "PYTHONUNBUFFERED": "1"}
        said = Path(folder) / "said.txt"
        with said.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "infra.cli", "run"], env=env, stdout=output, stderr=output
            )  # fmt: skip
        try:
            found = KEY.search(said.read_text()) if wait_until(lambda: _is_ready(port), READY_S) else None
            if found is None:
                raise CannotLoad(f"the platform did not start: {said.read_text()[-2000:]}")
            yield Platform(port=port, admin_key=found.group(), own=True)
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Gauge:
    """Memory, CPU and open files of the platform's gateway, once a second while it is watched."""

    def __init__(self, of: Platform) -> None:
        self._of, self._stop = of, threading.Event()
        self.taken: list[dict[str, float]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, starts_at: float) -> None:
        """Begin; ``starts_at`` is the run's start on the monotonic clock."""
        self._starts_at = starts_at
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        each = self._of.workers()
        while not self._stop.wait(1.0):
            with suppress(psutil.Error):
                if not all(process.is_running() for process in each):
                    each = self._of.workers()
                cpu = [process.cpu_times() for process in each]
                self.taken.append(
                    {
                        "at": time.monotonic() - self._starts_at,
                        "rss_mb": sum(process.memory_info().rss for process in each) / 1e6,
                        "cpu_s": sum(times.user + times.system for times in cpu),
                        "files": sum(process.num_fds() for process in each),
                        "load": os.getloadavg()[0],
                    }
                )


def now() -> str:
    """Return the moment as the name of a run's folder."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
