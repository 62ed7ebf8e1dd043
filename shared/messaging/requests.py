"""The request door on nameko: answers as JSON, errors as themselves, and no message ends the container."""

import json
import sys
import time
import warnings
from functools import partial
from typing import Any

from amqp.exceptions import AMQPError
from kombu.connection import Connection
from kombu.exceptions import KombuError
from kombu.pools import producers

from shared.bundles import MANY, MAX_BYTES, answer_all
from shared.envelope import CONTENT_TYPE
from shared.errors import Invalid, NotFound, PlatformError, Unavailable
from shared.logs import log
from shared.messaging.acks import acknowledge
from shared.messaging.connections import PromptConsumer
from shared.messaging.names import DEADLINE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says on import that it is at its end of line: ADR 0001
    from eventlet.event import Event
    from nameko.constants import DEFAULT_TRANSPORT_OPTIONS
    from nameko.exceptions import ContainerBeingKilled, MethodNotFound, serialize
    from nameko.rpc import Rpc as NamekoRpc
    from nameko.rpc import RpcConsumer as NamekoRpcConsumer
    from nameko.rpc import get_rpc_exchange


class RpcConsumer(NamekoRpcConsumer):
    """Takes requests; whatever is wrong with a message, the container lives on."""

    queue_consumer = PromptConsumer()

    def setup(self) -> None:
        """Take the exchange as it is: it belongs to the bus, and a service may not declare it."""
        super().setup()
        self.queue.exchange.no_declare = True
        # Found once: nameko's way to it for each answer parses the address anew, a fifth of a short call.
        options = {**DEFAULT_TRANSPORT_OPTIONS, "confirm_publish": False}
        broker = Connection(self.container.config["AMQP_URI"], transport_options=options)  # type: ignore[no-untyped-call]
        self.producers = producers[broker]
        self.bundles: set[Any] = set()  # the greenlets that see to one each

    def handle_message(self, body: Any, message: Any) -> None:
        """Give a request to its method; what is malformed or too late is dropped with a log line."""
        fault = _fault(body, message)
        if fault:
            log.warning("rpc.dropped", reason=fault, routing_key=message.delivery_info.get("routing_key"))
            acknowledge(self.queue_consumer, message)
            return
        if message.delivery_info["routing_key"] == f"{self.container.service_name}.{MANY}":
            bundle = self.container.spawn_managed_thread(partial(self._handle_many, body["args"][0], message), MANY)
            self.bundles.add(bundle)
            bundle.link(self.bundles.discard)
            return
        try:
            provider = self.get_provider_for_method(message.delivery_info["routing_key"])
        except MethodNotFound as error:
            self.handle_result(message, None, (type(error), error, None))
            return
        provider.handle_message(body, message)

    def _handle_many(self, told: dict[str, Any], message: Any) -> None:
        """Answer a bundle. It waits outside the pool of workers, so that bundles never wait for each other's places."""
        result, exc_info = None, None
        try:
            if len(message.body) > MAX_BYTES:
                raise Invalid("rpc.bad_bundle", f"a bundle has at most {MAX_BYTES} bytes")
            result = answer_all(told, self._do)
        except Invalid:
            exc_info = sys.exc_info()
        self.handle_result(message, result, exc_info)

    def _do(self, method: str, request: dict[str, Any]) -> Any:
        """Carry out one call of a bundle in a worker of its own, by the door that would have taken it alone."""
        doors = {door.method_name: door for door in self.container.entrypoints if isinstance(door, Rpc)}
        if method not in doors:
            raise NotFound("rpc.no_method", f"{self.container.service_name} has no operation {method}")
        done = Event()

        def keep(_: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            done.send((result, exc_info))
            return result, exc_info

        try:
            self.container.spawn_worker(doors[method], [request], {}, context_data={}, handle_result=keep)
        except ContainerBeingKilled as error:
            raise Unavailable("rpc.not_reached", "the service is stopping; ask again") from error
        result, exc_info = done.wait()
        if exc_info:
            raise exc_info[1]
        return result

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        """Answer and acknowledge; an answer that cannot be sent is left out: its caller asks again, with the key."""
        payload = {"result": result, "error": serialize(exc_info[1]) if exc_info else None}
        try:
            body = json.dumps(payload)
        except (TypeError, ValueError) as error:
            log.error("rpc.answer_not_json", reason=str(error))
            body = json.dumps({"result": None, "error": serialize(error)})
        try:
            self._answer(message, body)
        except (OSError, AMQPError, KombuError):
            log.exception("rpc.answer_not_sent")
        acknowledge(self.queue_consumer, message)
        return result, exc_info

    def _answer(self, message: Any, body: str) -> None:
        with self.producers.acquire(block=True) as producer:
            producer.publish(
                body,
                exchange=get_rpc_exchange(self.container.config),
                routing_key=message.properties["reply_to"],
                correlation_id=message.properties["correlation_id"],
                content_type=CONTENT_TYPE,
                content_encoding="utf-8",
                delivery_mode=1,
                retry=True,
                retry_policy={"max_retries": 3},
            )


def _fault(body: Any, message: Any) -> str | None:
    """Return what is wrong with a request, or None. Some content types reach us undecoded: kombu trusts them."""
    if message.content_type != CONTENT_TYPE or not isinstance(body, dict):
        return "not a JSON request"
    arguments = body.get("args")
    if (
        not isinstance(arguments, list)
        or len(arguments) != 1
        or not isinstance(arguments[0], dict)
        or body.get("kwargs")
    ):
        return "not one request object"
    if not all(isinstance(message.properties.get(name), str) for name in ("reply_to", "correlation_id")):
        return "nowhere to answer to"
    deadline = message.headers.get(DEADLINE)
    if deadline is not None and not (isinstance(deadline, int) and time.time() * 1000 < deadline):
        return "past its deadline"
    return None


class Rpc(NamekoRpc):
    """A request door."""

    rpc_consumer = RpcConsumer()

    def __init__(self) -> None:
        super().__init__(expected_exceptions=PlatformError)

    def stop(self) -> None:
        """Take no more, and let bundles come to their end: they still need the door."""
        super().stop()
        for bundle in list(self.rpc_consumer.bundles):
            bundle.wait()

    def handle_message(self, body: Any, message: Any) -> None:
        """Run the method; nothing of the message's headers reaches it."""
        try:
            self.container.spawn_worker(
                self, body["args"], {}, context_data={}, handle_result=partial(self.handle_result, message)
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)
