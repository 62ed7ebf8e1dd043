"""What a process counts of its own work for Prometheus; docs/metrics.md says what each measure means."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from shared.errors import PlatformError

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CALLS = Counter("matrix_calls", "Requests, reactions and timers that ended.", ("service", "door", "outcome"))
SECONDS = Histogram("matrix_call_seconds", "Time the work behind a door took.", ("service", "door"), buckets=BUCKETS)
IN_USE = Gauge("matrix_pool_in_use", "Connections to the database in use.", ("service",))
SIZE = Gauge("matrix_pool_size", "Connections to the database there may be.", ("service",))


@contextmanager
def counted(service: str, door: str) -> Iterator[None]:
    """Count the block as one call: ``ok``, ``refused`` by a rule (or unavailable), or ``failed`` as it should not."""
    began = time.perf_counter()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        count(service, door, time.perf_counter() - began, error)


def count(service: str, door: str, seconds: float, error: BaseException | None) -> None:
    """Count one call that took ``seconds`` and ended with ``error``, or well."""
    outcome = "ok" if error is None else "refused" if isinstance(error, PlatformError) else "failed"
    CALLS.labels(service, door, outcome).inc()
    SECONDS.labels(service, door).observe(seconds)


def watch_pool(service: str, engine: Engine) -> None:
    """Show how many of the engine's connections are in use; nothing for SQLite, which has no such limit."""
    pool = engine.pool
    if isinstance(pool, QueuePool) and engine.dialect.name == "postgresql":
        IN_USE.labels(service).set_function(pool.checkedout)
        SIZE.labels(service).set(pool.size())
