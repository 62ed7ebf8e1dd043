"""Gives each call of a service its runtime, opened once a process."""

import time
import warnings
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from shared import meters
from shared.messaging.names import SETTINGS
from shared.projector import Projection
from shared.runtime import Runtime, open_runtime

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    from nameko.extensions import DependencyProvider


class RuntimeProvider(DependencyProvider):
    """Opens a service's runtime when its container starts."""

    runtime: Runtime

    def __init__(self, views: Projection) -> None:
        self.views = views
        self._began: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def setup(self) -> None:
        """Open the runtime and bring the service's defaults into its log."""
        self.runtime = open_runtime(self.container.service_name, self.container.config[SETTINGS], self.views)
        instance(self.container.service_cls, self.runtime)
        meters.watch_pool(self.container.service_name, self.runtime.engine)

    def stop(self) -> None:
        """Let go of the database."""
        self.runtime.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Runtime:
        """Return the runtime."""
        return self.runtime

    def worker_setup(self, worker_ctx: Any) -> None:
        """Bind the correlation of the request or event to the log lines of its worker."""
        self._began[worker_ctx] = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(door=worker_ctx.entrypoint.method_name)
        for told in worker_ctx.args[:1]:
            correlation = told.get("correlation_id") if isinstance(told, dict) else told.correlation_id
            structlog.contextvars.bind_contextvars(correlation_id=str(correlation))

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        """Count what was done."""
        seconds = time.perf_counter() - self._began.pop(worker_ctx)
        error = exc_info[1] if exc_info else None
        meters.count(self.container.service_name, worker_ctx.entrypoint.method_name, seconds, error)


def provider_of(service: type) -> tuple[str, RuntimeProvider]:
    """Return the attribute in which a service class has its runtime, and the provider in it."""
    for name in dir(service):
        if isinstance(found := getattr(service, name), RuntimeProvider):
            return name, found
    raise TypeError(f"{service.__name__} has no runtime: write `runtime = Provide(VIEWS)`")


def instance(service: type, runtime: Runtime) -> Any:
    """Return a service object with its runtime, as it stands in a process: its defaults are in its log."""
    made = service()
    setattr(made, provider_of(service)[0], runtime)
    if ensure_defaults := getattr(made, "ensure_defaults", None):
        ensure_defaults()
    return made
