"""``make up`` without Docker: every process of the platform under one supervisor, on private servers.

python -m infra.supervise start [review=3 ...] | roll | wait | matrix ... | stop | forget
(``start`` once more: another scale)
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from infra import healthcheck
from infra.servers import Servers, servers_in, start_servers
from infra.servers.packages import CannotInstall
from infra.servers.ports import is_free, wait_until
from infra.servers.postgres import ServerFailed
from infra.supervisor import COMMANDS, END_PATIENCE_S, MATRIX, Supervisor

FOLDER = Path("var/up")
ENVIRONMENT = FOLDER / "environment.json"  # the settings of what `make up` started, for `matrix` commands
MARK = "MATRIX_UP"  # in the environment of each process of ours, to know them by
MAX_SCALE = 16
READY_PATIENCE_S = 120.0


class BadScale(ValueError):
    """A scale that cannot be; the text says why."""


def read_scale(arguments: Sequence[str]) -> dict[str, int]:
    """Return how many processes of each kind (for the gateway: workers) are wanted: one, or what ``review=3`` says.

    Raises:
        BadScale: no such kind, or no such number of it.
    """
    scale = dict.fromkeys(COMMANDS, 1)
    for argument in arguments:
        name, _, number = argument.partition("=")
        if name not in COMMANDS:
            raise BadScale(f"{argument}: there is no {name!r}; there are {', '.join(COMMANDS)}")
        if not number.isdigit() or not 0 <= int(number) <= MAX_SCALE:
            raise BadScale(f"{argument}: a number from 0 to {MAX_SCALE}")
        scale[name] = int(number)
    return scale


def start(arguments: Sequence[str]) -> None:
    """Start servers and processes, or give running ones another scale; wait until the gateway is ready.

    Raises:
        BadScale: the scale cannot be.
        ServerFailed: something did not come up; its log's end is in the text.
        CannotInstall: a server is missing and cannot be installed.
    """
    scale = read_scale(arguments)
    port = _port()
    (FOLDER / "log").mkdir(parents=True, exist_ok=True)
    (FOLDER / "scale.json").write_text(json.dumps(scale))
    if supervisors := _supervisors():
        for pid in supervisors:
            _signal(pid, signal.SIGHUP)
        print("scale: " + ", ".join(f"{kind}={count}" for kind, count in scale.items()))
        return
    if _ours():  # their supervisor was killed
        stop()
    if not is_free(port):
        raise ServerFailed(f"port {port} of 127.0.0.1 is taken; choose another: make up PORT=8001")
    servers = start_servers(FOLDER)
    env = _environment(servers, port)
    ENVIRONMENT.write_text(json.dumps({name: value for name, value in env.items() if name.startswith("MATRIX_")}))
    for command in (["migrate"], ["key", "create", "--first"]):
        _run_matrix(command, env)
    with (FOLDER / "log" / "supervisor.log").open("ab") as log:
        watch = ["setsid", "--fork", sys.executable, "-m", "infra.supervise", "watch"]
        subprocess.run(watch, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
    wait_for_gateway(port)


def wait_for_gateway(port: int) -> None:
    """Return when the gateway on the port is ready, and print where it is.

    Raises:
        ServerFailed: it is not ready within two minutes.
    """
    if not wait_until(lambda: _is_ready(port), READY_PATIENCE_S):
        raise ServerFailed(f"the gateway on 127.0.0.1:{port} does not become ready\n{_last_words()}")
    print(f"the platform runs: http://127.0.0.1:{port}   end it: make down")


def run_matrix(arguments: Sequence[str]) -> None:
    """Become the ``matrix`` command, with the settings of what runs here; with the plain ones when nothing does."""
    env = _environment(servers_in(FOLDER), running_port()) if _supervisors() else dict(os.environ)
    env.pop(MARK, None)
    os.execve(MATRIX, [MATRIX, *arguments], env)


def roll() -> None:
    """Have every process started again, one after the other, the gateway last; return when all are.

    Raises:
        ServerFailed: nothing runs here, or what was ended was not started again.
    """
    if not (first := _children()):
        raise ServerFailed("nothing runs here that make up started")
    for pid in sorted(first, key=lambda one: b"gateway" in _read(one, "cmdline")):
        _signal(pid, signal.SIGTERM)
        if not wait_until(partial(_is_replaced, pid, len(first)), READY_PATIENCE_S):
            raise ServerFailed(f"a process was ended and not started again\n{_last_words()}")
    wait_for_gateway(running_port())


def _is_replaced(pid: int, count: int) -> bool:
    """Return whether the process is gone, another is in its place, and the gateway finds everything well."""
    return pid not in (now := _children()) and len(now) >= count and _is_ready(running_port())


def stop() -> None:
    """End every process of ours, and both servers; the data stay."""
    for pid in _supervisors() or _ours():  # without a supervisor nobody would tell them
        _signal(pid, signal.SIGTERM)
    wait_until(lambda: not _ours(), END_PATIENCE_S + 5)
    for pid in _ours():
        _signal(pid, signal.SIGKILL)
    ENVIRONMENT.unlink(missing_ok=True)
    servers_in(FOLDER).stop()


def running_environment() -> dict[str, str]:
    """Return the settings of the platform that ``make up`` started, or none where it is not running."""
    if not ENVIRONMENT.exists():
        return {}
    settings: dict[str, str] = json.loads(ENVIRONMENT.read_text())
    return settings


def running_port() -> int:
    """Return the port of the platform that ``make up`` started, whatever PORT says by now."""
    return int(running_environment().get("MATRIX_PORT") or _port())


def forget() -> None:
    """End everything and remove what it wrote."""
    stop()
    servers_in(FOLDER).forget()


def _port() -> int:
    return int(os.environ.get("PORT") or 8000)


def _environment(servers: Servers, port: int) -> dict[str, str]:
    return {
        **os.environ,
        **servers.environment(),
        "MATRIX_DATA": str((FOLDER / "data").resolve()),
        "MATRIX_HOST": "127.0.0.1",
        "MATRIX_PORT": str(port),
        MARK: str(FOLDER.resolve()),
    }


def _run_matrix(arguments: Sequence[str], env: Mapping[str, str]) -> None:
    done = subprocess.run([MATRIX, *arguments], env=dict(env), stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ServerFailed(f"matrix {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")


def _is_ready(port: int) -> bool:
    return healthcheck.main(f"http://127.0.0.1:{port}/readyz") is None


def _last_words() -> str:
    said = ((path.name, path.read_text(errors="replace").splitlines()) for path in sorted(FOLDER.glob("log/*.log")))
    return "\n".join(f"{name}: {lines[-1]}" for name, lines in said if lines)


def _supervisors() -> list[int]:
    return [pid for pid in _ours() if b"infra.supervise\0watch" in _read(pid, "cmdline")]


def _ours() -> list[int]:
    """Return the processes that carry our mark (all but this one)."""
    mark = f"{MARK}={FOLDER.resolve()}".encode()
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [pid for pid in pids if pid != os.getpid() and mark in _read(pid, "environ").split(b"\0")]


def _children() -> list[int]:
    """Return the processes that the supervisor keeps running."""
    parents = [str(pid).encode() for pid in _supervisors()]
    return [pid for pid in _ours() if _read(pid, "stat").rpartition(b")")[2].split()[1:2] == parents]


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def main(arguments: list[str]) -> int:
    """Do what was asked; return the exit code."""
    try:
        match arguments:
            case ["start", *scale]:
                start(scale)
            case ["matrix", *rest]:
                run_matrix(rest)
            case ["roll"]:
                roll()
            case ["wait"]:
                wait_for_gateway(_port())
            case ["stop"]:
                stop()
            case ["forget"]:
                forget()
            case ["watch"]:
                Supervisor(FOLDER).run()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (BadScale, CannotInstall, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
