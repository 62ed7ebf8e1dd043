"""Does a process do its work? What its container's health check asks, answered by the process itself."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from shared.database import reading
from shared.log.store import Log
from shared.log.tables import relay
from shared.topology import connected

RELAY_SILENCE = timedelta(seconds=30)
Check = Callable[[], str | None]


def listening(amqp_url: str, queue: str) -> Check:
    """Return the check that somebody listens on the queue: what is wrong, or None."""

    def check() -> str | None:
        with connected(amqp_url) as connection:
            listeners = connection.channel().queue_declare(queue, passive=True).method.consumer_count
        return None if listeners else f"nobody listens on {queue}"

    return check


def relaying(logs: Mapping[str, Log]) -> Check:
    """Return the check that a leader beats in each log, whichever relay it is: what is wrong, or None."""

    def check() -> str | None:
        silent = [name for name, log in logs.items() if not _beats(log)]
        return f"no relay beats for {', '.join(silent)}" if silent else None

    return check


def _beats(log: Log) -> bool:
    with reading(log.engine) as db:
        beat = db.execute(select(relay.c.beat_at)).scalar()
    return beat is not None and datetime.now(UTC) - beat <= RELAY_SILENCE
