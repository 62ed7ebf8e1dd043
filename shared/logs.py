"""Structured logs: JSON lines with service, correlation and causation ids."""

import logging
import sys

import structlog
from structlog.typing import EventDict


def configure(service: str, level: int = logging.INFO) -> None:
    """Log JSON lines to standard error; every line carries the service's name and the bound context."""
    structlog.contextvars.clear_contextvars()

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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


log = structlog.get_logger()
