"""What one run does: decided once, written to a file, read by every process that makes load."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VARIABLE = "LOAD_PLAN"
HERE = "127.0.0.1"
STREAMS_PER_KEY = 5  # a key may hold six on each worker; one stays free for who is back before he is missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``starts_at`` is on the machine's monotonic clock, which all processes share, in seconds.

    ``keys`` are those of viewers, each good for a few streams. ``unit`` is the one the editors write in, each with a
    channel of ``channels``. ``crowds`` processes play viewers.
    """

    port: int
    folder: str
    shape: str
    viewers: int
    seed: int
    crowds: int
    starts_at: float
    keys: tuple[str, ...]
    editor_key: str = ""
    unit: str = ""
    channels: tuple[str, ...] = ()
    options: dict[str, float] | None = None

    def write(self, path: Path) -> None:
        """Keep the plan; only its owner may read it, for there are keys in it."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))


def read_plan(path: str | Path) -> Plan:
    """Return the plan in a file."""
    found: dict[str, Any] = json.loads(Path(path).read_text())
    return Plan(**{**found, "keys": tuple(found["keys"]), "channels": tuple(found["channels"])})
