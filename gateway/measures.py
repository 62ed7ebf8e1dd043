"""What Prometheus is told: of this worker where it is alone, of all workers where they share a folder."""

import asyncio
import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.matrix.stream import Hub
from gateway.room import Gateway

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set by `matrix gateway` where there are several workers
EVERY_S = 1.0


class StreamMeasures:
    """Open streams, those dropped, requests turned away, and how late this worker's event loop is."""

    def __init__(self, registry: CollectorRegistry, hub: Hub, app: Gateway) -> None:
        self._hub, self._app = hub, app
        self._open = Gauge("gateway_streams", "Streams open.", multiprocess_mode="livesum", registry=registry)
        self._room = Gauge("gateway_streams_room", "Streams taken at most.", multiprocess_mode="livesum",
                           registry=registry)  # fmt: skip
        self._lag = Gauge("gateway_loop_lag_seconds", "How late the worker that is latest does what is due.",
                          multiprocess_mode="livemax", registry=registry)  # fmt: skip
        self._dropped = Counter("gateway_streams_dropped_total", "Streams cut as too slow.", registry=registry)
        self._refused = Counter("gateway_requests_refused_total", "Requests turned away unread.", registry=registry)
        self._told = [0, 0]

    async def run(self) -> None:
        """Measure every second until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            self.take()
            await asyncio.sleep(EVERY_S)
            self._lag.set(max(0.0, loop.time() - due))

    def take(self) -> None:
        """Note how things stand."""
        self._open.set(len(self._hub))
        self._room.set(self._hub.room)
        now = [self._hub.dropped, self._app.refused]
        for counter, after, before in zip((self._dropped, self._refused), now, self._told, strict=True):
            counter.inc(after - before)
        self._told = now


def exposition(registry: CollectorRegistry) -> bytes:
    """Return every measure in Prometheus' text format."""
    if SHARED not in os.environ:
        return bytes(generate_latest(REGISTRY) + generate_latest(registry))
    every = CollectorRegistry()
    MultiProcessCollector(every)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(every))
