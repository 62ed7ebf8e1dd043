"""Processes that the tests start and kill: ``python -m tests.messaging.processes KIND``; ``main`` has the kinds."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sys

    import eventlet

    if sys.argv[1] in ("service", "stock", "failing"):
        eventlet.monkey_patch()
    from eventlet.event import Event as Signal
    from nameko.events import event_handler
    from nameko.extensions import Entrypoint
    from nameko.runners import ServiceRunner

import logging
import threading
from typing import Any

import structlog

from infra import runner as service_runner
from infra.embedded import Platform
from infra.relays import relays, run
from infra.runner import serve
from shared import logs
from shared.config import load_settings
from tests.messaging import toys


def embedded() -> None:
    """Run the toys until told to stop, without a broker."""
    platform = Platform(load_settings(), [toys.TellingService, toys.HearingService], toys.LADDER)
    platform.start()
    sys.stdout.write("started\n")
    sys.stdout.flush()
    threading.Event().wait()


class StockService:
    """Hears with nameko's own handler."""

    name = "stock"

    @event_handler("toy", "told")
    def told(self, told: dict[str, Any]) -> None:
        raise ValueError(told["name"])


def stock() -> None:
    """Run a service with nameko's own event handler."""
    runner = ServiceRunner({"AMQP_URI": load_settings().amqp_url})
    runner.add_service(StockService)
    runner.start()
    sys.stdout.write("stock.started\n")
    sys.stdout.flush()
    runner.wait()


class Failing(Entrypoint):
    """A door whose thread fails at once, and which then never lets go: nameko waits for it without end."""

    def start(self) -> None:
        self.container.spawn_managed_thread(self._fail)

    def _fail(self) -> None:
        raise ValueError("an error that nobody foresaw")

    def kill(self) -> None:
        structlog.get_logger().error("toy.holds_on")
        Signal().wait()


class FailingService:
    """Has one such door."""

    name = "failing"

    @Failing.decorator
    def never(self) -> None:
        """Is never called."""


def failing(*watched: str) -> None:
    """Run the failing service; with ``unwatched`` as careless as nameko runs it."""
    service_runner.KILL_GRACE_S = 0.5
    if "unwatched" in watched:
        service_runner._leave_when_killed = lambda runner: None
    serve([FailingService], load_settings(), toys.consumers(), toys.LADDER)


def main(what: str, *names: str) -> None:
    """Run what is asked for."""
    logs.configure("toy")
    logging.basicConfig(level=logging.WARNING)
    classes: dict[str, Any] = {"content": toys.TellingService, "review": toys.HearingService}
    if what == "service":
        serve([classes[name] for name in names], load_settings(), toys.consumers(), toys.LADDER)
    elif what == "relay":
        run(relays(load_settings(), ["content"], toys.consumers(), toys.LADDER))
    elif what == "stock":
        stock()
    elif what == "failing":
        failing(*names)
    else:
        embedded()


if __name__ == "__main__":
    main(*sys.argv[1:])
