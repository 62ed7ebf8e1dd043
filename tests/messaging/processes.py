"""Processes that the tests start and kill: ``python -m tests.messaging.processes service|relay|embedded``."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sys

    import eventlet

    if sys.argv[1] in ("service", "stock"):
        eventlet.monkey_patch()
    from nameko.events import event_handler
    from nameko.runners import ServiceRunner

import logging
import threading
from typing import Any

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
    else:
        embedded()


if __name__ == "__main__":
    main(*sys.argv[1:])
