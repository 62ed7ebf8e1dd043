"""Calls to services: over the broker in nameko's wire format, or straight into the embedded platform.

A request goes to exchange ``nameko-rpc`` under ``<service>.<method>`` as ``{"args": [request], "kwargs": {}}``; its
answer comes to our own queue, bound to the same exchange by its own name. No nameko in this process.
"""

import asyncio
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, PublishError

from gateway.circuit import Circuit
from shared.errors import BY_NAME, PlatformError, Unavailable
from shared.logs import log

EXCHANGE = "nameko-rpc"
DEADLINE_HEADER = "deadline"  # milliseconds since the epoch
DEFAULT_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
MAX_BACKOFF_S = 2.0
HEARTBEAT_S = 15
DIRECT_THREADS = 16


class Rpc(Protocol):
    """A way to the services."""

    async def call(
        self, service: str, method: str, request: dict[str, Any], timeout: float = DEFAULT_TIMEOUT_S
    ) -> dict[str, Any]:
        """Return the service's answer.

        Raises:
            PlatformError: what the service refused with, as itself.
            Unavailable: ``rpc.timeout`` after ``timeout`` seconds, ``rpc.no_service``, ``rpc.no_broker``, or
                ``rpc.circuit_open`` at once while a service does not answer. The request may still have been
                carried out: repeat it with the same key.
        """

    async def close(self) -> None:
        """Let go of connections and threads."""


