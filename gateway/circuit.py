"""A circuit breaker: what has not answered several times in a row is not asked for a moment."""

import time

FAILURES = 5
OPEN_S = 2.0


class Circuit:
    """Closed, open for ``OPEN_S`` seconds after ``FAILURES`` failures in a row, then one trial at a time."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_until = 0.0
        self._trying = False

    def lets_through(self) -> bool:
        """Return whether a call may be made now; each call let through ends with one of the three words below."""
        if self._failures < FAILURES:
            return True
        if self._trying or time.monotonic() < self._open_until:
            return False
        self._trying = True
        return True

    def answered(self) -> None:
        """The service answered, be it with a refusal."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """The service did not answer in time."""
        self._failures, self._trying = self._failures + 1, False
        self._open_until = time.monotonic() + OPEN_S

    def abandoned(self) -> None:
        """The caller went away before there was an answer; that says nothing about the service."""
        self._trying = False
