"""The consumers' connection to the broker: soon back after the broker is."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    from nameko.messaging import QueueConsumer

PAUSE_S, MAX_PAUSE_S = 0.5, 2.0


class PromptConsumer(QueueConsumer):
    """Tries to connect at least every 2 s. Left to itself, kombu adds 2 s to its pause each time, up to 30 s."""

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """Give a connection, once there is one."""
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error,
                self.connect_max_retries,
                interval_start=PAUSE_S,
                interval_step=PAUSE_S,
                interval_max=MAX_PAUSE_S,
            )
            yield connection
