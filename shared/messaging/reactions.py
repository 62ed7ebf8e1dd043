"""The event door on nameko: each stream in order, each message one fate, nothing decoded before it is verified."""

import warnings
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import pika
from kombu.entity import Queue
from pika.exceptions import AMQPError

from shared import topology
from shared.contracts.consumers import consumer
from shared.envelope import Envelope
from shared.errors import Invalid, PlatformError, Unavailable
from shared.events import Event, Recorded
from shared.failpoints import failpoint
from shared.inbox import DONE, Fate, fate_of, reason_of, settle, standing, wait
from shared.logs import log
from shared.messaging.acks import acknowledge
from shared.messaging.connections import PromptConsumer
from shared.messaging.names import CONSUMERS, LADDER, SETTINGS
from shared.messaging.runtimes import RuntimeProvider
from shared.topology import ATTEMPTS, FIRST_AT, LAST_AT, REASON

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    import eventlet
    from eventlet.event import Event as Signal
    from nameko.extensions import Entrypoint

PREFETCH = 20
PAUSE_S, MAX_PAUSE_S = 0.5, 2.0
DRAIN_S = 20.0


class EventConsumer(PromptConsumer):
    """Consumes raw messages on a connection of its own: nothing is decoded before its signature is verified."""

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        """See that the bus is there (a queue may have been deleted while we were away) and consume."""
        config = self.container.config
        try:
            topology.ensure(config["AMQP_URI"], config[CONSUMERS], config[LADDER])
        except (AMQPError, OSError) as error:
            raise ConnectionError(repr(error)) from error  # what kombu reconnects on
        for provider in self._providers:
            queue = Queue(provider.consumer.name, no_declare=True)  # type: ignore[no-untyped-call]
            self._consumers[provider] = consumer_cls(queues=[queue], on_message=provider.receive)
            self._consumers[provider].qos(prefetch_count=PREFETCH)
        return self._consumers.values()

    def on_decode_error(self, message: Any, error: Exception) -> None:
        """Leave what cannot even be unpacked to the broker's dead-letter exchange; kombu would drop it."""
        log.error("message.not_unpacked", reason=str(error))
        message.reject(requeue=False)


@dataclass(slots=True)
class Delivery:
    """A message in hand: what it says, or why it says nothing."""

    message: Any
    recorded: Recorded | None
    fault: Invalid | None
    attempts: int

    @property
    def body(self) -> bytes:
        """The data as it came."""
        body = self.message.body
        return body.encode() if isinstance(body, str) else bytes(body)


