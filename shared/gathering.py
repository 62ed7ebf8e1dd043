"""A connection that hands many messages to the socket as one piece."""

from collections.abc import Iterator
from contextlib import contextmanager

import pika


class GatheringConnection(pika.SelectConnection):
    """pika calls ``send`` for each frame, three times for a message: a fifth of what a message costs.

    Rests on ``_adapter_emit_data``, by which pika hands each frame on, and on ``_adapter_disconnect_stream``: tests
    notice when these are no more.
    """

    _held: list[bytes] | None = None

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Hold back what is sent in this block, and send it in one piece at its end."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            if held:
                self._adapter_emit_data(b"".join(held))

    def let_go(self) -> None:
        """End the connection and close its socket without the broker's answer, in the next turn of the loop."""
        self._adapter_disconnect_stream()

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._held is None:
            super()._adapter_emit_data(data)
        else:
            self._held.append(data)
