"""The matrix's feed in one process: reads each service's log on that log's own thread, from its own checkpoint."""

import time
from collections.abc import Callable

from gateway.matrix.freshness import Freshness
from gateway.matrix.writer import Writer
from shared.log.store import Log

PAGE = 500


class EmbeddedFeed:
    """What the embedded platform calls (``on_events``) after appends; ``wake`` is called after each change."""

    def __init__(self, writer: Writer, freshness: Freshness, wake: Callable[[], None]) -> None:
        self._writer, self._freshness, self._wake = writer, freshness, wake
        self._positions: dict[str, int] | None = None

    def __call__(self, log: Log) -> None:
        """Bring the matrix up to the log's end.

        Raises:
            Unavailable: a database did not answer; call again.
        """
        if self._positions is None:
            self._positions = self._writer.positions()
        began = time.time()
        position = self._positions.get(log.name, 0)
        while (page := log.read(position, PAGE)).checkpoint > position:
            if self._writer.apply(page.events, {log.name: page.checkpoint}):
                self._wake()
            position = self._positions[log.name] = page.checkpoint
        self._freshness.seen(log.name, position, began)
