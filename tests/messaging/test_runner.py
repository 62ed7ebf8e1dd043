"""A service process whose container was killed by an error ends, so that its supervisor starts another."""

import subprocess

import pytest

from tests.messaging.conftest import World, wait_until

GRACE_S = 0.5  # as in ``tests.messaging.processes.failing``


def test_a_process_whose_container_was_killed_by_an_error_ends(world: World) -> None:
    process = world.start("failing")
    assert process.wait(40) == 1
    said = world.said("failing")
    assert said.index("toy.holds_on") < said.index("service.killed")


def test_as_nameko_runs_it_such_a_process_would_stay_and_answer_nothing(world: World) -> None:
    """The mutant: nobody watches, and nameko waits without end for the door that does not let go."""
    process = world.start("failing", "unwatched")
    wait_until(lambda: "toy.holds_on" in world.said("failing", "unwatched"))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(6 * GRACE_S)
    assert "service.killed" not in world.said("failing", "unwatched")
