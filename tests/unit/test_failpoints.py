"""Faults happen where and when they were asked for, and nowhere else."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared import failpoints
from shared.failpoints import NAMES, Faults, Injected, off

NAME, OTHER = "relay.after_fence", "relay.mid_batch_publish"


def raised(faults: Faults, passes: int, name: str = NAME) -> list[int]:
    """Return in which of so many passes (from 1) the fault was raised."""
    found = []
    for number in range(1, passes + 1):
        try:
            faults(name)
        except Injected:
            found.append(number)
    return found


@pytest.mark.skipif("FAILPOINTS" in os.environ, reason="faults were asked for")
def test_without_being_asked_nothing_fails() -> None:
    assert failpoints.failpoint is off
    for name in NAMES:
        off(name)


def test_a_fault_acts_always_or_on_one_pass_and_at_its_own_name_only() -> None:
    assert raised(Faults(f"{NAME}:raise", 1), 3) == [1, 2, 3]
    assert raised(Faults(f"{NAME}:raise@2", 1), 4) == [2]
    assert raised(Faults(f"{NAME}:raise", 1), 3, OTHER) == []


def test_several_faults_count_their_passes_apart() -> None:
    faults = Faults(f"{NAME}:raise@2; {OTHER}:raise@1;", 1)
    assert raised(faults, 1) == [] and raised(faults, 1, OTHER) == [1] and raised(faults, 1) == [1]


def test_chance_is_repeated_by_its_seed() -> None:
    text = f"{NAME}:raise@p=0.25"
    first = raised(Faults(text, 7), 400)
    assert first == raised(Faults(text, 7), 400) != raised(Faults(text, 8), 400)
    assert 60 < len(first) < 140


def test_a_sleep_lasts_as_long_as_asked() -> None:
    started = time.monotonic()
    Faults(f"{NAME}:sleep=0.05", 1)(NAME)
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize("text", ["relay.nowhere:raise", f"{NAME}:explode", NAME, f"{NAME}:raise@soon"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"FAILPOINTS|invalid literal"):
        Faults(text, 1)(NAME)


def test_kill9_ends_the_process_at_once() -> None:
    script = f"from shared.failpoints import failpoint\nfailpoint({NAME!r})\nprint('one')\nfailpoint({NAME!r})"
    env = {**os.environ, "FAILPOINTS": f"{NAME}:kill9@2", "PYTHONUNBUFFERED": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "one\n")


def test_every_name_is_a_place_in_the_code_and_every_place_has_a_name() -> None:
    places: set[str] = set()
    for folder in ("shared", "services", "gateway", "infra"):
        for path in Path(folder).rglob("*.py"):
            if "tests" not in path.parts:
                places |= set(re.findall(r'failpoint\("([a-z_.]+)"\)', path.read_text()))
    assert places == set(NAMES)
