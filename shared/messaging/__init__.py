"""The doors of a service: ``rpc``, ``subscribe``, ``every`` and ``Provide``. The only shared package that knows nameko.

A door is an ordinary method: hosts without a broker read the doors of a class with ``doors`` and call them.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from shared.contracts.consumers import Consumer
from shared.errors import PlatformError
from shared.events import Event
from shared.messaging.reactions import Subscribe
from shared.messaging.requests import Rpc
from shared.messaging.runtimes import RuntimeProvider, instance, provider_of
from shared.projector import Projection
from shared.runtime import Runtime

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, register_entrypoint
    from nameko.timer import Timer

__all__ = ["Doors", "Provide", "doors", "every", "instance", "rpc", "subscribe"]
Method = TypeVar("Method", bound=Callable[..., Any])


class Every(Timer):
    """A timer door."""

    def __init__(self, interval: float) -> None:
        super().__init__(interval, expected_exceptions=PlatformError)


def rpc(method: Method) -> Method:
    """Make the method answer requests: one dict in, one JSON-ready dict out; a ``PlatformError`` crosses as itself."""
    register_entrypoint(method, Rpc())
    return method


def subscribe(name: str, *event_types: type[Event]) -> Callable[[Method], Method]:
    """Make the method take these events as consumer ``name`` (written down, as it names the queue)."""

    def door(method: Method) -> Method:
        register_entrypoint(method, Subscribe(name, *event_types))
        return method

    return door


def every(seconds: float) -> Callable[[Method], Method]:
    """Make the method run every so many seconds, never twice at once in a process."""

    def door(method: Method) -> Method:
        register_entrypoint(method, Every(seconds))
        return method

    return door


def Provide(views: Projection) -> Runtime:
    """Return what gives each call the service's runtime, opened once a process."""
    return cast(Runtime, RuntimeProvider(views))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The doors of a service class, by method name."""

    views: Projection
    operations: frozenset[str]
    subscriptions: dict[str, Consumer]
    timers: dict[str, float]


def doors(service: type) -> Doors:
    """Return the doors of a service class."""
    methods = {name: getattr(getattr(service, name), ENTRYPOINT_EXTENSIONS_ATTR, ()) for name in dir(service)}
    found = [(name, door) for name, entrypoints in methods.items() for door in entrypoints]
    return Doors(
        views=provider_of(service)[1].views,
        operations=frozenset(name for name, door in found if isinstance(door, Rpc)),
        subscriptions={name: door.consumer for name, door in found if isinstance(door, Subscribe)},
        timers={name: door.interval for name, door in found if isinstance(door, Every)},
    )
