"""``python -m infra.healthcheck NAME``: does the process do its work? Exit code 0 when it does."""

import http.client
import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from shared.config import load_settings
from shared.contracts import SERVICES
from shared.contracts.consumers import MATRIX
from shared.database import open_engine, reading
from shared.log.tables import relay
from shared.topology import connect

RELAY_SILENCE = timedelta(seconds=30)
TIMEOUT_S = 5.0


def check(name: str) -> str | None:
    """Return what is wrong with the service, relay, projector or gateway; None when it works.

    Raises:
        Exception: it could not be asked, which is as bad.
    """
    match name:
        case "gateway":
            return _gateway()
        case "relay":
            return _relay()
        case "projector":
            return _listener(MATRIX.name)
        case _ if name in SERVICES:
            return _listener(f"rpc-{name}")
        case _:
            return f"there is no {name!r}"


def _gateway() -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", load_settings().port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    finally:
        connection.close()
    return None if status == http.client.OK else f"/readyz answers {status}"


def _relay() -> str | None:
    """A leader beats in each log, whichever relay it is."""
    settings, silent = load_settings(), []
    for name in SERVICES:
        engine = open_engine(settings.database_url(name))
        with reading(engine) as db:
            beat = db.execute(select(relay.c.beat_at)).scalar()
        engine.dispose()
        if beat is None or datetime.now(UTC) - beat > RELAY_SILENCE:
            silent.append(name)
    return f"no relay beats for {', '.join(silent)}" if silent else None


def _listener(queue: str) -> str | None:
    connection = connect(load_settings().amqp_url)
    try:
        listening = connection.channel().queue_declare(queue, passive=True).method.consumer_count
    finally:
        connection.close()
    return None if listening else f"nobody listens on {queue}"


if __name__ == "__main__":
    wrong = check(sys.argv[1])
    sys.exit(wrong and f"{sys.argv[1]}: {wrong}")