class BrokerRpc:
    """``Rpc`` over RabbitMQ. Connects by itself, again after each loss, and fails what waited at that moment."""

    def __init__(self, amqp_url: str) -> None:
        self._amqp_url = amqp_url
        self._queue = f"rpc.reply-gateway-{uuid4()}"
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._circuits: dict[str, Circuit] = {}
        self._connecting: asyncio.Task[AbstractExchange] | None = None
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None
        self._closing: asyncio.Future[None] | None = None
        self._failures = 0
        self._not_before = 0.0

    async def call(
        self, service: str, method: str, request: dict[str, Any], timeout: float = DEFAULT_TIMEOUT_S
    ) -> dict[str, Any]:
        """See ``Rpc.call``."""
        circuit = self._circuits.setdefault(service, Circuit())
        if not circuit.lets_through():
            raise Unavailable("rpc.circuit_open", f"{service} has not answered; it is asked again in a moment")
        try:
            async with asyncio.timeout(timeout):
                reply = await self._ask(f"{service}.{method}", request, time.time() + timeout)
        except TimeoutError as error:
            circuit.failed()
            raise Unavailable("rpc.timeout", f"{service}.{method} took longer than {timeout:g} s") from error
        except Unavailable:
            circuit.failed()
            raise
        except BaseException:
            circuit.abandoned()
            raise
        circuit.answered()
        return result_of(service, method, reply)

    async def close(self) -> None:
        """Close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        connection, self._connection, self._exchange = self._connection, None, None
        if self._closing is not None:
            await self._closing
        if connection is not None:
            await connection.close()

    async def _ask(self, routing_key: str, request: dict[str, Any], deadline: float) -> Any:
        exchange = self._exchange or await self._connected()
        correlation_id = str(uuid4())
        answer = self._waiting[correlation_id] = asyncio.get_running_loop().create_future()
        message = aio_pika.Message(
            json.dumps({"args": [request], "kwargs": {}}).encode(),
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=correlation_id,
            reply_to=self._queue,
            headers={DEADLINE_HEADER: int(deadline * 1000)},
            expiration=max(deadline - time.time(), 0.001),  # seconds: nobody reads an answer that comes later
        )
        try:
            await exchange.publish(message, routing_key, mandatory=True)
            return await answer
        except PublishError as error:
            raise Unavailable("rpc.no_service", f"nobody takes {routing_key}") from error
        except (AMQPError, OSError, RuntimeError) as error:
            raise Unavailable("rpc.no_broker", f"the connection to the broker was lost: {error!r}") from error
        finally:
            self._waiting.pop(correlation_id, None)

    async def _connected(self) -> AbstractExchange:
        """Return the exchange; all calls of a moment share one attempt to connect."""
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
        try:
            return await asyncio.shield(self._connecting)
        except (AMQPError, OSError, RuntimeError, TimeoutError) as error:
            raise Unavailable("rpc.no_broker", f"the broker cannot be reached: {error!r}") from error

    async def _connect(self) -> AbstractExchange:
        await asyncio.sleep(max(self._not_before - time.monotonic(), 0))
        self._failures += 1
        self._not_before = time.monotonic() + random.uniform(0, min(0.1 * 2**self._failures, MAX_BACKOFF_S))
        connection = await aio_pika.connect(
            self._amqp_url, timeout=CONNECT_TIMEOUT_S, client_properties={"connection_name": "matrix gateway"},
            heartbeat=HEARTBEAT_S,
        )  # fmt: skip
        try:
            exchange = await self._open(connection)
        except BaseException:
            await connection.close()
            raise
        self._failures, self._connection, self._exchange = 0, connection, exchange
        return exchange

    async def _open(self, connection: AbstractConnection) -> AbstractExchange:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.get_exchange(EXCHANGE)
        queue = await channel.declare_queue(self._queue, exclusive=True, auto_delete=True)
        await queue.bind(exchange, self._queue)
        await queue.consume(self._on_answer, no_ack=True)
        self._watch(connection, channel)
        return exchange

    def _watch(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        def on_lost(_: Any, reason: BaseException | None) -> None:
            if self._connection is not connection:
                return
            log.warning("rpc.connection_lost", reason=repr(reason), waiting=len(self._waiting))
            self._connection = self._exchange = None
            lost = Unavailable("rpc.no_broker", "the connection to the broker was lost")
            for correlation_id in list(self._waiting):
                self._fail(correlation_id, lost)
            self._closing = asyncio.ensure_future(connection.close())

        channel.close_callbacks.add(on_lost)
        connection.close_callbacks.add(on_lost)

    async def _on_answer(self, message: AbstractIncomingMessage) -> None:
        answer = self._waiting.get(message.correlation_id or "")
        if answer is None or answer.done():
            return  # it came too late: its caller was told so
        try:
            answer.set_result(json.loads(message.body))
        except ValueError:
            answer.set_exception(Unavailable("rpc.bad_answer", "the answer is not JSON"))

    def _fail(self, correlation_id: str | None, error: Unavailable) -> None:
        answer = self._waiting.get(correlation_id or "")
        if answer is not None and not answer.done():
            answer.set_exception(error)


def result_of(service: str, method: str, reply: Any) -> dict[str, Any]:
    """Return the result in a reply. Raises: PlatformError: the error in it."""
    error = reply.get("error") if isinstance(reply, dict) else {"exc_type": "no reply"}
    if not error:
        result: dict[str, Any] = reply["result"]
        return result
    name, arguments = str(error.get("exc_type")), list(error.get("exc_args") or ())
    if name in BY_NAME and arguments:
        code, detail, fields = (*arguments, "", None)[:3]
        raise BY_NAME[name](str(code), str(detail), fields if isinstance(fields, dict) else None)
    log.error("rpc.service_failed", service=service, method=method, error=name)
    raise PlatformError("service.failed", f"{service} could not carry out {method}")


class Direct(Protocol):
    """What ``DirectRpc`` needs of the embedded platform."""

    def call(self, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the service's answer."""


class DirectRpc:
    """``Rpc`` into the embedded platform, in a pool of threads."""

    def __init__(self, platform: Direct) -> None:
        self._platform = platform
        self._threads = ThreadPoolExecutor(DIRECT_THREADS, thread_name_prefix="rpc")

    async def call(
        self, service: str, method: str, request: dict[str, Any], timeout: float = DEFAULT_TIMEOUT_S
    ) -> dict[str, Any]:
        """See ``Rpc.call``."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                return await loop.run_in_executor(self._threads, self._platform.call, service, method, request)
        except TimeoutError as error:
            raise Unavailable("rpc.timeout", f"{service}.{method} took longer than {timeout:g} s") from error
        except PlatformError:
            raise
        except Exception as error:
            log.exception("rpc.service_failed", service=service, method=method)
            raise PlatformError("service.failed", f"{service} could not carry out {method}") from error

    async def close(self) -> None:
        """Let running calls end and take no more."""
        with suppress(RuntimeError):
            self._threads.shutdown(wait=False, cancel_futures=True)
