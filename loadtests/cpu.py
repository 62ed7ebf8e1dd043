"""Processor time of other processes: on a busy machine it says more than the clock."""

import os
from collections.abc import Iterable
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return the process and everything it started that still runs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def children() -> set[int]:
    """Return what this process started and what that started, as far as it still runs."""
    return set(family(os.getpid())[1:])


def cpu_s(pids: Iterable[int]) -> float:
    """Return the seconds of processor time the processes have used so far, user and system."""
    return sum((int(fields[11]) + int(fields[12])) * TICK_S for pid in pids if (fields := _fields(pid)))


def _fields(pid: int) -> list[str]:
    """Return ``/proc/<pid>/stat`` from the state on (proc(5)), empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
