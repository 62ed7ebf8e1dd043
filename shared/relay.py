"""Publishes a log to the bus: in order, each event until the broker confirmed every copy of it.

A page of committed events is sent with up to ``WINDOW`` copies unconfirmed; the checkpoint follows the oldest of
these. Whatever goes wrong (a nack, no queue, a lost connection, an exchange deleted) ends the session: the next one,
after a pause, declares the bus anew and starts from the checkpoint. Events may be published twice so, and are never
left out.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import pika

from shared import topology
from shared.contracts.consumers import Consumer
from shared.database import translated
from shared.envelope import CONTENT_TYPE, Envelope
from shared.errors import PlatformError, Unavailable
from shared.events import Stored
from shared.failpoints import Injected, failpoint
from shared.gathering import GatheringConnection
from shared.leader import Fenced, Leadership
from shared.log.postgres import QUIET_S, PostgresLog
from shared.logs import log as logger
from shared.logs import log_failure
from shared.properties import TextProperties

WINDOW = 1000
SLICE = 100  # sent in one turn of the loop; only between turns does anything leave for the broker
PAGE = 1000
TICK_S = 0.5
LOOK_S = QUIET_S
AWAKE_S = 10 * QUIET_S  # so long after the last event the log is looked at often: its writer may give no hint meanwhile
STANDBY_S = 1.0
CHECKPOINT_S = 0.2
BEAT_S = 2.0
CONFIRM_PATIENCE_S = 30.0
DRAIN_S = 5.0
CLOSE_S = 2.0
MAX_BACKOFF_S = 2.0  # how much longer than broker or database it may be away: nothing is published meanwhile


class Relay:
    """Publishes one log for as long as ``run`` runs; several may run, one leads."""

    def __init__(
        self,
        log: PostgresLog,
        amqp_url: str,
        envelope: Envelope,
        consumers: Sequence[Consumer],
        ladder: Sequence[float] = topology.LADDER,
    ) -> None:
        self.log, self.amqp_url, self.envelope = log, amqp_url, envelope
        self.consumers, self.ladder = tuple(consumers), tuple(ladder)
        self.state = "standby"
        self.receivers = lru_cache(maxsize=None)(self._receivers)

    def run(self, stop: threading.Event) -> None:
        """Publish until ``stop`` is set; what was sent by then is confirmed or will be sent again."""
        failures = 0
        while not stop.is_set():
            try:
                with translated(), Leadership(self.log.engine, self.log.name) as lead:
                    while not lead.take():
                        if stop.wait(STANDBY_S):
                            return
                    logger.info("relay.leads", log=self.log.name, epoch=lead.epoch, position=lead.position)
                    while not stop.is_set():
                        failures = self._session(lead, stop, failures)
            except Fenced as error:
                logger.warning("relay.fenced", log=self.log.name, reason=str(error))
            except Exception as error:  # a relay that gives up loses nothing and helps nobody: try again
                log_failure("relay.failed", error, log=self.log.name)
                failures += 1
                self._pause(failures, stop)
            finally:
                self.state = "standby"

    def _session(self, lead: Leadership, stop: threading.Event, failures: int) -> int:
        """Run one connection to its end; return the failures in a row, after the pause they ask for."""
        session = Session(self, lead, stop)
        before = lead.position
        try:
            topology.declare(self.amqp_url, self.consumers, self.ladder)
            session.run()
        except (pika.exceptions.AMQPError, OSError, PlatformError, Injected) as error:
            failures = 1 if lead.position > before else failures + 1
            self.state = f"failing: {error!r}"
            log_failure("relay.session_failed", topology.silent(error), log=self.log.name)
            self._pause(failures, stop, lambda: lead.move(lead.position))
            return failures
        return 0

    def _receivers(self, event_type: str) -> tuple[str, ...]:
        return tuple(consumer.name for consumer in self.consumers if consumer.takes(event_type))

    @staticmethod
    def _pause(failures: int, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        end = time.monotonic() + random.uniform(0, min(0.2 * 2**failures, MAX_BACKOFF_S))  # full jitter
        while (rest := end - time.monotonic()) > 0 and not stop.wait(min(rest, BEAT_S)):
            beat()


class Session:
    """One connection and channel, driven by pika's loop; everything happens on the relay's thread."""

    def __init__(self, relay: Relay, lead: Leadership, stop: threading.Event) -> None:
        self._relay, self._lead, self._stop = relay, lead, stop
        self._channel: Any = None
        self._error: Exception | None = None
        self._blocked = False
        self._copies: deque[tuple[Stored, str]] = deque()
        self._seal = lru_cache(maxsize=1)(self._sealed)  # the copies of an event follow each other
        self._unconfirmed: dict[int, int] = {}  # delivery tag → position, in the order sent
        self._tag = 0
        self._read_to = lead.position
        self._more = True
        self._progress_at = self._checkpoint_at = self._found_at = time.monotonic()
        self._stopping_since: float | None = None
        self._hints: int | None = None  # the leadership's socket, while we listen to it
        self._ended = False

    def run(self) -> None:
        """Publish until told to stop.

        Raises:
            Unavailable: the session failed; what is not confirmed is to be sent again.
            Fenced: another relay leads.
        """
        self._connection = GatheringConnection(
            topology.parameters(self._relay.amqp_url),
            on_open_callback=self._guard(self._on_open),
            on_open_error_callback=lambda _, error: self._fail(topology.silent(error)),
            on_close_callback=lambda _, error: self._on_closed(error),
        )
        self._loop = self._connection.ioloop
        try:
            self._loop.start()
        finally:
            self._loop.close()
        if self._error is not None:
            if isinstance(self._error, pika.exceptions.AMQPError):
                raise topology.silent(self._error) from self._error
            raise self._error

    def _guard(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Return the callback such that its failure ends the session instead of escaping into pika's loop."""

        def guarded(*arguments: Any) -> None:
            if self._error is not None:
                return
            try:
                callback(*arguments)
            except Exception as error:
                self._fail(error)

        return guarded

    def _on_open(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._guard(lambda *_: self._on_blocked(True)))
        connection.add_on_connection_unblocked_callback(self._guard(lambda *_: self._on_blocked(False)))
        connection.channel(on_open_callback=self._guard(self._on_channel))

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _, error: self._fail(error))
        channel.add_on_return_callback(self._guard(self._on_return))
        channel.confirm_delivery(self._guard(self._on_confirm), callback=self._guard(self._on_ready))

    def _on_ready(self, _: Any) -> None:
        self._relay.state = "leading"
        self._hints = self._lead.fileno()
        self._loop.add_handler(self._hints, self._guard(self._on_hint), self._loop.READ)
        self._tick()

    def _on_hint(self, *_: Any) -> None:
        self._lead.take_hints()
        self._loop.remove_timeout(self._next_tick)
        self._tick()

    def _on_blocked(self, blocked: bool) -> None:
        self._blocked, self._progress_at = blocked, time.monotonic()
        self._relay.state = "blocked by the broker" if blocked else "leading"
        logger.warning("relay.blocked" if blocked else "relay.unblocked", log=self._relay.log.name)
        self._pump()

    def _on_return(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        # The confirm of a returned message follows; after a failure it is not looked at any more.
        raise Unavailable("relay.unroutable", f"no queue {method.routing_key} for {properties.message_id}")

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        if method.NAME != "Basic.Ack":
            raise Unavailable("relay.refused", "the broker refused a message")
        if method.multiple:
            while self._unconfirmed and next(iter(self._unconfirmed)) <= method.delivery_tag:
                del self._unconfirmed[next(iter(self._unconfirmed))]
        else:
            self._unconfirmed.pop(method.delivery_tag, None)
        self._progress_at = time.monotonic()
        if not self._unconfirmed or self._progress_at - self._checkpoint_at > CHECKPOINT_S:
            failpoint("relay.after_confirm_before_checkpoint")
            self._checkpoint()
        self._pump()

    def _tick(self) -> None:
        now = time.monotonic()
        if self._unconfirmed and not self._blocked and now - self._progress_at > CONFIRM_PATIENCE_S:
            raise Unavailable("relay.no_confirms", f"{len(self._unconfirmed)} messages wait for a confirm")
        self._checkpoint()
        if self._stop.is_set():
            self._stopping_since = self._stopping_since or now
            if not self._unconfirmed or now - self._stopping_since > DRAIN_S:
                self._close()
                return
        self._pump(look=True)
        awake = time.monotonic() - self._found_at < AWAKE_S
        self._next_tick = self._loop.call_later(LOOK_S if awake else TICK_S, self._guard(self._tick))

    def _checkpoint(self) -> None:
        """Move the checkpoint to just before the oldest event that waits to be sent or confirmed."""
        unsent = self._copies[0][0].position if self._copies else self._read_to + 1
        position = min(next(iter(self._unconfirmed.values()), unsent), unsent) - 1
        if position > self._lead.position or time.monotonic() - self._checkpoint_at > BEAT_S:
            self._lead.move(max(position, self._lead.position))
            self._more = self._lead.take_hints() or self._more  # came with the answer: the socket will not tell
            self._checkpoint_at = time.monotonic()
            failpoint("relay.after_checkpoint")

    def _pump(self, look: bool = False) -> None:
        """Send what the window has room for, reading on when it runs dry; ``look``: there may be more now."""
        self._more = self._more or look
        room = min(WINDOW - len(self._unconfirmed), SLICE)
        sent = 0
        with self._connection.gathered():
            while sent < room and not self._blocked and not self._stop.is_set():
                if not self._copies and not self._read():
                    break
                self._send(*self._copies[0])
                self._copies.popleft()
                sent += 1
        if sent:
            failpoint("relay.after_publish_before_confirm")
        if sent == SLICE:
            self._loop.add_callback(self._guard(self._pump))

    def _read(self) -> bool:
        """Read the next page, unless the log was at its end; return whether there is something to send."""
        while self._more and not self._copies:
            page = self._relay.log.stored(self._read_to, PAGE)
            failpoint("relay.after_fence")
            self._more = len(page.events) == PAGE
            self._read_to = page.checkpoint
            self._found_at = time.monotonic() if page.events else self._found_at
            for stored in page.events:
                self._copies.extend([(stored, receiver) for receiver in self._relay.receivers(stored.type)])
        return bool(self._copies)

    def _sealed(self, stored: Stored) -> tuple[bytes, TextProperties]:
        message = self._relay.envelope.seal(self._relay.log.name, stored)
        return message.body, TextProperties(CONTENT_TYPE, message.headers, message.message_id, message.type)

    def _send(self, stored: Stored, receiver: str) -> None:
        body, properties = self._seal(stored)
        if not self._unconfirmed:
            self._progress_at = time.monotonic()
        self._channel.basic_publish(topology.EVENTS, receiver, body, properties, mandatory=True)
        self._tag += 1
        self._unconfirmed[self._tag] = stored.position
        failpoint("relay.mid_batch_publish")

    def _fail(self, error: Exception) -> None:
        if self._error is None and not self._ended:
            self._error = error
            self._close()

    def _close(self) -> None:
        self._ended = True
        if self._hints is not None:
            hints, self._hints = self._hints, None
            with suppress(OSError):  # a leadership that was lost has closed it
                self._loop.remove_handler(hints)
        if self._connection.is_closed or self._connection.is_closing:
            self._loop.stop()
            return
        self._connection.close()
        self._loop.call_later(CLOSE_S, self._connection.let_go)

    def _on_closed(self, error: Exception) -> None:
        if self._error is None and not self._ended:
            self._error = error
        self._loop.stop()
