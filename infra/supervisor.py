"""Keeps processes of the platform running on one machine, as many of each kind as are wanted."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.credentials import broker_environment
from infra.servers.ports import free_port

MATRIX = str(Path(sys.executable).with_name("matrix"))
COMMANDS: dict[str, tuple[str, ...]] = {
    "content": ("serve", "content"),
    "review": ("serve", "review"),
    "media": ("serve", "media"),
    "training": ("serve", "training"),
    "metrics": ("serve", "metrics"),
    "relay": ("relay",),
    "projector": ("project",),
    "gateway": ("gateway",),
}
ONE_ONLY = frozenset({"gateway"})  # it has the port: scaled by the workers of its one process
END_PATIENCE_S = 35.0  # services finish what is in hand for up to 25 s
TICK_S = 0.5
SHORT_LIFE_S = 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0


@dataclass
class Supervisor:
    """Keeps the wanted processes running; one that ends is started again, after a pause that grows while it fails."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    monitors: dict[str, str] = field(default_factory=dict)
    woken: threading.Event = field(default_factory=threading.Event)
    ending: bool = False

    def run(self) -> None:
        """Supervise until SIGTERM; then end every process."""
        signal.signal(signal.SIGTERM, self._on_end)
        signal.signal(signal.SIGINT, self._on_end)
        signal.signal(signal.SIGHUP, lambda *_: self.woken.set())
        signal.signal(signal.SIGCHLD, lambda *_: self.woken.set())
        while not self.ending:
            self.adjust(self._wanted())
            self.woken.wait(TICK_S)
            self.woken.clear()
        self._end(list(self.running))

    def adjust(self, wanted: set[str]) -> None:
        """Note what ended, end what is not wanted any more, start what is missing and due."""
        now = time.monotonic()
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                del self.running[name]
                self._ended(name, process.returncode, now)
        self._end([name for name in self.running if name not in wanted])  # first: a gateway leaves the port to the next
        for name in sorted(wanted - self.running.keys()):
            if now >= self.due.get(name, 0.0):
                self._start(name, now)

    def _wanted(self) -> set[str]:
        scale: dict[str, int] = json.loads((self.folder / "scale.json").read_text())
        return {
            f"{kind}-{number}"
            for kind, count in scale.items()
            for number in range(max(1, count) if kind in ONE_ONLY else 1, count + 1)
        }

    def _start(self, name: str, now: float) -> None:
        kind, _, number = name.rpartition("-")
        env = broker_environment(kind, os.environ)
        if kind not in ONE_ONLY:
            self.monitors[name] = env["MATRIX_MONITOR"] = f"127.0.0.1:{free_port()}"
        with (self.folder / "log" / f"{name}.log").open("ab") as log:
            workers = ("--workers", number) if kind in ONE_ONLY else ()
            command = [MATRIX, *COMMANDS[kind], *workers]
            self.running[name] = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.started[name] = now
        self._tell_prometheus()

    def _tell_prometheus(self) -> None:
        """Write where each process gives its measures, in the form of Prometheus' ``file_sd_configs``."""
        fresh = self.folder / ".monitors.json.new"
        told = [{"targets": [self.monitors[n]], "labels": {"process": n}} for n in self.running if n in self.monitors]
        fresh.write_text(json.dumps(told, indent=1))
        fresh.replace(self.folder / "monitors.json")

    def _ended(self, name: str, code: int, now: float) -> None:
        short = now - self.started[name] < SHORT_LIFE_S
        pause = min(LONGEST_PAUSE_S, 2 * self.pauses.get(name, FIRST_PAUSE_S / 2)) if short else FIRST_PAUSE_S
        self.pauses[name], self.due[name] = pause, now + pause
        print(f"{time.strftime('%FT%TZ', time.gmtime())} {name} ended with {code}, again in {pause:g} s", flush=True)

    def _end(self, names: Sequence[str]) -> None:
        ending = [self.running.pop(name) for name in names]
        for process in ending:
            process.terminate()
        until = time.monotonic() + END_PATIENCE_S
        for process in ending:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _on_end(self, *_: object) -> None:
        self.ending = True
        self.woken.set()
