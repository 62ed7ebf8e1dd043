"""The faults: each is brought about, held for a moment, and taken away again."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.servers.ports import wait_until
from shared.contracts import SERVICES
from shared.failpoints import NAMES
from tests.chaos.stage import EMBEDDED, Stage

CLOCK = str(Path(__file__).parent / "clock")
HELD = 8  # then, of a service's appends, reactions are among those in hand, and not commands only
HIT_S = 45.0
COMMAND_TRIES = 5
Act = Callable[[Stage, random.Random], str]  # what it has to say: empty, or why nothing was done


@dataclass(frozen=True, slots=True)
class Harm:
    """A fault that may be brought about; ``lane`` says what it harms, and one lane harms one thing at a time."""

    name: str
    probe: str
    lane: str
    act: Act


PROBES = {"content": "draft", "review": "decide", "media": "upload", "metrics": "count", "gateway": "read",
          "relay": "decide", "projector": "read", "run": "draft", "training": "train"}  # fmt: skip
IN_PROCESS: dict[str, tuple[str, ...]] = {  # where a failpoint is passed in many processes
    "append.after_insert_before_commit": ("content", "review"),
    "append.after_commit_before_reply": ("content", "metrics"),
    "relay": ("relay",),
    "consumer.after_receive": ("review", "projector"),
    "consumer.after_effect_before_commit": ("projector",),
    "consumer.after_commit_before_ack": ("content", "projector"),
    "upload": ("media",),
    "import": ("gateway",),
}
SERVED = (*SERVICES, "relay", "projector", "gateway")
GATEWAY = "gateway"  # its word to a service holds for a minute: their clocks are moved while it is away
ALL_CLOCKS = "clock of every process -2 h, then +2 h"
BY_COMMAND = {
    "rebuild.mid": ("rebuild", "content"),
    "rebuild.before_swap": ("rebuild", "matrix"),
    "rebuild.after_swap": ("rebuild", "review"),
}
APPENDED, COUNTED = "append.after_insert_before_commit", "consumer.after_effect_before_commit"
ERASURE = "erase.after_key_delete_before_event"
ONLY_IN_SQLITE = "append.after_lock"  # on PostgreSQL the lock is taken inside append_events()


def expected(mode: str) -> set[str]:
    """Return the failpoints that a run in this mode has to hit."""
    if mode == EMBEDDED:
        return {name for name in NAMES if not name.startswith("relay.")}
    return set(NAMES) - {ONLY_IN_SQLITE}


def hits(stage: Stage) -> set[str]:
    """Return the failpoints that were hit so far, as the processes themselves said."""
    said = "".join(path.read_text(errors="replace") for path in stage.folder.glob("*.log"))
    return {name for name in NAMES if f"failpoint {name}\n" in said}


def kill(name: str) -> Harm:
    def act(stage: Stage, _: random.Random) -> str:
        stage.start(name)
        return ""

    return Harm(f"kill -9 {name}", PROBES[name], "processes", act)


def freeze(name: str) -> Harm:
    def act(stage: Stage, chance: random.Random) -> str:
        stage.send(name, signal.SIGSTOP)
        time.sleep(chance.uniform(1.0, 3.0))
        stage.send(name, signal.SIGCONT)
        return ""

    return Harm(f"SIGSTOP {name}", PROBES[name], "processes", act)


def failpoint(point: str, name: str) -> Harm:
    """Restart a process such that it is killed at the failpoint; once it was, restart it whole."""

    def act(stage: Stage, chance: random.Random) -> str:
        before = len(stage.said(name))
        stage.start(name, FAILPOINTS=f"{point}:kill9@{chance.randint(1, 3)}")
        hit = wait_until(lambda: f"failpoint {point}\n" in stage.said(name)[before:], HIT_S)
        stage.start(name)
        return "" if hit else "not hit"

    return Harm(f"{name} dies at {point}", PROBES[name], "processes", act)


def command_failpoint(point: str, command: tuple[str, ...]) -> Harm:
    """Run a command that is killed at the failpoint."""

    def act(stage: Stage, _: random.Random) -> str:
        for _attempt in range(COMMAND_TRIES):  # another fault may end it first
            done = stage.matrix(*command, FAILPOINTS=f"{point}:kill9@1")
            with (stage.folder / "commands.log").open("a") as log:
                log.write(done.stdout + done.stderr)
            if done.returncode == -signal.SIGKILL:
                return ""
            time.sleep(1.0)
        return f"not hit: {done.stderr[-200:].strip()}"

    return Harm(f"matrix {' '.join(command)} dies at {point}", "read", "servers", act)


def interrupted(name: str, point: str) -> Harm:
    """Hold a process up at the failpoint, and kill it while it is held: what it has in hand is half done."""

    def act(stage: Stage, _: random.Random) -> str:
        stage.start(name, FAILPOINTS=f"{point}:sleep=0.5")
        before = len(stage.said(name))
        hit = wait_until(lambda: stage.said(name)[before:].count(f"failpoint {point}\n") >= HELD, HIT_S)
        stage.start(name)
        return "" if hit else "not held"

    return Harm(f"{name} killed while held at {point}", PROBES[name], "processes", act)


def slow_commits() -> Harm:
    """Hold appends open between the drawing of their position and their commit: later ones overtake them."""

    def act(stage: Stage, chance: random.Random) -> str:
        seed = str(chance.randint(1, 99))
        stage.start("content", FAILPOINTS="append.after_insert_before_commit:sleep=0.15@p=0.5", FAILPOINTS_SEED=seed)
        time.sleep(8.0)
        stage.start("content")
        return ""

    return Harm("slow commits in content", "draft", "processes", act)


def second_relay() -> Harm:
    """Start a second relay, kill the one that leads; the second leads on."""

    def act(stage: Stage, _: random.Random) -> str:
        stage.start("second relay")
        time.sleep(2.0)
        stage.kill("relay")
        time.sleep(2.0)
        stage.start("relay")
        stage.kill("second relay")
        return ""

    return Harm("a second relay takes over", "decide", "processes", act)


def clock(name: str, hours: int) -> Harm:
    """Restart a process on a clock that is hours off, then on the right one."""

    def act(stage: Stage, _: random.Random) -> str:
        stage.start(name, CHAOS_CLOCK=str(hours * 3600), PYTHONPATH=f"{CLOCK}:{stage.env['PYTHONPATH']}")
        time.sleep(5.0)
        stage.start(name)
        return ""

    return Harm(f"clock of {name} {hours:+} h", PROBES[name], "processes", act)


def every_clock() -> Harm:
    """Set the clock of every process back by two hours, then ahead of the right time by two, then right."""

    def act(stage: Stage, _: random.Random) -> str:
        for hours in (-2, 2):
            _start_all(stage, CHAOS_CLOCK=str(hours * 3600), PYTHONPATH=f"{CLOCK}:{stage.env['PYTHONPATH']}")
            if not wait_until(stage.is_ready, HIT_S):
                return f"not ready with a clock of {hours:+} h"
            time.sleep(4.0)
        _start_all(stage)
        return ""

    return Harm(ALL_CLOCKS, "draft", "processes", act)


def _start_all(stage: Stage, **env: str) -> None:
    """Start every process once more; nobody asks anything between the first and the last."""
    stage.kill(GATEWAY)
    for name in (*(one for one in SERVED if one != GATEWAY), GATEWAY):
        stage.start(name, **env)


def cut(wire: str) -> Harm:
    def act(stage: Stage, chance: random.Random) -> str:
        for _ in range(3):
            stage.wires[wire].cut()
            time.sleep(chance.uniform(0.1, 0.6))
        return ""

    return Harm(f"{wire}: connections reset", "draft", "network", act)


def delay(wire: str) -> Harm:
    def act(stage: Stage, chance: random.Random) -> str:
        stage.wires[wire].delay = chance.uniform(0.02, 0.1)
        time.sleep(3.0)
        stage.wires[wire].delay = 0.0
        return ""

    return Harm(f"{wire}: slow", "draft", "network", act)


def stand(wire: str) -> Harm:
    def act(stage: Stage, chance: random.Random) -> str:
        stage.wires[wire].stands = True
        time.sleep(chance.uniform(1.5, 3.0))
        stage.wires[wire].stands = False
        return ""

    return Harm(f"{wire}: nothing passes", "decide", "network", act)


def broker(at_once: bool) -> Harm:
    def act(stage: Stage, _: random.Random) -> str:
        assert stage.servers is not None
        stage.servers.rabbit.stop(at_once=at_once)
        stage.servers.rabbit.start()
        return ""

    return Harm("kill -9 RabbitMQ" if at_once else "RabbitMQ restarted", "decide", "servers", act)


def database(at_once: bool) -> Harm:
    def act(stage: Stage, _: random.Random) -> str:
        assert stage.servers is not None
        stage.servers.postgres.stop(at_once=at_once)
        stage.servers.postgres.start()
        return ""

    return Harm("PostgreSQL stopped at once" if at_once else "PostgreSQL restarted", "draft", "servers", act)


def sessions_ended() -> Harm:
    def act(stage: Stage, _: random.Random) -> str:
        assert stage.servers is not None
        every = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'matrix'"
        for _round in range(10):
            stage.servers.postgres.psql("matrix", "--command", every)
            time.sleep(0.2)
        return ""

    return Harm("pg_terminate_backend every 200 ms", "draft", "servers", act)


def disk_full() -> Harm:
    def act(stage: Stage, _: random.Random) -> str:
        if stage.disk is None:
            return stage.no_disk
        filler = stage.disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError:
                pass
        time.sleep(3.0)
        filler.unlink()
        return ""

    return Harm("disk full", "draft", "servers", act)


def deck(mode: str) -> list[Harm]:
    """Return every fault there is in a mode, once."""
    return [*(_embedded() if mode == EMBEDDED else _distributed()), disk_full(),
            *(command_failpoint(point, command) for point, command in BY_COMMAND.items())]  # fmt: skip


def _embedded() -> list[Harm]:
    points = [name for name in NAMES if not name.startswith(("relay.", "rebuild.", "erase."))]
    inside = [*(failpoint(point, "run") for point in points), interrupted("run", COUNTED)]
    return [*inside, kill("run"), freeze("run"), clock("run", -2), clock("run", 2)]


def _distributed() -> list[Harm]:
    passed = {point: IN_PROCESS.get(point, IN_PROCESS.get(point.partition(".")[0], ())) for point in NAMES}
    inside = [failpoint(point, name) for point, names in passed.items() for name in names]
    inside += [slow_commits(), interrupted("review", APPENDED), interrupted("projector", COUNTED)]
    outside = [*map(kill, SERVED), *map(freeze, SERVED), second_relay()]
    outside += [clock("relay", -2), clock("projector", 2), every_clock()]
    network = [act(wire) for act in (cut, delay, stand) for wire in ("database", "broker", "relay's broker")]
    servers = [broker(True), broker(False), database(True), database(False), sessions_ended()]
    return [*inside, *outside, *network, *servers]
