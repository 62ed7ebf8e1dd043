"""What was asked and what was answered, and which faults were at work meanwhile: the record that is checked."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["invoked", "ok", "fail", "info"]


@dataclass(slots=True, kw_only=True)
class Operation:
    """One wish of a client. Times are seconds since the run began.

    ``ok`` it was acknowledged, ``fail`` it was refused for good, ``info`` nobody knows: it was given up unanswered.
    ``unanswered`` counts attempts without an answer, ``put_off`` those that were told to come again.
    """

    kind: str
    key: str
    path: str
    body: dict[str, Any]
    invoked: float
    ended: float = 0.0
    took: float = 0.0  # of the attempt that was answered
    outcome: Outcome = "invoked"
    answer: dict[str, Any] = field(default_factory=dict)
    unanswered: int = 0
    put_off: int = 0
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault that was at work from ``begin`` to ``end``; ``probe`` is the kind of operation that shows recovery."""

    name: str
    probe: str
    begin: float
    end: float = 0.0
    recovered: float | None = None  # seconds from the end to the first acknowledgement of the probe's kind
    detail: str = ""


class History:
    """Operations and faults of one run, in the order they began. Safe in several threads."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.faults: list[Fault] = []
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the seconds since the run began."""
        return time.monotonic() - self._began

    def invoke(self, kind: str, key: str, path: str, body: dict[str, Any]) -> Operation:
        """Note that a client is about to ask."""
        operation = Operation(kind=kind, key=key, path=path, body=body, invoked=self.now())
        with self._lock:
            self.operations.append(operation)
        return operation

    def close(self, operation: Operation, outcome: Outcome, *, took: float = 0.0, detail: str = "") -> None:
        """Note how the operation ended; an acknowledgement ends the recovery of faults that wait for its kind."""
        operation.ended, operation.outcome, operation.took, operation.detail = self.now(), outcome, took, detail
        if outcome != "ok":
            return
        with self._lock:
            for fault in self.faults:
                began = operation.ended - took
                if fault.recovered is None and fault.probe == operation.kind and 0 < fault.end <= began:
                    fault.recovered = operation.ended - fault.end

    @contextmanager
    def fault(self, name: str, probe: str, tell: Callable[[str], None]) -> Iterator[Fault]:
        """Note a fault for as long as it is at work."""
        noted = Fault(name=name, probe=probe, begin=self.now())
        with self._lock:
            self.faults.append(noted)
        tell(f"{noted.begin:6.1f} s  {name}")
        try:
            yield noted
        finally:
            noted.end = self.now()

    def acknowledged(self, kind: str | None = None) -> list[Operation]:
        """Return the operations that were acknowledged, in the order of their acknowledgement."""
        found = [one for one in self.operations if one.outcome == "ok" and kind in (None, one.kind)]
        return sorted(found, key=lambda one: one.ended)
