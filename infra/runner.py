"""A service process: nameko's containers without its command line, and with an end that comes when it is asked for.

Start it as ``python -m infra.runner content``: eventlet must patch the standard library before anything else is loaded.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    import eventlet

if __name__ == "__main__":
    eventlet.monkey_patch()

import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from infra.health import listening
from infra.monitor import monitor
from infra.services import service_class
from infra.start import plainly, tables, wait_for
from shared import logs, topology
from shared.config import Settings, load_settings
from shared.contracts.consumers import CONSUMERS, Consumer
from shared.logs import log
from shared.topology import LADDER

GRACE_S = 25.0
KILL_GRACE_S = 5.0
HUB_PERIOD_S = 0.05
HUB_PATIENCE_S = 0.25
MAX_WORKERS = 8  # below the ten connections of the database pool: a worker never waits for another's
HEARTBEAT_S = 10


class HubWatch:
    """Counts the times in which something held up every greenlet of the process for more than 250 ms."""

    def __init__(self) -> None:
        self.blocks = 0

    def run(self) -> None:
        """Watch until killed."""
        while True:
            asked = time.monotonic()
            eventlet.sleep(HUB_PERIOD_S)
            held = time.monotonic() - asked - HUB_PERIOD_S
            if held > HUB_PATIENCE_S:
                self.blocks += 1
                log.warning("hub.blocked", held_ms=round(held * 1000), blocks=self.blocks)


def container_config(settings: Settings, consumers: Sequence[Consumer], ladder: Sequence[float]) -> dict[str, Any]:
    """Return what the containers are configured with; only JSON is read."""
    return {
        "AMQP_URI": settings.amqp_url,
        "HEARTBEAT": HEARTBEAT_S,
        "max_workers": MAX_WORKERS,
        "serializer": "json",
        "ACCEPT": ["json"],
        "TRANSPORT_OPTIONS": {"max_retries": 3, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2},
        "SETTINGS": settings,
        "CONSUMERS": tuple(consumers),
        "LADDER": tuple(ladder),
    }


def serve(
    services: Sequence[type],
    settings: Settings,
    consumers: Sequence[Consumer] = CONSUMERS,
    ladder: Sequence[float] = LADDER,
) -> None:
    """Run the services until SIGTERM or SIGINT; what is in hand is finished, for at most 25 s."""
    from nameko.runners import ServiceRunner

    wait_for(lambda: topology.ensure(settings.amqp_url, consumers, ladder))
    runner = ServiceRunner(container_config(settings, consumers, ladder))
    for service in services:
        runner.add_service(service)
    stopping = _stop_on_signals(runner)
    runner.start()
    watch = eventlet.spawn(HubWatch().run)
    eventlet.spawn(_leave_when_killed, runner)
    log.info("service.started", pid=os.getpid())
    ended = eventlet.spawn(runner.wait)
    ended.wait()
    watch.kill()
    if stopping:
        stopping[0].wait()
    log.info("service.stopped")


def _leave_when_killed(runner: Any) -> None:
    """End the process when an error killed a container: nameko may wait for ever to be rid of the rest of it."""
    while not any(getattr(container, "_being_killed", False) for container in runner.containers):
        eventlet.sleep(HUB_PATIENCE_S)
    eventlet.sleep(KILL_GRACE_S)
    log.error("service.killed", grace_s=KILL_GRACE_S)
    os._exit(1)


def _stop_on_signals(runner: Any) -> list[Any]:
    """Stop once, however often we are told; return a list that holds the stopping greenlet from then on."""
    stopping: list[Any] = []

    def stop() -> None:
        with eventlet.Timeout(GRACE_S, exception=False):
            runner.stop()
            return
        log.error("service.killed", grace_s=GRACE_S)
        os._exit(1)

    def on_signal(*_: Any) -> None:
        if not stopping:  # stopping twice at once deadlocks nameko 2.14.1
            stopping.append(eventlet.spawn(stop))

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stopping


def main(name: str) -> None:
    """Run the service called ``name`` with the settings of the environment."""
    logs.configure(name)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    with plainly():
        settings = load_settings()
    monitor(settings.monitor, listening(settings.amqp_url, f"rpc-{name}"))
    with plainly():
        wait_for(tables(name, settings.database_url(name)))
    serve([service_class(name)], settings)


if __name__ == "__main__":
    main(sys.argv[1])
