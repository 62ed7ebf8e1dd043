"""A blocking connection to the broker that waits for no answer without end."""

import socket
from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import AMQPConnectionError


class ImpatientConnection(pika.BlockingConnection):
    """Ends with ``TimeoutError`` when the broker owes an answer for ``patience_s`` seconds.

    pika's own waits as long as the broker's heart beats, and a broker may owe an answer for ever. One that is full
    and says so is waited for: what was sent to it counts as sent, and sending it again would only double it.

    Rests on ``_flush_output``, in which pika does all its waiting: tests notice when it does so no more.
    """

    def __init__(self, parameters: pika.URLParameters, patience_s: float) -> None:
        self._patience_s, self._full = patience_s, False
        parameters.stack_timeout = patience_s
        try:
            super().__init__(parameters)
        except AMQPConnectorStackTimeout as error:  # none of pika's documented errors
            raise TimeoutError(f"the broker took the connection and said nothing for {patience_s:g} s") from error
        except socket.gaierror as error:  # nor is this: nobody knows the broker's name, or not yet
            raise AMQPConnectionError(error) from error
        self._impl.add_on_connection_blocked_callback(lambda *_: self._says_full(True))
        self._impl.add_on_connection_unblocked_callback(lambda *_: self._says_full(False))

    def _says_full(self, full: bool) -> None:
        self._full = full

    def _flush_output(self, *waiters: Callable[[], bool]) -> None:
        loop: Any = self._impl.ioloop
        due: Any = None

        def look() -> None:
            nonlocal due
            if self._full:
                due = loop.call_later(self._patience_s, look)
            else:
                self._impl._terminate_stream(TimeoutError(f"the broker owes an answer for {self._patience_s:g} s"))

        due = loop.call_later(self._patience_s, look)
        try:
            super()._flush_output(*waiters)
        finally:
            loop.remove_timeout(due)
