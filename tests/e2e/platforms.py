"""A running platform: its processes, its people, and how both are reached."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from infra.credentials import broker_environment
from infra.servers.ports import wait_until
from shared.config import Settings, load_settings

READY_S, END_S, SETTLE_S, COMMAND_S = 90.0, 40.0, 60.0, 60.0
KEY = re.compile(r"mm_[a-z0-9]+_[A-Za-z0-9_-]+")
OURS = ("MATRIX_", "DATA", "PORT", "HOST", "FAILPOINTS")


def eventually(condition: Callable[[], Any], patience_s: float = SETTLE_S) -> None:
    """Return once the condition is true; fail when it is not within the patience."""
    assert wait_until(lambda: bool(condition()), patience_s), f"not within {patience_s:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a key; ``http`` speaks as they do."""

    id: str
    key: str
    http: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        """Return what was answered; anything but success fails."""
        answer = self.http.get(f"/v1/{path}", params=query)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        """Return what was answered; anything but success fails."""
        answer = self.ask("POST", path, body, key)
        assert answer.is_success, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None,
            **headers: str) -> httpx.Response:  # fmt: skip
        """Return the answer, whatever it is."""
        sent = {"Idempotency-Key": key or str(uuid4()), **headers}
        return self.http.request(method, f"/v1/{path}", json=body, headers=sent)


@dataclass(kw_only=True)
class Platform:
    """Processes with one environment. What each says goes to ``<name>.log`` in ``folder``."""

    env: dict[str, str]
    folder: Path
    url: str
    commands: Mapping[str, Sequence[str]]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings of its processes."""
        return load_settings(self.env)

    @property
    def admin(self) -> Person:
        """The administrator, who came in with the first key."""
        return self.people[0]

    def start(self, *names: str) -> None:
        """Start these processes, or all; return when the gateway is ready."""
        for name in names or self.commands:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", "infra.cli", *self.commands[name]],
                    env=broker_environment(name.split()[-1], self.env),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
        if not wait_until(self.is_ready, READY_S):
            raise AssertionError(f"not ready within {READY_S:g} s\n{self.last_words()}")

    def kill(self, name: str) -> None:
        """Kill a process and its children as a power cut would."""
        process = self.running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, *names: str) -> None:
        """Let these processes (or all) finish what is in hand, and end."""
        ending = [self.running.pop(name) for name in names or list(self.running)]
        for process in ending:
            process.terminate()
        for process in ending:
            try:
                process.wait(END_S)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def matrix(self, *arguments: str, patience_s: float = COMMAND_S) -> subprocess.CompletedProcess[str]:
        """Run a ``matrix`` command beside the platform; return what it said."""
        command = [sys.executable, "-m", "infra.cli", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=patience_s)

    def is_ready(self) -> bool:
        """Return whether the gateway says so."""
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200
        return False

    def enter(self, key: str) -> Person:
        """Return the person who has this key."""
        http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )  # fmt: skip
        person = Person(id=http.get("/v1/me").json()["id"], key=key, http=http)
        self.people.append(person)
        return person

    def person(self, role: str, *units: str, name: str | None = None) -> Person:
        """Return a new person with this role in these units, or in all."""
        made = self.admin.post("accounts", {"name": name or role, "role": role, "units": units or ["*"]})
        return self.enter(self.admin.post(f"accounts/{made['id']}/keys", {"label": "test"})["key"])

    def leave(self) -> None:
        """Close every person's connections."""
        for person in self.people:
            person.http.close()

    def last_words(self) -> str:
        """Return the ends of the logs."""
        said = ((path.name, path.read_text(errors="replace")[-2000:]) for path in sorted(self.folder.glob("*.log")))
        return "\n".join(f"== {name}\n{text}" for name, text in said)


def clean_environment() -> dict[str, str]:
    """Return the environment without anybody's settings of the platform."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def key_in(text: str) -> str:
    """Return the first key that was printed."""
    found = KEY.search(text)
    assert found, text
    return found.group()
