"""A platform to be harmed: its processes, its servers, and the wires between them."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from infra.servers import Servers, start_servers
from infra.servers.ports import free_port, wait_until
from infra.supervisor import COMMANDS
from shared.config import Settings, load_settings
from tests.chaos.proxy import Wire, Wires
from tests.chaos.wire import Sent
from tests.e2e.platforms import clean_environment, key_in

ROOT = Path(__file__).parents[2]
READY_S, COMMAND_S = 90.0, 120.0
RESTART_S = 0.3
DISK_MB = 64
EMBEDDED, DISTRIBUTED = "embedded", "distributed"


class Broken(RuntimeError):
    """The stage itself cannot be set up or does not come back; the text says what it said last."""


@dataclass(kw_only=True)
class Stage:
    """Processes under their names; each one's words are in ``<name>.log``. ``env`` leads past the wires."""

    mode: str
    folder: Path
    env: dict[str, str]
    port: int
    commands: Mapping[str, Sequence[str]]
    wired: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # what leads a process over its wires
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    servers: Servers | None = None
    wires: dict[str, Wire] = field(default_factory=dict)
    sent: Sent = field(default_factory=Sent)
    disk: Path | None = None
    no_disk: str = ""  # why there is no small disk to fill
    key: str = ""
    extra: dict[str, dict[str, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    ending: threading.Event = field(default_factory=threading.Event)
    _watch: threading.Thread | None = None
    _all_wires: Wires | None = None

    @property
    def url(self) -> str:
        """Where the gateway is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """The settings that lead to its databases, past the wires."""
        return load_settings(self.env)

    def start(self, name: str, **env: str) -> None:
        """Start a process, once more if it runs (then it is killed first); do not wait for it.

        One that ends is started again with the same ``env`` after a moment, until it is started otherwise or killed.
        """
        with self.lock:
            self.kill(name)
            self.extra[name] = env
            full = {**self.env, **self.wired.get(name, {}), **env}
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", "infra.cli", *self.commands[name]],
                    cwd=ROOT, env=full, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip

    def kill(self, name: str) -> None:
        """Kill a process and its children as a power cut would."""
        with self.lock:
            process = self.running.pop(name, None)
            if process is not None:
                self._signal(process, signal.SIGKILL)
                process.wait()

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and its children."""
        with self.lock:
            self._signal(self.running[name], number)

    def watch(self) -> None:
        """Begin to start again what ends by itself."""
        self._watch = threading.Thread(target=self._supervise, daemon=True)
        self._watch.start()

    def _supervise(self) -> None:
        while not self.ending.wait(RESTART_S):
            with self.lock:
                for name, process in list(self.running.items()):
                    if process.poll() is not None:
                        self.start(name, **self.extra[name])

    def wait_until_ready(self) -> None:
        """Return when the gateway says that it can serve. Raises: Broken: it does not."""
        if not wait_until(self.is_ready, READY_S):
            raise Broken(f"not ready within {READY_S:g} s\n{self.last_words()}")

    def is_ready(self) -> bool:
        """Return whether the gateway says that it can serve."""
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        return False

    def matrix(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a ``matrix`` command past the wires; return what it said."""
        command = [sys.executable, "-m", "infra.cli", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env={**self.env, **env}, capture_output=True, text=True, check=False, timeout=COMMAND_S
        )

    def said(self, name: str) -> str:
        """Return everything a process said so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def last_words(self) -> str:
        """Return the ends of what they said."""
        return "\n".join(
            f"== {path.name}\n{self.said(path.stem)[-1500:]}" for path in sorted(self.folder.glob("*.log"))
        )

    def end(self) -> None:
        """End everything and remove what it wrote."""
        self.ending.set()
        if self._watch is not None:
            self._watch.join()
        for name in list(self.running):
            self.kill(name)
        if self._all_wires is not None:
            self._all_wires.close()
        if self.servers is not None:
            self.servers.forget()
        if self.disk is not None:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def embedded(folder: Path) -> Stage:
    """Return the running platform in one process, on a small disk where one may be mounted."""
    port, data = free_port(), folder / "data"
    env = {**clean_environment(), "PYTHONPATH": str(ROOT), "DATA": str(data), "PORT": str(port)}
    stage = Stage(mode=EMBEDDED, folder=folder, env=env, port=port, commands={"run": ("run",)})
    _mount(stage, data)
    try:
        stage.start("run")
        stage.wait_until_ready()
        stage.key = key_in(stage.said("run"))
        stage.watch()
    except BaseException:
        stage.end()
        raise
    return stage


def distributed(folder: Path, *, durable: bool = True) -> Stage:
    """Return the running platform in eight processes on servers of its own, every connection over a wire."""
    folder.chmod(0o711)  # PostgreSQL's own user goes through
    servers, wires = start_servers(folder / "servers", durable=durable), Wires()
    _archive(servers, folder / "archive")
    port = free_port()
    env = {**clean_environment(), "PYTHONPATH": str(ROOT), **servers.environment(), "MATRIX_PORT": str(port),
           "MATRIX_DATA": str(folder / "data"), "MATRIX_AMQP_URL": servers.amqp_url}  # fmt: skip
    env.pop("MATRIX_AMQP_URL_FILE")
    stage = Stage(mode=DISTRIBUTED, folder=folder, env=env, port=port, servers=servers, _all_wires=wires,
                  commands={**COMMANDS, "second relay": ("relay",)})  # fmt: skip
    try:
        _lay_wires(stage, servers, wires)
        if (made := stage.matrix("migrate")).returncode:
            raise Broken(made.stderr)
        stage.key = key_in(stage.matrix("key", "create", "--first").stdout)
        _small_tablespace(stage, servers)
        for name in COMMANDS:
            stage.start(name)
        stage.watch()
        stage.wait_until_ready()
    except BaseException:
        stage.end()
        raise
    return stage


def _lay_wires(stage: Stage, servers: Servers, wires: Wires) -> None:
    database, broker = servers.postgres.port, servers.rabbit.port
    stage.wires = {
        "database": wires.to(database),
        "broker": wires.to(broker),
        "relay's broker": wires.to(broker, stage.sent.see),
    }
    to_database = {"MATRIX_DATABASE": stage.env["MATRIX_DATABASE"].replace(f":{database}/", f":{stage.wires['database'].port}/")}  # fmt: skip  # noqa: E501
    for name in stage.commands:
        wire = stage.wires["relay's broker" if "relay" in name else "broker"]
        stage.wired = {**stage.wired, name: {**to_database, "MATRIX_AMQP_URL": wire.over(servers.amqp_url)}}


def _mount(stage: Stage, disk: Path) -> None:
    """Mount a small file system, or note why there is none."""
    disk.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(disk)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        stage.no_disk = f"no small disk may be mounted here: {done.stderr.strip()}"
    else:
        stage.disk = disk


def _small_tablespace(stage: Stage, servers: Servers) -> None:
    """Put content's log on a small disk of its own."""
    _mount(stage, stage.folder / "disk")
    if stage.disk is None:
        return
    place = stage.disk / "space"
    place.mkdir()
    give(place)
    servers.postgres.psql("matrix", "--command", f"create tablespace small location '{place}'")
    servers.postgres.psql("matrix", "--command", "alter table content.event set tablespace small")
    servers.postgres.psql("matrix", "--command", "grant create on tablespace small to matrix_owner")


def _archive(servers: Servers, folder: Path) -> None:
    """Have PostgreSQL keep every segment of its write-ahead log in a folder; it is restarted for that."""
    folder.mkdir()
    give(folder)
    for name, value in (("archive_mode", "on"), ("archive_command", f'cp "%p" "{folder}/%f"')):
        servers.postgres.psql("postgres", "--command", f"alter system set {name} = '{value}'")
    servers.postgres.stop()
    servers.postgres.start()


def give(path: Path) -> None:
    """Let PostgreSQL's own user write there."""
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")
