"""The gateway as an ASGI application: routes, gate and errors, put together from its dependencies."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from gateway.console import add_console
from gateway.dependencies import Dependencies
from gateway.lane import PATH, Lane
from gateway.matrix import add_matrix
from gateway.measures import StreamMeasures
from gateway.middleware.cors import CrossOrigin
from gateway.middleware.front import Front
from gateway.middleware.gate import Gate
from gateway.operations import Route
from gateway.problems import add_error_handlers
from gateway.resources.batches import Batches
from gateway.resources.operations import Health, Inventory, Measures
from gateway.room import Gateway
from gateway.routes import ROUTES


class App(Gateway):
    """The gateway, and beside it the short way for questions to the matrix."""

    lane: Lane | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # type: ignore[override]
        """Answer a request, or follow a lifespan."""
        lane = self._lane_of(scope)
        if lane is None or not await lane.answers(scope, send):
            await super().__call__(scope, receive, send)

    async def serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request for which there is room."""
        lane = self._lane_of(scope)
        if lane is None:
            await super().serve(scope, receive, send)
        elif not await lane.builds(scope, send):
            await super().serve(scope, receive, lane.watching(scope, send))

    def _lane_of(self, scope: dict[str, Any]) -> Lane | None:
        return self.lane if scope.get("path") == PATH and scope.get("method") == "GET" else None


def create_app(deps: Dependencies) -> App:
    """Return the gateway.

    The matrix and the console add their own resources: ``add_matrix(app, deps)`` on the paths that ``ROUTES`` gives
    no resource, ``add_console(app, deps)`` on paths outside ``/v1``, as static files or as resources with
    ``public_page = True``. What neither the table names nor is such a page is refused.

    Raises:
        BadSetting: an allowed origin is none.
    """
    registry = CollectorRegistry()
    hub, front = deps.matrix.hub, Front(registry)
    app = App(streams=lambda: len(hub))
    app.lane = Lane(deps.access, deps.matrix.board, front)
    measures = StreamMeasures(registry, hub, app)
    app.add_middleware([Lifespan(deps, measures), front, CrossOrigin(deps.settings.cors_origins)])
    app.add_middleware(Gate(deps.access, ROUTES, deps.limits))
    app.req_options.keep_blank_qs_values = True
    app.req_options.default_media_type = ""
    add_error_handlers(app)
    made = {Inventory: Inventory(ROUTES), Health: Health(deps), Measures: Measures(registry)}
    _add(app, ROUTES, {**made, Batches: Batches(app, deps.calls)}, deps)
    add_matrix(app, deps)
    add_console(app, deps)
    deps.access.on_change(hub.check)
    return app


def _add(app: App, routes: Iterable[Route], made: dict[type, Any], deps: Dependencies) -> None:
    """Add the routes; each class has one instance, whatever the number of its paths."""
    for route in routes:
        if route.resource is None:
            continue
        if route.resource not in made:
            made[route.resource] = route.resource(deps)
        app.add_route(route.path, made[route.resource], suffix=route.suffix)


class Lifespan:
    """What begins and ends with the gateway, but for the matrix, which is told by Falcon itself."""

    def __init__(self, deps: Dependencies, measures: StreamMeasures) -> None:
        self._deps, self._measures = deps, measures
        self._watching: list[asyncio.Task[None]] = []

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Begin to look for changes of access, and to measure."""
        self._watching = [asyncio.create_task(work) for work in (self._deps.access.run(), self._measures.run())]
        self._deps.imports.start()

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Close what was opened for the gateway."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await self._deps.imports.stop()
        await self._deps.rpc.close()
        self._deps.access.close()
        self._deps.files.close()
        self._deps.engine.dispose()
