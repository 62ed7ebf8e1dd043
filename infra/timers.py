"""Calls a method again and again on a thread, as nameko's timer does in a service process."""

import threading
from collections.abc import Callable

from shared.logs import log_failure


class RepeatedCall:
    """Calls ``method`` every ``seconds`` seconds until stopped; a failure is logged and does not end it."""

    def __init__(self, seconds: float, method: Callable[[], None], name: str) -> None:
        self._seconds, self._method, self._name = seconds, method, name
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start; the first call comes after one interval."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the call that is running."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self._method()
            except Exception as error:  # the next tick tries again
                log_failure("timer.failed", error, timer=self._name)
