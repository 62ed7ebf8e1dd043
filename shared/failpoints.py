"""Places where tests make a process fail. Off unless ``FAILPOINTS`` is set: then a name acts as told.

``FAILPOINTS="relay.after_fence:kill9@3;append.after_lock:sleep=2;consumer.after_receive:raise@p=0.25"``:
``kill9`` and ``stop`` signal the own process, ``raise`` raises, ``sleep=S`` waits S seconds; ``@N`` acts on the
N-th pass only, ``@p=X`` with probability X (seed ``FAILPOINTS_SEED``). A fault that acts says so on standard error.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import NoReturn

NAMES = (
    "append.after_lock",
    "append.after_insert_before_commit",
    "append.after_commit_before_reply",
    "relay.after_fence",
    "relay.mid_batch_publish",
    "relay.after_publish_before_confirm",
    "relay.after_confirm_before_checkpoint",
    "relay.after_checkpoint",
    "consumer.after_receive",
    "consumer.after_effect_before_commit",
    "consumer.after_commit_before_ack",
    "rebuild.mid",
    "rebuild.before_swap",
    "rebuild.after_swap",
    "upload.after_bytes_before_event",
    "upload.after_event_before_reply",
    "erase.after_key_delete_before_event",
)


class Injected(Exception):
    """The fault a failpoint was told to raise."""


def off(_: str) -> None:
    """Do nothing: no fault was asked for."""


def _die(how: int) -> None:
    os.kill(os.getpid(), how)


def _raise(name: str) -> NoReturn:
    raise Injected(name)


class Faults:
    """The faults named in one ``FAILPOINTS`` text."""

    def __init__(self, text: str, seed: int) -> None:
        self._passes: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._faults = dict(self._parse(part) for part in text.split(";") if part.strip())

    def _parse(self, part: str) -> tuple[str, Callable[[str], None]]:
        name, _, what = part.strip().partition(":")
        if name not in NAMES:
            raise ValueError(f"FAILPOINTS names {name!r}; known are {', '.join(NAMES)}")
        action, _, when = what.partition("@")
        act = self._telling(self._action(action))
        if when.startswith("p="):
            return name, lambda n: act(n) if self._random.random() < float(when[2:]) else None
        if when:
            return name, lambda n: act(n) if self._passes[n] == int(when) else None
        return name, act

    @staticmethod
    def _telling(act: Callable[[str], None]) -> Callable[[str], None]:
        """Return the fault such that it says what it does: who was killed can say nothing afterwards."""

        def telling(name: str) -> None:
            os.write(2, f"failpoint {name}\n".encode())
            act(name)

        return telling

    @staticmethod
    def _action(action: str) -> Callable[[str], None]:
        if action.startswith("sleep="):
            return lambda _: time.sleep(float(action[6:]))
        if action == "raise":
            return _raise
        if action in ("kill9", "stop"):
            return lambda _: _die(signal.SIGKILL if action == "kill9" else signal.SIGSTOP)
        raise ValueError(f"FAILPOINTS asks for {action!r}; known are kill9, stop, raise, sleep=S")

    def __call__(self, name: str) -> None:
        self._passes[name] += 1
        if fault := self._faults.get(name):
            fault(name)


_asked = os.environ.get("FAILPOINTS", "")
failpoint: Callable[[str], None] = Faults(_asked, int(os.environ.get("FAILPOINTS_SEED", "1"))) if _asked else off
