"""The platform in one process, without a broker: services called in-process, their logs read by threads.

The log is the queue. Each consumer has a checkpoint in its own database; what a crash leaves unfinished is read
again, and the inbox lets the effect happen once.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from infra.dispatcher import Dispatcher, Subscriber
from infra.timers import RepeatedCall
from shared.bundles import MANY, answer_all
from shared.config import Settings
from shared.errors import NotFound
from shared.events import Recorded
from shared.lasting import lasting_together
from shared.log.store import Log
from shared.messaging import Doors, doors, instance
from shared.meters import counted
from shared.runtime import Runtime, open_runtime
from shared.topology import LADDER


class Platform:
    """Five services (or the classes given), their reactions and timers, in this process.

    ``runtimes`` holds each service's world by name. The databases must have been migrated.
    """

    def __init__(
        self, settings: Settings, services: Sequence[type] | None = None, ladder: Sequence[float] = LADDER
    ) -> None:
        if services is None:
            from infra.services import service_classes

            services = service_classes()
        self._doors: dict[str, Doors] = {}
        self._services: dict[str, Any] = {}
        self._threads: list[Dispatcher | RepeatedCall] = []
        self._ladder = tuple(ladder)
        self.runtimes: dict[str, Runtime] = {}
        for service in services:
            name = service.name  # type: ignore[attr-defined]
            self._doors[name] = doors(service)
            self.runtimes[name] = open_runtime(name, settings, self._doors[name].views)
            self._services[name] = instance(service, self.runtimes[name])
        self._dispatchers = {name: self._dispatcher(runtime.log) for name, runtime in self.runtimes.items()}

    def call(self, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the service's answer; request and answer pass through JSON as they would on the wire.

        Raises:
            PlatformError: what the service refused with.
            NotFound: ``rpc.no_method``, there is no such door.
        """
        if method == MANY and service in self.runtimes:
            with lasting_together(self.runtimes[service].engine):
                return answer_all(request, partial(self._call, service))
        return self._call(service, method, request)

    def _call(self, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the service's answer to one request; raises as ``call`` does."""
        if service not in self._doors or method not in self._doors[service].operations:
            raise NotFound("rpc.no_method", f"{service} has no operation {method}")
        with counted(service, method):
            answer = getattr(self._services[service], method)(json.loads(json.dumps(request)))
        result: dict[str, Any] = json.loads(json.dumps(answer))
        return result

    def on_events(self, callback: Callable[[Log], None]) -> None:
        """Have ``callback(log)`` called at the start and after appends, on that log's thread; it reads what is new.

        What the callback keeps must have its own checkpoint. When it raises it is called again after a pause.
        """
        for dispatcher in self._dispatchers.values():
            dispatcher.listeners.append(callback)

    def start(self) -> None:
        """Start reactions and timers."""
        timers = [
            RepeatedCall(seconds, getattr(self._services[name], method), f"{name}.{method}")
            for name, found in self._doors.items()
            for method, seconds in found.timers.items()
        ]
        self._threads = [*self._dispatchers.values(), *timers]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each thread finish the event it is at, then close the databases."""
        for thread in self._threads:
            thread.stop()
        for thread in self._threads:
            thread.join()
        for runtime in self.runtimes.values():
            runtime.engine.dispose()

    def _dispatcher(self, log: Log) -> Dispatcher:
        return Dispatcher(log, [s for s in self._subscribers() if s.listens_to(log.name)], self._ladder)

    def _reaction(self, service: str, method: str) -> Callable[[Recorded], None]:
        react = getattr(self._services[service], method)

        def handle(recorded: Recorded) -> None:
            with counted(service, method):
                react(recorded)

        return handle

    def _subscribers(self) -> list[Subscriber]:
        return [
            Subscriber(consumer, self.runtimes[name].engine, self._reaction(name, method))
            for name, found in self._doors.items()
            for method, consumer in found.subscriptions.items()
        ]
