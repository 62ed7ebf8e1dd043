"""The relay process: one thread for each log, each leading its log or standing by."""

import signal
import threading
from collections.abc import Callable, Sequence

from shared.config import Settings
from shared.contracts import SERVICES
from shared.contracts.consumers import CONSUMERS, Consumer
from shared.database import open_engine
from shared.envelope import Envelope
from shared.events import Registry
from shared.log.postgres import PostgresLog
from shared.logs import log
from shared.relay import Relay
from shared.topology import LADDER

AS_IT_IS = Registry(())  # the relay passes on what is stored and needs to know no event type


def relays(
    settings: Settings,
    names: Sequence[str] = SERVICES,
    consumers: Sequence[Consumer] = CONSUMERS,
    ladder: Sequence[float] = LADDER,
) -> list[Relay]:
    """Return a relay for each of the named logs."""
    envelope = Envelope(settings.secrets)
    return [
        Relay(
            PostgresLog(name, open_engine(settings.database_url(name)), AS_IT_IS),
            settings.amqp_url,
            envelope,
            consumers,
            ladder,
        )
        for name in names
    ]


def run(ready: Sequence[Relay], first: Callable[[Relay, threading.Event], None] = lambda relay, stop: None) -> None:
    """Publish until SIGTERM or SIGINT; then finish what was sent.

    ``first`` is done before, on the relay's own thread: no log waits for what another lacks.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def publish(relay: Relay) -> None:
        first(relay, stop)
        relay.run(stop)

    threads = [threading.Thread(target=publish, args=(relay,), name=f"relay {relay.log.name}") for relay in ready]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.info("relay.stopped")