class Subscribe(Entrypoint):
    """An event door. Events of one stream are handled one after the other; each message gets one fate.

    Its effect is committed and the message acknowledged; or a copy waits in the retry ladder; or a copy lies in the
    dead-letter queue. A copy is confirmed before the message is acknowledged.
    """

    events = EventConsumer()

    def __init__(self, name: str, *event_types: type[Event]) -> None:
        self.consumer = consumer(name, *event_types)
        self._lanes: dict[str, deque[Delivery]] = {}
        self._stopping = False
        super().__init__(expected_exceptions=PlatformError)

    def setup(self) -> None:
        """Join the process's consumer of events."""
        config = self.container.config
        self._envelope = Envelope(config[SETTINGS].secrets)
        self._sender = topology.Sender(config["AMQP_URI"])
        self._ladder = config[LADDER]
        self.events.register_provider(self)

    def stop(self) -> None:
        """Finish what is in hand, then leave; what was only fetched goes back to the queue."""
        self._stopping = True
        with eventlet.Timeout(DRAIN_S, exception=False):
            while self._lanes:
                eventlet.sleep(0.02)
        self.events.unregister_provider(self)
        self._sender.close()

    def receive(self, message: Any) -> None:
        """Put a message into the lane of its stream; called in the queue's order."""
        failpoint("consumer.after_receive")
        if self._stopping:
            return
        delivery = self._delivery(message)
        stream = delivery.recorded.stream if delivery.recorded else ""
        lane = self._lanes.get(stream)
        if lane is not None:
            lane.append(delivery)
            return
        self._lanes[stream] = deque([delivery])
        self.container.spawn_managed_thread(partial(self._drain, stream), identifier=self.consumer.name)

    def _delivery(self, message: Any) -> Delivery:
        attempts = message.headers.get(ATTEMPTS)
        delivery = Delivery(message, None, None, attempts if isinstance(attempts, int) else 0)
        try:
            recorded = self._envelope.open(message.headers, message.content_type, delivery.body)
            if not self.consumer.takes(recorded.type):
                raise Invalid("message.misrouted", f"{self.consumer.name} takes no {recorded.type}")
            delivery.recorded = recorded
        except Invalid as error:
            delivery.fault = error
        return delivery

    def _drain(self, stream: str) -> None:
        lane = self._lanes[stream]
        try:
            while lane and not self._stopping:
                self._settle(lane[0])
                lane.popleft()
        finally:
            del self._lanes[stream]

    def _settle(self, delivery: Delivery) -> None:
        """Give the message its fate, however long broker or database take; until then it is not acknowledged."""
        pause = PAUSE_S
        while delivery.message.channel.connection and not self._stopping:  # without it, the broker delivers it anew
            try:
                if delivery.recorded is None:
                    self._bury(delivery, reason_of(cast(Invalid, delivery.fault)), delivery.attempts)
                else:
                    self._handle(delivery, delivery.recorded)
            except Unavailable as error:
                log.warning("message.held", consumer=self.consumer.name, reason=str(error))
                eventlet.sleep(pause)
                pause = min(pause * 2, MAX_PAUSE_S)
            else:
                failpoint("consumer.after_commit_before_ack")
                acknowledge(self.events, delivery.message)
                return

    def _handle(self, delivery: Delivery, recorded: Recorded) -> None:
        engine = self._engine()
        stands = standing(engine, self.consumer.name, recorded)
        if stands.behind:
            fate, attempts = (
                Fate("retry", self._ladder[0], "waits behind an earlier event"),
                delivery.attempts,
            )
        else:
            attempts = delivery.attempts + 1
            fate = fate_of(self._call(recorded), attempts, self._ladder)
        if fate.kind == "retry":
            log.warning("message.retried", consumer=self.consumer.name, attempts=attempts, reason=fate.reason)
            wait(engine, self.consumer.name, recorded, recorded.type.partition(".")[0], attempts, fate)
            self._send(delivery, topology.retry_queue(fate.delay), fate.reason, attempts)
            return
        if stands.known:
            settle(engine, self.consumer.name, recorded.event_id)
        if fate != DONE:
            self._bury(delivery, fate.reason, attempts)

    def _call(self, recorded: Recorded) -> Exception | None:
        """Run the method in a worker; return how it failed."""
        ended = Signal()

        def on_end(_: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            ended.send(exc_info[1] if exc_info else None)
            return result, exc_info

        self.container.spawn_worker(self, (recorded,), {}, context_data={}, handle_result=on_end)
        return cast(Exception | None, ended.wait())

    def _bury(self, delivery: Delivery, reason: str, attempts: int) -> None:
        log.error("message.dead", consumer=self.consumer.name, attempts=attempts, reason=reason)
        self._send(delivery, topology.DEAD, reason, attempts)

    def _send(self, delivery: Delivery, exchange: str, reason: str, attempts: int) -> None:
        message, now = delivery.message, datetime.now(UTC).isoformat()
        kept = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
        told = {ATTEMPTS: attempts, REASON: reason, FIRST_AT: kept.get(FIRST_AT, now), LAST_AT: now}
        properties = pika.BasicProperties(
            content_type=message.content_type,
            delivery_mode=2,
            headers=kept | told,
            message_id=message.properties.get("message_id"),
            type=message.properties.get("type"),
        )
        self._sender.send(exchange, self.consumer.name, delivery.body, properties)

    def _engine(self) -> Any:
        return next(p for p in self.container.dependencies if isinstance(p, RuntimeProvider)).runtime.engine
