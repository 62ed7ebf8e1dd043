"""A service that says what it hears: ``python -m loadtests.echo ours|bare``, its settings pickled on standard input.

``ours`` comes in by our door and has a runtime; ``bare`` is nameko as its documentation shows it.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    import eventlet

if __name__ == "__main__":
    eventlet.monkey_patch()

import logging
import pickle
import sys
from typing import Any

from nameko.rpc import rpc as bare_rpc
from nameko.runners import ServiceRunner
from sqlalchemy import MetaData

from infra.runner import container_config, serve
from shared import logs
from shared.config import Settings
from shared.messaging import Provide, rpc
from shared.projector import Projection
from shared.topology import LADDER

VIEWS = Projection("bench", MetaData(), lambda *_: None)


class Ours:
    """Takes the place of the training service."""

    name = "training"
    runtime = Provide(VIEWS)

    @rpc
    def echo(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the request."""
        return request


class Bare:
    """The same without us."""

    name = "bare"

    @bare_rpc
    def echo(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the request."""
        return request


def main(whose: str) -> None:
    """Answer until told to stop."""
    logs.configure(whose)
    logging.basicConfig(level=logging.WARNING)
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301 — our own parent wrote it
    if whose == "ours":
        serve([Ours], settings, ())
        return
    runner = ServiceRunner(container_config(settings, (), LADDER))
    runner.add_service(Bare)
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main(sys.argv[1])
