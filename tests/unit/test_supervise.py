"""The supervisor keeps what is wanted running, and nothing else."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import supervise
from infra import supervisor as supervising
from infra.servers.ports import wait_until
from infra.supervise import BadScale, read_scale
from infra.supervisor import Supervisor

STAYS = "import time; time.sleep(60)"


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(supervising, "MATRIX", sys.executable)
    monkeypatch.setattr(
        supervising,
        "COMMANDS",
        {"review": ("-c", "input()"), "relay": ("-c", STAYS), "gateway": ("-c", STAYS)},
    )
    (tmp_path / "log").mkdir()
    made = Supervisor(tmp_path)
    yield made
    made.adjust(set())


def test_one_process_of_each_kind_is_wanted_unless_a_scale_says_more() -> None:
    scale = read_scale(["review=3"])
    assert scale.pop("review") == 3
    assert set(scale.values()) == {1}


@pytest.mark.parametrize("argument", ["reviews=3", "review=three", "review=-1", "review=17", "gateway=17", "review"])
def test_a_scale_that_cannot_be_is_refused(argument: str) -> None:
    with pytest.raises(BadScale):
        read_scale([argument])


def test_a_command_finds_what_runs_whatever_port_is_named_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant asks on 8000, or where PORT says, and waits for somebody who is not there."""
    monkeypatch.setattr(supervise, "ENVIRONMENT", tmp_path / "environment.json")
    monkeypatch.setenv("PORT", "8002")
    assert supervise.running_port() == 8002
    supervise.ENVIRONMENT.write_text(json.dumps({"MATRIX_PORT": "8001"}))
    assert supervise.running_port() == 8001


def test_scaling_up_and_down_starts_and_ends_processes(supervisor: Supervisor) -> None:
    supervisor.adjust({"relay-1"})
    first = supervisor.running["relay-1"].pid
    supervisor.adjust({"relay-1", "relay-2", "relay-3"})
    assert len(supervisor.running) == 3
    supervisor.adjust({"relay-1"})
    assert [process.pid for process in supervisor.running.values()] == [first]


def test_the_gateway_is_scaled_by_workers_of_one_process(supervisor: Supervisor) -> None:
    (supervisor.folder / "scale.json").write_text(json.dumps({"relay": 2, "gateway": 3}))
    assert supervisor._wanted() == {"relay-1", "relay-2", "gateway-3"}
    supervisor.adjust({"gateway-3"})
    assert supervisor.running["gateway-3"].args[-2:] == ["--workers", "3"]  # type: ignore[index]
    (supervisor.folder / "scale.json").write_text(json.dumps({"gateway": 0}))
    assert supervisor._wanted() == set()


def test_a_gateway_leaves_the_port_before_the_next_one_takes_it(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant starts the next one first, which finds the port taken."""
    supervisor.adjust({"gateway-1"})
    former, gone = supervisor.running["gateway-1"], []
    monkeypatch.setattr(supervisor, "_start", lambda *_: gone.append(former.returncode is not None))
    supervisor.adjust({"gateway-2"})
    assert gone == [True]


def test_a_killed_process_is_started_again(supervisor: Supervisor) -> None:
    supervisor.adjust({"relay-1"})
    first = supervisor.running["relay-1"].pid
    os.kill(first, signal.SIGKILL)

    def started_again() -> bool:
        supervisor.adjust({"relay-1"})
        return "relay-1" in supervisor.running and supervisor.running["relay-1"].pid != first

    assert wait_until(started_again, 10)


def test_a_process_that_keeps_failing_is_started_ever_more_slowly(supervisor: Supervisor) -> None:
    def failed(times: float) -> bool:
        supervisor.adjust({"review-1"})
        return supervisor.pauses.get("review-1", 0) >= times

    assert wait_until(lambda: failed(1.0), 20)  # input() fails at once: there is no standard input


def test_the_end_takes_every_process_along(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # only the main thread may
    (supervisor.folder / "scale.json").write_text(json.dumps({"relay": 2}))
    running = threading.Thread(target=supervisor.run)
    running.start()
    assert wait_until(lambda: len(supervisor.running) == 2, 10)
    processes = list(supervisor.running.values())
    supervisor._on_end()
    running.join(10)
    assert all(process.poll() is not None for process in processes)


def test_prometheus_is_told_where_each_process_gives_its_measures(supervisor: Supervisor) -> None:
    supervisor.adjust({"relay-1", "relay-2"})
    told = json.loads((supervisor.folder / "monitors.json").read_text())
    assert [entry["labels"] for entry in told] == [{"process": "relay-1"}, {"process": "relay-2"}]
    assert len({entry["targets"][0] for entry in told}) == 2
