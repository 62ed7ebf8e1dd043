"""Structured logs: JSON lines with service, correlation and causation ids."""

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from structlog.typing import EventDict

from shared.errors import PlatformError

AGAIN_S = 60.0


def configure(service: str, level: int = logging.INFO) -> None:
    """Log JSON lines to standard error; every line carries the service's name and the bound context."""
    structlog.contextvars.clear_contextvars()
    for library in ("pika", "aiormq"):  # each failure in several lines; whoever meets it says it in one
        logging.getLogger(library).setLevel(logging.CRITICAL)

    def name_service(_: object, __: str, line: EventDict) -> EventDict:
        return {"service": service, **line}  # bound context would not reach other threads and greenlets

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_service,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_Patient()),  # type: ignore[arg-type]
    )


log = structlog.get_logger()


class _Patient:
    """Standard error, where a disk that is full or a terminal that is gone costs lines, never who wrote them."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class Failures:
    """Logs what fails, perhaps many times a second: what a disk or a server lacks is said once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[tuple[Any, ...], tuple[float, int]] = {}

    def note(self, event: str, error: Exception, **about: str) -> None:
        """Log an error of ours in one line, unless the same was logged in the last minute; all else with its traceback.

        ``times`` says for how many lines it stands. ``about`` takes few values: each has a line of its own.
        """
        if not isinstance(error, PlatformError):
            log.error(event, exc_info=error, **about)
            return
        what, now = (event, error.code, *about.values()), self._clock()
        since, times = self._said.get(what, (now - AGAIN_S, 0))
        if now - since < AGAIN_S:
            self._said[what] = (since, times + 1)
            return
        self._said[what] = (now, 0)
        log.warning(event, code=error.code, reason=error.detail, times=times + 1, **about)


log_failure = Failures().note
