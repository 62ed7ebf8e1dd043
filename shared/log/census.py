"""Where a log and what reads it stand, looked up when Prometheus asks."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import ProgrammingError

from shared.database import asking
from shared.errors import Unavailable
from shared.log.postgres import lock_number
from shared.log.store import Log
from shared.log.tables import dead_letter, relay

_OLDEST = text(
    "select coalesce(max(extract(epoch from clock_timestamp() - a.xact_start)), 0) from pg_locks l"
    " join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.granted"
    " and l.classid = 0 and l.objid = :lock and l.objsubid = 1 and a.datname = current_database()"
)
_WAITING = select(
    func.count(dead_letter.c.due_at).label("waiting"),
    (func.count() - func.count(dead_letter.c.due_at)).label("given_up"),
    func.min(dead_letter.c.first_at).filter(dead_letter.c.due_at.is_not(None)).label("since"),
)
MEASURES = {
    "matrix_log_up": "1 when the log's database answers.",
    "matrix_log_head": "Position of the log's last event.",
    "matrix_log_oldest_append_seconds": "Age of the oldest append that is still open: readers wait for it.",
    "matrix_relay_position": "Position up to which the broker confirmed the log.",
    "matrix_relay_silence_seconds": "Time since the log's relay last said that it lives.",
    "matrix_messages_waiting": "Messages of this service's consumers that are to be tried again.",
    "matrix_messages_waiting_seconds": "Age of the oldest of them.",
    "matrix_messages_given_up": "Messages given up (embedded; distributed they lie in the dead-letter queues).",
}


class Census(Collector):
    """Reads each log's database at every scrape; a database that does not answer is ``matrix_log_up 0``."""

    def __init__(self, logs: Mapping[str, Log]) -> None:
        self._logs = logs

    def collect(self) -> Iterator[Metric]:
        """Yield every measure with a value for each log."""
        families = {name: GaugeMetricFamily(name, said, labels=["log"]) for name, said in MEASURES.items()}
        for name, log in self._logs.items():
            for measure, value in _stand(log).items():
                families[measure].add_metric([name], value)
        yield from families.values()


def _stand(log: Log) -> dict[str, float]:
    try:
        head = log.head()
        with asking(log.engine) as db:
            relayed = db.execute(select(relay.c.position, relay.c.beat_at)).one_or_none()
            oldest = _oldest(db, log.name)
            letters = db.execute(_WAITING).one()
    except (Unavailable, ProgrammingError):  # its tables may not be there yet
        return {"matrix_log_up": 0}
    now = datetime.now(UTC)
    return {
        "matrix_log_up": 1,
        "matrix_log_head": head,
        "matrix_log_oldest_append_seconds": oldest,
        "matrix_messages_waiting": letters.waiting,
        "matrix_messages_waiting_seconds": (now - letters.since).total_seconds() if letters.since else 0,
        "matrix_messages_given_up": letters.given_up,
    } | _relay(relayed, now)


def _oldest(db: Connection, name: str) -> float:
    """Return the age in seconds of the oldest open append; SQLite has one writer, whom nobody waits behind."""
    if db.dialect.name != "postgresql":
        return 0
    return float(db.execute(_OLDEST, {"lock": lock_number(name)}).scalar_one())


def _relay(row: Any, now: datetime) -> dict[str, float]:
    if row is None:
        return {}
    return {
        "matrix_relay_position": row.position,
        "matrix_relay_silence_seconds": (now - row.beat_at).total_seconds(),
    }
