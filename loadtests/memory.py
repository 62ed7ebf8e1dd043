"""How much memory a process took at most."""

import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

LOOK_S = 0.01


def high_water_mib(pid: int) -> float:
    """Return the mebibytes that a process held at its peak so far (resident); 0 when it is gone."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("VmHWM")), 0.0)


def forget_high_water(pid: int) -> None:
    """Have the peak of a process counted from now on (proc(5), ``clear_refs``)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def shared_out_mib(pids: Iterable[int]) -> float:
    """Return the mebibytes that processes hold together, what they share counted once (proportional set size)."""
    told = "\n".join(Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids)
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) / 1024


def peak_mib(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    """Run a command to its end; return the mebibytes it held at its peak (resident), and what it said.

    Looked at every 10 ms: what the system says at the end (``ru_maxrss``) counts who started it too.

    Raises:
        RuntimeError: it failed; the text is what it said.
    """
    with tempfile.TemporaryFile("w+") as output:
        process, peak = subprocess.Popen(command, env=environment, stdout=output, stderr=output), 0.0
        while process.poll() is None:
            peak = max(peak, high_water_mib(process.pid))
            time.sleep(LOOK_S)
        output.seek(0)
        said = output.read()
        if process.returncode:
            raise RuntimeError(said)
        return peak, said
